"""Small windows and large letters: nothing stands out, is cut off or broken inside a word (U2)."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from mas.app.service import Ask
from mas.core.budget import Budget
from support.browser import BROWSER_TESTS, NARROW, PHONE, WIDE, Browser, needed_chromium
from support.page_world import PageWorld, has_ended

pytestmark = BROWSER_TESTS

LARGE_LETTERS_PX = 32
"""Twice what browsers come with."""

LANGUAGES = pytest.mark.parametrize("language", ["en-GB", "ko-KR"])
PHONES = pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])

_UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"

# Text outside the window that no scrolling brings in; what ends in an ellipsis says so itself.
_CUT_OFF = """() => {
  const width = document.documentElement.clientWidth;
  const isReached = (element) => {
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(style.overflowX)) {
        return true;
      }
    }
    return false;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const out = [];
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest('.vh, .skip, svg, select') || isReached(element)) {
      continue;
    }
    range.selectNodeContents(text);
    const box = range.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1)) out.push(text.data.trim());
  }
  return out;
}"""

_BROKEN_WORDS = """(places) => {
  const range = document.createRange();
  const out = [];
  for (const place of document.querySelectorAll(places)) {
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/\\S+/g)) {
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (lines.size > 1) out.push(word[0]);
      }
    }
  }
  return out;
}"""

_WIDER_THAN_ITS_PLACE = """(places) => [...document.querySelectorAll(places)]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large_letters() -> AsyncIterator[Browser]:
    """Chromium of a person who has set letters twice as large as usual."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=needed_chromium(),
            chromium_sandbox=os.geteuid() != 0,
            args=["--no-proxy-server", f"--blink-settings=defaultFontSize={LARGE_LETTERS_PX}"],
        )
        try:
            yield Browser(chromium=chromium)
        finally:
            await chromium.close()


@pytest.fixture(scope="module")
def limited(world: PageWorld) -> str:
    """A run with every limit, all of them long numbers, and a request of many words."""
    run_id = world.ask(
        Ask(
            text="Write limited.txt" + " and nothing else but that" * 12,
            role="coder",
            approve_writes=True,
            budget=Budget(
                tokens=123_456_789,
                cost_micros=12_345_670_000,
                time=timedelta(hours=27, minutes=46),
            ),
        )
    )
    world.until(run_id, has_ended)
    return run_id


def pages(world: PageWorld, limited: str) -> dict[str, str]:
    """Pages by name, each with something else that is wide."""
    return {
        "start": "/",
        "start, agents": "/?team=fanout&text=Greet",
        "runs": "/runs",
        "agents": "/agents",
        "agent": "/agents/coder",
        "audit": "/audit",
        "doctor": "/doctor",
        "cluster": "/cluster",
        "not there": "/runs/20260101_000000_00000000",
        "compare": f"/runs/{world.runs['fanout']}/compare?a=1&b=3",
        "limited": f"/runs/{limited}",
        **{
            name: f"/runs/{world.runs[name]}"
            for name in ("decide_en", "recommend", "fanout", "waits")
        },
    }


@LANGUAGES
@PHONES
async def test_u2_letters_twice_as_large_on_a_phone_need_no_sideways_scrolling(
    large_letters: Browser,
    world: PageWorld,
    limited: str,
    size: tuple[int, int],
    language: str,
) -> None:
    found: dict[str, list[str]] = {}
    async with large_letters.tab(world.url, size=size, locale=language) as tab:
        tab.expected = ["404 (Not Found)"]
        for name, path in pages(world, limited).items():
            await tab.open(path)
            letters = await tab.page.evaluate("getComputedStyle(document.documentElement).fontSize")
            assert letters == f"{LARGE_LETTERS_PX}px"
            for folding in ("folded", "unfolded"):
                if folding == "unfolded":
                    await tab.page.evaluate(_UNFOLD)
                out = await tab.sideways() + await tab.page.evaluate(_CUT_OFF)
                if out:
                    found[f"{name}, {folding}"] = out
    assert found == {}


@LANGUAGES
@pytest.mark.parametrize("size", [NARROW, PHONE, WIDE, (1920, 1080)], ids=lambda size: size[0])
async def test_u2_what_a_run_may_use_stays_within_its_column(
    browser: Browser, world: PageWorld, limited: str, size: tuple[int, int], language: str
) -> None:
    async with browser.tab(world.url, size=size, locale=language) as tab:
        await tab.open(f"/runs/{limited}")
        assert await tab.page.locator(".budget p").count() == 3
        assert await tab.page.evaluate(_WIDER_THAN_ITS_PLACE, ".budget p") == []
        assert await tab.sideways() == []


@LANGUAGES
async def test_u2_every_filter_of_events_is_seen_on_a_phone(
    browser: Browser, world: PageWorld, limited: str, language: str
) -> None:
    async with browser.tab(world.url, size=PHONE, locale=language) as tab:
        await tab.open(f"/runs/{limited}")
        assert await tab.page.evaluate(_WIDER_THAN_ITS_PLACE, ".filter fieldset") == []


@LANGUAGES
async def test_u2_words_of_tables_are_not_broken(
    browser: Browser, world: PageWorld, limited: str, language: str
) -> None:
    """Beside the long request of an entry, and beside the long names of what was read."""
    async with browser.tab(world.url, size=WIDE, locale=language) as tab:
        await tab.open("/audit")
        assert await tab.page.locator(".audit-table td").count() > 0
        assert await tab.page.evaluate(_BROKEN_WORDS, ".audit-table td:not(.w)") == []
        await tab.open(f"/runs/{world.runs['recommend']}")
        await tab.page.evaluate(_UNFOLD)
        assert await tab.page.locator(".evidence .from").count() > 0
        assert await tab.page.evaluate(_BROKEN_WORDS, ".evidence .from") == []


async def test_u2_the_status_of_an_agent_with_a_long_name_stays_on_one_line(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url, size=PHONE) as tab:
        await tab.open("/agents/coder")
        apart = await tab.page.evaluate(
            """() => {
              const entry = document.querySelector('.roles [aria-current]');
              entry.querySelector('b').textContent = 'reviewer-of-'.repeat(5);
              const status = entry.querySelector('.status');
              const range = document.createRange();
              range.selectNodeContents(status.lastChild);
              const middle = (box) => box.top + box.height / 2;
              const glyph = status.querySelector('svg').getBoundingClientRect();
              return Math.abs(middle(glyph) - middle(range.getBoundingClientRect()));
            }"""
        )
        assert apart < 5
