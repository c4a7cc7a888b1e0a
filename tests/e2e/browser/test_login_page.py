"""Logging in with a token, what each role may do, and logging out (U3, Q3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from support.browser import BROWSER_TESTS, Browser, Tab
from support.command import Mas
from support.page_asking import press
from support.page_world import PageWorld, has_ended, is_waiting, page_world

pytestmark = BROWSER_TESTS

ROLES = ("viewer", "operator", "admin")


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A server that asks for tokens, and one of each role."""

    world: PageWorld
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    made = {
        role: Mas(folder / "made")("token", "new", f"{role}-1", "--role", role, "--json").json
        for role in ROLES
    }
    entries = " ".join(one["entry"] for one in made.values())
    with page_world(folder, "waits", "decide_en", MAS_API_TOKENS=entries) as world:
        yield Guarded(world=world, tokens={role: one["token"] for role, one in made.items()})


async def log_in(tab: Tab, token: str, path: str = "/") -> None:
    """Go to a page, and log in on the way."""
    await tab.open(path)
    await tab.page.fill("[name=token]", token)
    await press(tab.page, "main form button")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
async def test_u3_who_logs_in_comes_to_the_page_that_was_wanted_and_out_again(
    browser: Browser, guarded: Guarded, script: bool
) -> None:
    run = f"/runs/{guarded.world.runs['decide_en']}"
    async with browser.tab(guarded.world.url, script=script) as tab:
        tab.expected = ["401 (Unauthorized)"]
        await tab.open(run)
        assert "/login" in tab.page.url
        if script:
            assert await tab.axe() == []
        await tab.page.fill("[name=token]", "mas_wrong")
        await press(tab.page, "main form button")
        await expect(tab.page.locator("main")).to_contain_text("token", ignore_case=True)
        assert "/login" in tab.page.url
        await log_in(tab, guarded.tokens["viewer"], run)
        assert tab.page.url.endswith(run)
        assert await tab.page.evaluate("document.cookie") == "" if script else True
        stored = await tab.context.cookies()
        assert all(one["httpOnly"] for one in stored)
        await tab.page.locator("details.who > summary").click()
        await press(tab.page, "form[action='/logout'] button")
        await tab.open(run)
        assert "/login" in tab.page.url


async def test_u3_a_viewer_sees_everything_and_can_press_nothing_that_changes(
    browser: Browser, guarded: Guarded
) -> None:
    run = guarded.world.runs["waits"]
    async with browser.tab(guarded.world.url) as tab:
        await log_in(tab, guarded.tokens["viewer"])
        await expect(tab.page.get_by_role("button", name="Start run")).to_be_disabled()
        for path in (f"/runs/{run}", "/agents", "/agents/coder"):
            await tab.open(path)
            # Whatever changes something is not there, or cannot be pressed.
            live = tab.page.locator("main form[method=post] button:not([disabled])")
            assert await live.count() == 0, (path, await live.all_inner_texts())
            assert await tab.axe() == [], path
        assert is_waiting(guarded.world.run(run))


async def test_u3_an_operator_approves_and_the_audit_says_who(
    browser: Browser, guarded: Guarded
) -> None:
    run = guarded.world.runs["waits"]
    async with browser.tab(guarded.world.url) as tab:
        await log_in(tab, guarded.tokens["operator"], f"/runs/{run}")
        await tab.page.get_by_role("button", name="Approve this call").click()
        guarded.world.until(run, has_ended)
        await tab.open("/agents/coder")
        wipe = tab.page.locator("form[action$='/wipe'] button:not([disabled])")
        assert await wipe.count() == 0, "an operator may not wipe"
    async with browser.tab(guarded.world.url) as tab:
        await log_in(tab, guarded.tokens["admin"], "/audit")
        await expect(tab.page.locator("main")).to_contain_text("operator-1")
        assert guarded.tokens["operator"] not in await tab.page.content()
