"""A real Chromium for the tests of the page, which watches what the page may not do.

Each `Tab` notes what goes wrong behind its back: errors and warnings of the console, what the
content security policy stopped, scripts that threw, and requests to anything but the server.
A test opens one by `Browser.tab` and is failed at its end when there was anything.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser as Chromium,
)
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    async_playwright,
    expect,
)

from support.required import not_here

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
LIMIT_MS = 30_000
"""The longest that a test waits for one thing."""

Theme = Literal["light", "dark"]
WIDE = (1280, 900)
PHONE = (390, 844)
NARROW = (320, 700)

BROWSER_TESTS = [
    pytest.mark.e2e,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]
"""The marks of every file here: all tests share one browser, and so one event loop."""

ALL_RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

# Runs before anything of the page: what the policy stops is said by an event and by the console.
_WATCH = """
window.stopped = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.stopped.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
window.alert = window.confirm = window.prompt = (text) => {
  console.error(`a dialog was opened: ${text}`);
};
"""

_STANDING_OUT = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const cut = ['auto', 'scroll', 'hidden', 'clip'];
  const isCut = (element) => {
    for (let one = element.parentElement; one && one !== document.body; one = one.parentElement) {
      if (cut.includes(getComputedStyle(one).overflowX)) return true;
    }
    return false;
  };
  const isOut = (one) => one.getBoundingClientRect().right > root.clientWidth + 1;
  const out = [...document.querySelectorAll('body *')].filter((one) => isOut(one) && !isCut(one));
  return [`page: ${root.scrollWidth} > ${root.clientWidth}`,
    ...out.slice(0, 5).map((one) => one.outerHTML.slice(0, 150))];
}"""


def chromium_path() -> str | None:
    """Where Chromium is; None: nowhere."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def needed_chromium() -> str:
    """Where Chromium is. Skips the test where there is none, and fails it where one has to be."""
    found = chromium_path()
    if found is None:
        not_here("there is no Chromium on this machine (scripts/programs.sh browser)")
    return found


@dataclass(kw_only=True)
class Tab:
    """One page in a context of its own, and what went wrong in it."""

    page: Page
    context: BrowserContext
    url: str
    faults: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Addresses that the page asked for, without those of documents."""
    expected: list[str] = field(default_factory=list)
    """Parts of faults that a test provokes."""

    async def open(self, path: str) -> Response:
        """Go to a page and wait until its scripts have run."""
        answer = await self.page.goto(self.url + path, wait_until="load")
        assert answer is not None
        return answer

    async def axe(self, rule: str = "") -> list[str]:
        """What axe finds, one line each with the place: by one rule, or by all that we hold to."""
        only = {"type": "rule", "values": [rule]} if rule else ALL_RULES
        options = {"resultTypes": ["violations"], "runOnly": only}
        found = await Axe().run(self.page, options=options)
        return [
            f"{one['id']} ({one['impact']}): {one['help']} {node['target']} {node['html'][:200]}"
            for one in found.response["violations"]
            for node in one["nodes"]
        ]

    async def sideways(self) -> list[str]:
        """Elements that stand out of the window sideways; none: nothing has to be scrolled."""
        out: list[str] = await self.page.evaluate(_STANDING_OUT)
        return out

    async def clean(self) -> None:
        """Nothing went wrong since the tab was opened."""
        stopped = (
            await self.page.evaluate("window.stopped ?? []") if not self.page.is_closed() else []
        )
        faults = [
            one
            for one in (*self.faults, *(f"policy: {one}" for one in stopped))
            if not any(part in one for part in self.expected)
        ]
        assert not faults, "\n".join(faults)


@dataclass(frozen=True, kw_only=True)
class Browser:
    """Chromium; each tab is somebody else, without cookies of another."""

    chromium: Chromium

    @asynccontextmanager
    async def tab(
        self,
        url: str,
        *,
        size: tuple[int, int] = WIDE,
        theme: Theme = "light",
        locale: str = "en-GB",
        script: bool = True,
        calm: bool = True,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> AsyncIterator[Tab]:
        """A new context with one page, checked and closed at the end.

        Args:
            url: The server; anything else that is asked for is a fault, and gets no answer.
            size: Of the window, in CSS pixels.
            theme: What the system prefers.
            locale: What the browser prefers.
            script: Whether JavaScript is on.
            calm: Whether the person prefers no motion.
            headers: Sent with each request.
        """
        context = await self.chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            locale=locale,
            timezone_id="Asia/Seoul",
            java_script_enabled=script,
            reduced_motion="reduce" if calm else "no-preference",
            extra_http_headers=dict(headers or {}),
            **more,
        )
        context.set_default_timeout(LIMIT_MS)
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        tab = Tab(page=page, context=context, url=url)
        _listen(tab)
        try:
            yield tab
            await tab.clean()
        finally:
            await context.close()


def _listen(tab: Tab) -> None:
    home = urlsplit(tab.url).netloc

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            tab.faults.append(f"console: {message.text} {message.location.get('url', '')}")

    def on_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.netloc != home:
            tab.faults.append(f"outside: {request.url}")
        elif request.resource_type != "document":
            tab.requests.append(request.url)

    tab.page.on("console", on_console)
    tab.page.on("request", on_request)
    tab.page.on("pageerror", lambda error: tab.faults.append(f"script: {error}"))


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start Chromium and end it. No name but that of this machine is resolved."""
    expect.set_options(timeout=LIMIT_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=needed_chromium(),
            # Its sandbox does not work for root; pages are our own.
            chromium_sandbox=os.geteuid() != 0,
            args=[
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--no-proxy-server",
                "--disable-background-networking",
                "--font-render-hinting=none",
                "--disable-lcd-text",
            ],
        )
        try:
            yield Browser(chromium=chromium)
        finally:
            await chromium.close()
