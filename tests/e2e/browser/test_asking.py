"""From the request box to the report, approving and cancelling on the way (U2, R6, R7, R11)."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from mas.app.service import Ask
from support.browser import BROWSER_TESTS, Browser
from support.page_asking import RUN_PAGE, SOON, held, plan, press, snapshot
from support.page_world import BUILD, PageWorld, has_ended, is_waiting, planned

pytestmark = BROWSER_TESTS


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_u2_a_question_is_asked_watched_and_answered_with_a_report(
    browser: Browser, world: PageWorld, script: bool
) -> None:
    async with browser.tab(world.url, script=script) as tab:
        page = tab.page
        await tab.open("/")
        await page.fill("#request", "Should we adopt Harbor on this cluster?")
        await page.locator("[name=team][value=decide]").check(force=True)
        await snapshot(page)
        await page.get_by_role("button", name="Start run").click()
        await page.wait_for_url(RUN_PAGE)
        run_id = page.url.rpartition("/")[2]
        if not script:
            world.until(run_id, has_ended)
            await page.reload()
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
        run = world.run(run_id)
        assert isinstance(run.result, dict)
        panel = page.locator("#panel")
        await expect(panel).to_be_visible()
        await expect(page.locator("main")).to_contain_text(
            "commend" if "recommend" in str(run.result["verdict"]) else "nstalled"
        )
        # Evidence is one click away from the reason.
        assert await panel.locator("details").count() > 0
        assert await page.get_by_text("Gitea").first.is_visible()


async def test_u2_a_run_is_watched_live_task_by_task(browser: Browser, world: PageWorld) -> None:
    plan(world, "live watching", "watch_one", "watch_two")
    gates = held(world, "watch_one", "watch_two")
    async with browser.tab(world.url) as tab:
        run_id = world.ask(Ask(text="Deploy live watching", team="operate", approve_writes=True))
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        head = page.locator("#head")
        await expect(head).to_contain_text("Running", timeout=SOON)
        await expect(page.locator("#task-watch_one")).to_be_attached(timeout=SOON)
        lane = page.locator("#lane-coder")
        await expect(lane).to_contain_text("Do watch_one", timeout=SOON)
        gates["watch_one"].set()
        await expect(lane).to_contain_text("Do watch_two", timeout=SOON)
        await expect(head).to_contain_text("2 of 4", timeout=SOON)
        gates["watch_two"].set()
        await expect(head).to_contain_text("Succeeded", timeout=SOON)
        rows = await page.locator("[id^=ev-]").evaluate_all("all => all.map((one) => one.id)")
        assert len(rows) == len(set(rows))
        await expect(page.locator("main")).to_contain_text("is written", timeout=SOON)


async def test_r7_a_call_is_approved_by_a_click_and_exactly_it_is_made(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "approval by click", "clicked")
    async with browser.tab(world.url) as tab:
        run_id = world.ask(Ask(text="Deploy approval by click", team="operate"))
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        approvals = page.locator("#approvals")
        await expect(approvals).to_contain_text("files.write", timeout=SOON)
        await expect(approvals).to_contain_text("clicked.txt")
        await expect(approvals).to_contain_text("hello")
        await expect(page.locator("header.top")).to_contain_text("waiting for you")
        await page.get_by_role("button", name="Approve this call").click()
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
        await tab.open("/audit")
        row = page.locator("main tr", has=page.locator(f"a[href$='{run_id}']"))
        await expect(row.filter(has_text="approved").first).to_be_visible()
    written = world.mas.home / "workspaces" / run_id / "clicked.txt"
    assert written.read_text() == "hello\n"


async def test_r7_two_calls_that_wait_are_told_apart_and_answered_one_by_one(
    browser: Browser, world: PageWorld
) -> None:
    world.model.plans["two at once"] = (
        planned("left", "coder", "Write the left one", ()),
        planned("right", "testing", "Write the right one", ()),
    )
    async with browser.tab(world.url) as tab:
        run_id = world.ask(Ask(text="Deploy two at once", team="operate"))
        await tab.open(f"/runs/{run_id}")
        approvals = tab.page.locator("#approvals")
        await expect(approvals).to_contain_text("left.txt", timeout=SOON)
        await expect(approvals).to_contain_text("right.txt", timeout=SOON)
        assert await tab.axe() == []
        right, left = (
            approvals.locator(f".approval:has(.arguments:has-text('{name}.txt'))")
            for name in ("right", "left")
        )
        await right.get_by_role("button", name="Approve this call").click()
        await expect(right).to_have_count(0, timeout=SOON)
        # What was approved is done meanwhile; then all waits for the other one.
        await asyncio.to_thread(world.until, run_id, is_waiting)
        await left.get_by_role("button", name="Approve this call").click()
        await expect(tab.page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)


async def test_r7_a_rejected_call_is_not_made_and_its_reason_reaches_the_run(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "rejected by click", "rejected")
    async with browser.tab(world.url, script=False) as tab:
        run_id = world.ask(Ask(text="Deploy rejected by click", team="operate"))
        world.until(run_id, is_waiting)
        await tab.open(f"/runs/{run_id}")
        await tab.page.locator("#approvals [name=comment]").first.fill("Not on a Friday")
        await tab.page.get_by_role("button", name=re.compile("^Reject")).first.click()
        world.until(run_id, has_ended)
        await tab.open(f"/runs/{run_id}")
        await expect(tab.page.locator("main")).to_contain_text("Not on a Friday")
    assert not (world.mas.home / "workspaces" / run_id / "rejected.txt").exists()


async def test_r11_a_run_is_cancelled_by_a_click_and_says_so(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "cancelled by click", "stopped", "never")
    gates = held(world, "stopped")
    async with browser.tab(world.url) as tab:
        run_id = world.ask(
            Ask(text="Deploy cancelled by click", team="operate", approve_writes=True)
        )
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        await expect(page.locator("#lane-coder")).to_contain_text("Do stopped", timeout=SOON)
        await page.locator("#head details.confirm > summary", has_text="Cancel").click()
        await page.get_by_role("button", name="Cancel this run").click()
        await expect(page.locator("#head")).to_contain_text("Cancelled", timeout=SOON)
        gates["stopped"].set()
        await tab.open("/runs")
        await expect(page.locator(f"#row-{run_id}")).to_contain_text("Cancelled")


async def test_r12_an_ended_run_is_forked_and_a_failed_one_started_again(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url) as tab:
        page = tab.page
        await tab.open(f"/runs/{world.runs['build']}")
        await page.locator("details.confirm > summary", has_text="Fork").first.click()
        await press(page, "form[action$='/fork'] button")
        assert world.runs["build"] not in page.url
        fork = urlsplit(page.url).path.rpartition("/")[2]
        await expect(page.locator("h1")).to_contain_text(BUILD)
        await tab.open(f"/runs/{world.runs['fails']}")
        await page.locator("details.confirm > summary", has_text="Retry").first.click()
        await press(page, "form[action$='/retry'] button")
        assert world.runs["fails"] in page.url
        # What other tests look at does not change behind their back.
        for run_id in (fork, world.runs["fails"]):
            await asyncio.to_thread(world.until, run_id, has_ended)


async def test_q1_a_request_that_cannot_be_met_says_why_beside_the_field_and_keeps_the_text(
    browser: Browser, world: PageWorld
) -> None:
    async with browser.tab(world.url) as tab:
        tab.expected = ["422 (Unprocessable", "404 (Not Found)"]
        page = tab.page
        await tab.open("/")
        await page.fill("#request", "Should we adopt Harbor?")
        await page.locator("[name=team][value=decide]").check(force=True)
        await snapshot(page)
        await page.fill("#snapshot", "/there/is/no/such.json")
        await page.get_by_role("button", name="Start run").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await page.input_value("#request") == "Should we adopt Harbor?"
        assert await page.input_value("#snapshot") == "/there/is/no/such.json"
        assert await tab.axe() == []


async def test_u2_a_button_pressed_twice_starts_one_run(browser: Browser, world: PageWorld) -> None:
    plan(world, "pressed twice", "twice")
    async with browser.tab(world.url) as tab:
        page = tab.page
        await tab.open("/")
        await page.fill("#request", "Deploy something pressed twice")
        await page.locator("[name=team][value=operate]").check(force=True)
        await page.get_by_role("button", name="Start run").dblclick()
        await page.wait_for_url(RUN_PAGE)
        listed = await tab.context.request.get(f"{world.url}/api/runs?text=pressed%20twice")
        assert len((await listed.json())["items"]) == 1


async def test_u2_a_whole_run_by_keyboard_alone(browser: Browser, world: PageWorld) -> None:
    """Ask, go to the waiting call, approve it: no pointer, and no key approves by itself."""
    plan(world, "by keyboard", "typed")
    async with browser.tab(world.url) as tab:
        page = tab.page
        await tab.open("/")
        await page.focus("#request")
        await page.keyboard.type("Deploy a note by keyboard")
        await page.locator("[name=team][value=auto]").focus()
        for _ in range(5):
            if await page.locator("[name=team][value=operate]").is_checked():
                break
            await page.keyboard.press("ArrowRight")
        await page.focus("#request")
        await page.keyboard.press("Control+Enter")
        await page.wait_for_url(RUN_PAGE)
        run_id = page.url.rpartition("/")[2]
        approve = page.get_by_role("button", name="Approve this call")
        await expect(approve).to_be_visible(timeout=SOON)
        for key in ("a", "y", "Enter", "m", "c", "w"):
            await page.keyboard.press(key)
        assert is_waiting(world.run(run_id))
        for _ in range(200):
            await page.keyboard.press("Tab")
            if await approve.evaluate("one => one === document.activeElement"):
                break
        await page.keyboard.press("Enter")
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
