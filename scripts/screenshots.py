"""Makes the pictures of the documents: scripts/screenshots.py [FOLDER], by default docs/images.

A server is started with runs of every kind (the one that the browser tests use), and Chromium looks
at it. Run it in `.venv` after `make e2e`; it takes about a minute.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from mas.app.service import Ask  # noqa: E402
from support.browser import Browser, Tab, open_browser  # noqa: E402
from support.page_world import PageModel, PageWorld, has_ended, page_world  # noqa: E402

DESK = (1280, 860)
PHONE = (390, 780)
SHOP = "Build a web shop with a login, tests and a container image"
HELD = ("api_tests.txt", "page_tests.txt")
"""Files whose agents wait while the picture of a run under way is taken."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One file: where to look, and how."""

    file: str
    path: str
    """`{name}` stands for the id of a run of the world."""
    size: tuple[int, int] = DESK
    dark: bool = False
    locale: str = "en-GB"
    at: str | None = None
    """Selector of what is brought to the top."""


PICTURES = (
    # First: what waits is given up after a while.
    Picture(file="run-live", path="/runs/{live}", dark=True),
    Picture(file="start", path="/"),
    Picture(file="start-phone", path="/", size=PHONE, dark=True, locale="ko-KR"),
    Picture(file="decide-ko", path="/runs/{decide_ko}", locale="ko-KR"),
    Picture(file="capacity", path="/runs/{decide_en}", dark=True, at="#capacity"),
    Picture(file="fanout", path="/runs/{fanout}"),
    Picture(file="compare", path="/runs/{fanout}/compare?a=1&b=3", dark=True),
    Picture(file="approval-phone", path="/runs/{waits}", size=PHONE),
)


async def take(browser: Browser, world: PageWorld, runs: dict[str, str], to: Path) -> None:
    """Take all pictures, one after the other."""
    for one in PICTURES:
        theme = "dark" if one.dark else "light"
        async with browser.tab(world.url, size=one.size, theme=theme, locale=one.locale) as tab:
            await tab.open(one.path.format(**runs))
            await _settled(tab, one)
            target = to / f"{one.file}.png"
            await tab.page.screenshot(path=target)
            print(f"{target.name}: {target.stat().st_size // 1024} kB")


async def _settled(tab: Tab, picture: Picture) -> None:
    await tab.page.evaluate("document.fonts.ready")
    if picture.at is not None:
        await tab.page.locator(picture.at).evaluate(
            "(it) => window.scrollTo(0, it.getBoundingClientRect().top + scrollY - 70)"
        )


def main(to: Path) -> None:
    """Build the world, look at it, and leave nothing but the pictures."""
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mas-") as folder, page_world(Path(folder)) as world:
        live = _under_way(world, world.model)
        asyncio.run(_look(world, {**world.runs, "live": live}, to))
        for gate in world.model.hold.values():
            gate.set()
        world.until(live, has_ended)


def _under_way(world: PageWorld, model: PageModel) -> str:
    """A run whose tests wait, so that the page shows it at work."""
    model.hold.update({name: threading.Event() for name in HELD})
    return world.ask(Ask(text=SHOP, team="build", approve_writes=True))


async def _look(world: PageWorld, runs: dict[str, str], to: Path) -> None:
    async with open_browser() as browser:
        async with browser.tab(world.url) as tab:
            await tab.open(f"/runs/{runs['live']}")
            await tab.page.locator(".graph a.n.run").nth(len(HELD) - 1).wait_for()
        await take(browser, world, runs, to)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images")
