"""What agents remember: seen, wiped, checkpointed and brought back by clicks (A4, U2)."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import expect

from support.browser import BROWSER_TESTS, Browser
from support.page_asking import press
from support.page_world import PageWorld

pytestmark = BROWSER_TESTS

ROLE = "testing"


def memory(world: PageWorld) -> str:
    """What the role remembers, as the command line tells it."""
    told = world.mas("agents", "status", "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    listed = found["agents"] if isinstance(found, dict) else found
    (one,) = (one for one in listed if ROLE in (one.get("name"), one.get("role")))
    # When it was touched last, and where its checkpoint is, are no part of what it remembers.
    kept = {name: one[name] for name in one if name not in ("updated_at", "checkpoint")}
    return json.dumps(kept, sort_keys=True)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_a4_a_memory_is_kept_wiped_and_restored_exactly(
    browser: Browser, world: PageWorld, script: bool
) -> None:
    async with browser.tab(world.url, script=script) as tab:
        page = tab.page
        await tab.open(f"/agents/{ROLE}")
        before = memory(world)
        await press(page, f"form[action='/agents/{ROLE}/checkpoint'] button")
        await expect(page.locator(".notice")).to_be_visible()
        await page.get_by_text("Wipe…").last.click()
        await page.locator(f"form[action='/agents/{ROLE}/wipe'] [name=save]").uncheck()
        await press(page, f"form[action='/agents/{ROLE}/wipe'] button")
        wiped = memory(world)
        assert wiped != before
        await page.get_by_text("Restore…").last.click()
        await press(page, f"form[action='/agents/{ROLE}/restore'] button")
        assert memory(world) == before
        await tab.open("/audit")
        for action in ("wipe", "restore", "checkpoint"):
            await expect(page.locator("main")).to_contain_text(action, ignore_case=True)


async def test_r13_a_lesson_is_seen_and_removed(browser: Browser, world: PageWorld) -> None:
    async with browser.tab(world.url) as tab:
        page = tab.page
        await tab.open("/knowledge")
        forms = page.locator("form[action$='/remove']")
        before = [await one.get_attribute("action") for one in await forms.all()]
        assert before
        await page.locator("main details.confirm > summary").first.click()
        await press(page, "form[action$='/remove'] button")
        await tab.open("/knowledge")
        after = [await one.get_attribute("action") for one in await forms.all()]
        assert after == before[1:]
        await tab.open("/audit")
        await expect(page.locator("main tbody tr").first).to_contain_text("lesson")
