"""Text of requests, tools, clusters, repositories and models stays text in a real browser (Q2)."""

from __future__ import annotations

import re

import pytest

from mas.app.service import Ask
from support.browser import BROWSER_TESTS, Browser, Tab
from support.hostile_runs import OPERATE
from support.page_world import PageWorld, has_ended

pytestmark = BROWSER_TESTS

RUNS = ("hostile_operate", "hostile_waits", "hostile_decide", "hostile_fanout")
_PWN = "window.ran = []; window.pwn = (number) => { window.ran.push(number); };"


async def look(tab: Tab, path: str) -> list[str]:
    """Open a page, unfold and hover all of it, and return its links."""
    await tab.open(path)
    page = tab.page
    await page.evaluate(
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    await page.evaluate(
        """() => {
        for (const one of document.querySelectorAll('main *')) {
          for (const kind of ['mouseover', 'focus', 'toggle', 'animationstart']) {
            one.dispatchEvent(new Event(kind));
          }
        }
        }"""
    )
    assert await page.evaluate("window.ran") == [], path
    odd = await page.evaluate(
        """() => [...document.querySelectorAll('a[href], form[action], [src]')]
        .map((one) => one.href ?? one.action ?? one.src)
        .filter((one) => typeof one === 'string' && !/^(https?:|data:image)/.test(one))"""
    )
    assert odd == [], path
    links: list[str] = await page.evaluate(
        "[...document.querySelectorAll('main a[href]')].map((one) => one.getAttribute('href'))"
    )
    return links


@pytest.mark.parametrize("run", RUNS)
async def test_q2_a_hostile_run_runs_nothing_in_the_page(
    browser: Browser, world: PageWorld, run: str
) -> None:
    async with browser.tab(world.url) as tab:
        await tab.context.add_init_script(_PWN)
        path = f"/runs/{world.runs[run]}"
        todo = [path]
        seen: dict[str, int] = {}
        while todo:
            place = todo.pop(0)
            kind = re.sub(r"=[^&]*|\\d+", "N", place.partition("#")[0])
            if seen.get(kind, 0) >= 2 or not place.startswith("/runs/"):
                continue
            seen[kind] = seen.get(kind, 0) + 1
            answer = await tab.context.request.get(tab.url + place, headers={"Accept": "text/html"})
            if "text/html" in answer.headers["content-type"]:
                todo += await look(tab, place)
        assert tab.faults == []


@pytest.mark.parametrize(
    "path", ["/", "/runs", "/agents/coder", "/knowledge", "/audit", "/waiting"]
)
async def test_q2_hostile_runs_run_nothing_in_any_list(
    browser: Browser, world: PageWorld, path: str
) -> None:
    async with browser.tab(world.url) as tab:
        await tab.context.add_init_script(_PWN)
        await look(tab, path)


async def test_q2_hostile_text_that_comes_in_live_runs_nothing(
    browser: Browser, world: PageWorld
) -> None:
    """What is swapped in is not parsed more kindly than what was there at first."""

    async with browser.tab(world.url) as tab:
        await tab.context.add_init_script(_PWN)
        run_id = world.ask(Ask(text=OPERATE, team="operate", approve_writes=True))
        await tab.open(f"/runs/{run_id}")
        run = world.until(run_id, has_ended)
        await tab.page.wait_for_selector(f"#ev-{run.last_event}", state="attached")
        assert await tab.page.evaluate("window.ran") == []
