"""One Chromium and one server with runs of every kind for all tests of the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from support.browser import Browser, needed_chromium, open_browser
from support.hostile_runs import hostile_asks
from support.page_world import PageWorld, page_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageWorld]:
    """A server without tokens. Tests that change something do so in runs of their own."""
    needed_chromium()
    with page_world(tmp_path_factory.mktemp("page"), more=hostile_asks) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; skips where there is none."""
    async with open_browser() as one:
        yield one
