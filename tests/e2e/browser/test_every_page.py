"""Every page as people meet it: barriers, widths, languages, themes, without script (U2)."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from support.browser import BROWSER_TESTS, NARROW, PHONE, WIDE, Browser, Theme
from support.page_world import DECIDE_EN, PageWorld

pytestmark = BROWSER_TESTS

HANGUL = re.compile(r"[가-힣]")
NAMES = ("decide_ko", "recommend", "build", "fanout", "waits", "budget")


def pages(world: PageWorld) -> dict[str, str]:
    """Each kind of page once."""
    return {
        "start": "/",
        "runs": "/runs",
        "runs, none found": "/runs?q=nothing-is-called-so",
        "agents": "/agents",
        "agent": "/agents/coder",
        "knowledge": "/knowledge",
        "cluster": "/cluster",
        "doctor": "/doctor",
        "audit": "/audit",
        "waiting": "/waiting",
        "not there": "/runs/20260101_000000_00000000",
        "compare": f"/runs/{world.runs['fanout']}/compare?a=1&b=3",
        **{f"run {name}": f"/runs/{world.runs[name]}" for name in NAMES},
    }


def may_fail(name: str) -> list[str]:
    """Chromium says of a page that answers 404 that it does."""
    return ["404 (Not Found)"] if name == "not there" else []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_u2_axe_finds_no_barrier_on_any_page(
    browser: Browser, world: PageWorld, size: tuple[int, int]
) -> None:
    """In both themes: of the second all that can differ is contrast, at any width the same."""
    found: dict[str, list[str]] = {}
    language, first, second = KOREAN if size == PHONE else ENGLISH
    async with browser.tab(world.url, size=size, theme=first, locale=language) as tab:
        for name, path in pages(world).items():
            tab.expected = may_fail(name)
            await tab.page.emulate_media(color_scheme=first)
            await tab.open(path)
            barriers = await tab.axe()
            if size == WIDE:
                await tab.page.emulate_media(color_scheme=second)
                barriers += await tab.axe("color-contrast")
            if barriers:
                found[name] = barriers
            await tab.clean()
            tab.faults.clear()
    assert found == {}


ENGLISH: tuple[str, Theme, Theme] = ("en-GB", "light", "dark")
KOREAN: tuple[str, Theme, Theme] = ("ko-KR", "dark", "light")


@pytest.mark.parametrize(
    ("size", "language"), [(PHONE, "ko-KR"), (NARROW, "en-GB")], ids=["390", "320"]
)
async def test_u2_no_page_has_to_be_scrolled_sideways_on_a_phone(
    browser: Browser, world: PageWorld, size: tuple[int, int], language: str
) -> None:
    found: dict[str, list[str]] = {}
    async with browser.tab(world.url, size=size, locale=language) as tab:
        for name, path in pages(world).items():
            tab.expected = may_fail("not there")
            await tab.open(path)
            if out := await tab.sideways():
                found[name] = out
            # With everything unfolded.
            await tab.page.evaluate(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            if out := await tab.sideways():
                found[f"{name}, unfolded"] = out
    assert found == {}


async def test_u2_text_twice_as_large_needs_no_sideways_scrolling(
    browser: Browser, world: PageWorld
) -> None:
    """A window of 1280 pixels at 200 % is one of 640 (WCAG 1.4.4, 1.4.10)."""
    found: dict[str, list[str]] = {}
    async with browser.tab(world.url, size=(640, 450)) as tab:
        tab.expected = may_fail("not there")
        for name, path in pages(world).items():
            await tab.open(path)
            if out := await tab.sideways():
                found[name] = out
    assert found == {}


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_u2_the_browser_chooses_the_language(
    browser: Browser, world: PageWorld, language: str
) -> None:
    locale = {"en": "en-US", "ko": "ko-KR"}[language]
    async with browser.tab(world.url, locale=locale) as tab:
        for path in ("/", "/runs", "/agents", "/knowledge", "/doctor", "/audit", "/waiting"):
            await tab.open(path)
            assert await tab.page.get_attribute("html", "lang") == language, path
            title = await tab.page.text_content("h1") or ""
            assert (HANGUL.search(title) is not None) == (language == "ko"), (path, title)


async def test_u2_the_switch_chooses_the_language_and_stays(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url) as tab:
        await tab.open("/agents")
        await tab.page.get_by_role("link", name="한국어").first.click()
        await tab.page.wait_for_selector("html[lang=ko]")
        assert tab.page.url.endswith("/agents")
        await tab.open("/runs")
        assert await tab.page.get_attribute("html", "lang") == "ko"
        await tab.page.get_by_role("link", name="English").first.click()
        await tab.page.wait_for_selector("html[lang=en]")


async def test_u2_the_theme_follows_the_system_and_the_switch(
    browser: Browser, world: PageWorld
) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    async with browser.tab(world.url, theme="light") as tab:
        await tab.open("/")
        light = await tab.page.evaluate(ground)
        async with tab.page.expect_response("**/preferences**"):
            await tab.page.select_option("#theme", "dark")
        dark = await tab.page.evaluate(ground)
        assert light != dark
        await tab.open("/runs")
        assert await tab.page.evaluate(ground) == dark, "the choice is gone on the next page"
    async with browser.tab(world.url, theme="dark") as tab:
        await tab.open("/")
        assert await tab.page.evaluate(ground) == dark


async def test_u2_every_page_can_be_read_without_script(browser: Browser, world: PageWorld) -> None:
    async with browser.tab(world.url, script=False) as tab:
        tab.expected = may_fail("not there")
        for name, path in pages(world).items():
            await tab.open(path)
            text = await tab.page.inner_text("main")
            assert len(text) > 20, name
        await tab.open(f"/runs/{world.runs['decide_en']}")
        assert await tab.page.get_by_text(DECIDE_EN).first.is_visible()
        assert await tab.page.get_by_text("Gitea").first.is_visible()


@pytest.mark.parametrize("path", ["/", "/runs", "/agents"])
async def test_u2_every_page_has_one_heading_landmarks_and_a_way_past_the_menu(
    browser: Browser, world: PageWorld, path: str
) -> None:
    async with browser.tab(world.url) as tab:
        await tab.open(path)
        assert await tab.page.locator("h1").count() == 1
        await tab.page.keyboard.press("Tab")
        focused = await tab.page.evaluate("document.activeElement.getAttribute('href')")
        assert focused == "#main"
        await tab.page.keyboard.press("Enter")
        await expect(tab.page.locator("#main")).to_be_focused()


async def test_u2_the_first_page_is_light_and_asks_nobody_else(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url) as tab:
        sizes: list[int] = []
        answer = await tab.open("/")
        sizes.append(len(await answer.body()))
        for address in dict.fromkeys(tab.requests):
            told = await tab.context.request.get(address)
            sizes.append(len(await told.body()))
        assert sum(sizes) < 100_000, sizes
        assert all(one.startswith((world.url, "data:")) for one in tab.requests)


async def test_u2_every_focus_can_be_seen_and_every_target_be_hit(
    browser: Browser, world: PageWorld
) -> None:
    """By keyboard alone, through the whole start page (WCAG 2.4.7, 2.4.11, 2.5.8)."""
    async with browser.tab(world.url) as tab:
        await tab.open("/")
        seen: list[str] = []
        for _ in range(120):
            await tab.page.keyboard.press("Tab")
            told = await tab.page.evaluate(_FOCUS)
            if told is None:
                break
            assert told["outlined"], told
            assert told["visible"], told
            seen.append(told["name"])
        assert any("Start run" in one for one in seen)
        assert len(seen) > 15


_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const label = one.closest('label') ?? one;
  const styles = [getComputedStyle(one), getComputedStyle(label)];
  const outlined = styles.some((style) =>
    (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== 'none');
  const visible = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const name = one.textContent.trim().slice(0, 60) || one.outerHTML.slice(0, 120);
  return { name, outlined, visible };
}"""
