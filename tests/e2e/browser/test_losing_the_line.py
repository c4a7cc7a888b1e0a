"""What is kept when a page is reloaded, cut off, or changes under the reader (U2, R9)."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from mas.app.service import Ask
from support.browser import BROWSER_TESTS, Browser
from support.cutting_proxy import cutting_proxy
from support.page_asking import SOON, held, plan
from support.page_world import PageWorld, has_ended

pytestmark = BROWSER_TESTS


async def rows(page: Page) -> list[int]:
    """Numbers of the events that the page shows, in its order."""
    found: list[int] = await page.locator("[id^=ev-]").evaluate_all(
        "all => all.map((one) => Number(one.id.slice(3)))"
    )
    return found


async def test_r9_a_cut_and_a_reload_lose_no_event_and_show_none_twice(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "cut line", "cut_one", "cut_two", "cut_three")
    gates = held(world, "cut_one", "cut_two", "cut_three")
    async with cutting_proxy(world.url) as proxy, browser.tab(proxy.url) as tab:
        tab.expected = ["ERR_", "Failed to load resource", "net::"]
        run_id = world.ask(Ask(text="Deploy over a cut line", team="operate", approve_writes=True))
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        await expect(page.locator("#lane-coder")).to_contain_text("Do cut_one", timeout=SOON)
        await proxy.cut()
        gates["cut_one"].set()
        # The page notices by itself, says so, and tries again.
        await asyncio.wait_for(proxy.tried.wait(), 60)
        await expect(page.locator(".banner")).to_be_visible(timeout=SOON)
        proxy.mend()
        await expect(page.locator("#lane-coder")).to_contain_text("Do cut_two", timeout=SOON)
        await expect(page.locator(".banner")).to_be_hidden(timeout=SOON)
        await page.reload()
        await expect(page.locator("#lane-coder")).to_contain_text("Do cut_two", timeout=SOON)
        await proxy.cut()
        proxy.mend()
        gates["cut_two"].set()
        await expect(page.locator("#lane-coder")).to_contain_text("Do cut_three", timeout=SOON)
        gates["cut_three"].set()
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
        run = await asyncio.to_thread(world.until, run_id, has_ended)
        await expect(page.locator(f"#ev-{run.last_event}")).to_be_attached(timeout=SOON)
        live = await rows(page)
        await page.reload()
        fresh = await rows(page)
    assert len(live) == len(set(live)), "an event stands there twice"
    assert live == sorted(live, reverse=True), "newest first"
    assert live == fresh, "what came live is what a fresh page shows"


async def test_r9_a_page_that_was_offline_catches_up(browser: Browser, world: PageWorld) -> None:
    plan(world, "gone offline", "off_one", "off_two")
    gates = held(world, "off_one", "off_two")
    async with cutting_proxy(world.url) as proxy, browser.tab(proxy.url) as tab:
        tab.expected = ["ERR_", "Failed to load resource", "net::"]
        run_id = world.ask(
            Ask(text="Deploy while gone offline", team="operate", approve_writes=True)
        )
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        await expect(page.locator("#lane-coder")).to_contain_text("Do off_one", timeout=SOON)
        await tab.context.set_offline(True)
        await proxy.cut()
        for gate in gates.values():
            gate.set()
        world.until(run_id, has_ended)
        await tab.context.set_offline(False)
        proxy.mend()
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=60_000)


async def test_u2_focus_selection_unfolding_and_scroll_survive_what_comes_in(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "while reading", "read_one", "read_two", "read_three")
    gates = held(world, "read_one", "read_two", "read_three")
    async with browser.tab(world.url, size=(1280, 500)) as tab:
        run_id = world.ask(Ask(text="Deploy while reading", team="operate", approve_writes=True))
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        lane = page.locator("#lane-coder")
        await expect(lane).to_contain_text("Do read_one", timeout=SOON)
        gates["read_one"].set()
        await expect(lane).to_contain_text("Do read_two", timeout=SOON)
        summary = page.locator("#lane-coder summary").first
        if (
            await page.locator("#lane-coder details, details#lane-coder").first.get_attribute(
                "open"
            )
            is None
        ):
            await summary.click()
        await summary.focus()
        await page.evaluate("window.scrollBy(0, 200)")
        before = await page.evaluate(_PLACE)
        search = page.locator("#eq")
        gates["read_two"].set()
        await expect(lane).to_contain_text("Do read_three", timeout=SOON)
        after = await page.evaluate(_PLACE)
        assert after["focus"] == before["focus"]
        assert after["open"] >= before["open"]
        assert abs(after["scroll"] - before["scroll"]) < 2
        await search.fill("files")
        await search.evaluate("one => one.setSelectionRange(1, 3)")
        gates["read_three"].set()
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
        assert await search.input_value() == "files"
        assert await search.evaluate("one => [one.selectionStart, one.selectionEnd]") == [1, 3]
        assert await search.evaluate("one => one === document.activeElement")


_PLACE = """() => ({
  focus: document.activeElement.closest('[id]')?.id,
  open: document.querySelectorAll('#lane-coder[open], #lane-coder details[open]').length,
  scroll: scrollY,
})"""


async def test_u2_a_comment_that_was_begun_is_not_taken_away(
    browser: Browser, world: PageWorld
) -> None:
    plan(world, "begun comment", "comment_one")
    async with browser.tab(world.url) as tab:
        run_id = world.ask(Ask(text="Deploy with a begun comment", team="operate"))
        await tab.open(f"/runs/{run_id}")
        page = tab.page
        comment = page.locator("#approvals [name=comment]").first
        await expect(comment).to_be_visible(timeout=SOON)
        await comment.fill("Use the name")
        # Somebody else answers meanwhile.
        told = await tab.context.request.get(f"{world.url}/api/runs/{run_id}/approvals")
        (approval,) = (await told.json())["items"]
        answered = world.mas("runs", "approve", run_id, approval["approval"])
        assert answered.code == 0, answered.err
        await expect(page.locator("#head")).to_contain_text("Succeeded", timeout=SOON)
        assert await comment.input_value() == "Use the name"
        await tab.clean()
