"""Ten agents on one request, from the form to the merge (F1, F4, F5, U2)."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from support.browser import BROWSER_TESTS, Browser
from support.fanout_world import git
from support.page_asking import RUN_PAGE, press
from support.page_world import CHECK, FANOUT, PageWorld, has_ended

pytestmark = BROWSER_TESTS

LONG = 200_000


@pytest.mark.timeout(600)
async def test_f1_ten_agents_are_started_watched_compared_and_merged_by_clicks(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url) as tab:
        page = tab.page
        await tab.open("/")
        await page.fill("#request", FANOUT)
        await page.locator("[name=team][value=fanout]").check(force=True)
        await page.locator("#agents").fill("10")
        await expect(page.locator("output[for=agents]")).to_have_text("10")
        await page.fill("#repo", str(world.repository))
        if not await page.locator("#coder").is_visible():
            await page.locator("details.fan > summary").click()
        await page.fill("#coder", world.script)
        await page.fill("#checks", CHECK)
        await page.get_by_role("button", name="Start run").click()
        await page.wait_for_url(RUN_PAGE)
        run_id = page.url.rpartition("/")[2]
        await expect(page.locator("#task-agent-1")).to_be_attached(timeout=LONG)
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=LONG)
        assert world.run(run_id).status.value == "succeeded"

        ranking = page.locator("table.rank")
        await expect(ranking).to_be_visible()
        for number in range(1, 11):
            await expect(ranking).to_contain_text(f"agent {number}")
        await expect(ranking).to_contain_text("changed nothing")

        await page.goto(f"{world.url}/runs/{run_id}/compare?a=1&b=3")
        diff = page.locator("table.diff").first
        await expect(diff).to_contain_text('return f"Hello, {name}!"')
        await expect(diff).to_contain_text("greeting += name")
        assert await diff.locator(".k, .s, .f").count() > 0, "nothing is highlighted"

        await page.goto(f"{world.url}/runs/{run_id}")
        await page.locator("details.confirm > summary", has_text="Merge").first.click()
        await press(page, "form[action$='/merge'] button.primary")
        await expect(page.locator("main")).to_contain_text("to the work of agent 1")
    folder = world.mas.home / "workspace" / "runs" / f"run_{run_id}"
    assert "def greet" in git(folder, "show", "main:greet.py")


async def test_f4_the_comparison_is_read_without_script_and_on_a_phone(
    browser: Browser, world: PageWorld
) -> None:
    run_id = world.runs["fanout"]
    assert has_ended(world.run(run_id))
    async with browser.tab(world.url, script=False, size=(390, 844)) as tab:
        await tab.open(f"/runs/{run_id}")
        await expect(tab.page.locator("table.rank")).to_contain_text("agent 1")
        await tab.open(f"/runs/{run_id}/compare?a=1&b=4")
        await expect(tab.page.locator("main")).to_contain_text("greet.py")
        assert await tab.sideways() == []
