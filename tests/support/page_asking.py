"""How the tests of the page ask for something, and hold back what a run does."""

from __future__ import annotations

import re
import threading

from playwright.async_api import Page

from support.browser import Tab
from support.command import CLUSTERS
from support.page_world import PageWorld, planned

HOMELAB = str(CLUSTERS / "homelab.json")
RUN_PAGE = re.compile(r"/runs/\d{8}_\d{6}_[0-9a-f]{8}$")
SOON = 60_000
"""Milliseconds in which a run on this machine has come to where a test waits for it."""


async def ask(tab: Tab, text: str, *, team: str, **fields: str) -> str:
    """Fill the request box, send it, and return the id of the run that it leads to."""
    await tab.open("/")
    page = tab.page
    await page.fill("#request", text)
    await page.locator(f"[name=team][value={team}]").check(force=True)
    for name, value in fields.items():
        field = page.locator(f"#{name}")
        if not await field.is_visible():
            await page.locator("details.fan > summary").click()
        if name == "cluster":
            await field.select_option(value)
        else:
            await field.fill(value)
    await page.get_by_role("button", name="Start run").click()
    await page.wait_for_url(RUN_PAGE)
    return page.url.rpartition("/")[2]


async def snapshot(page: Page) -> None:
    """Choose a snapshot file as the cluster."""
    options = await page.locator("#cluster option").evaluate_all("all => all.map((o) => o.value)")
    await page.select_option("#cluster", next(one for one in options if "snapshot" in one))
    await page.fill("#snapshot", HOMELAB)


def held(world: PageWorld, *names: str) -> dict[str, threading.Event]:
    """Let the agents of these tasks wait until the test lets them go on."""
    gates = {name: threading.Event() for name in names}
    world.model.hold |= {f"{name}.txt": gate for name, gate in gates.items()}
    return gates


def plan(world: PageWorld, part: str, *names: str, risk: str = "write") -> None:
    """The plan of the runs whose request holds `part`: one task after the other."""
    tasks = [
        planned(name, "coder", f"Do {name}", names[number - 1 : number] if number else (), risk)
        for number, name in enumerate(names)
    ]
    world.model.plans[part] = tuple(tasks)


async def press(page: Page, button: str) -> None:
    """Press a button of a form, and wait for the page that answers."""
    async with page.expect_navigation():
        await page.locator(button).first.click()
