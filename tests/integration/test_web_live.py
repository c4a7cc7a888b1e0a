"""The live page of a run: one renderer for all, every event once, only what has changed (U3)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mas.app.driving import Driving
from mas.app.service import Ask, Service, open_service
from mas.app.settings import load_settings
from mas.core.errors import UserError
from mas.http.streams import RunStreams
from mas.web.live import renderer as module
from mas.web.live.difference import LiveMessage, without_ticks
from mas.web.live.hub import LiveHub
from mas.web.live.picture import Reader, paint
from mas.web.live.sight import look_at
from mas.web.wording import Wording
from support.command import CLUSTERS

LIMIT = 100
ENGLISH = Reader(language="en", role="operator")
KOREAN = Reader(language="ko", role="viewer")
ASK = Ask(text="Should we adopt Tekton?", cluster=str(CLUSTERS / "homelab.json"), no_model=True)


@dataclass(kw_only=True)
class World:
    service: Service
    driving: Driving
    hub: LiveHub


@asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[World]:
    settings = load_settings({"MAS_HOME": str(folder), "HOME": str(folder)})
    async with (
        asyncio.timeout(LIMIT),
        open_service(settings) as service,
        Driving(service) as driving,
    ):
        hub = LiveHub(service, RunStreams(service, driving))
        yield World(service=service, driving=driving, hub=hub)


@dataclass
class Page:
    """What a browser knows of a run: elements by id, rows by number."""

    after: int = 0
    rows: list[int] = field(default_factory=list)
    elements: dict[str, str] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    done: bool = False
    paints: int = 0

    def take(self, message: LiveMessage) -> None:
        fields = dict(line.split(": ", 1) for line in message.data.decode().strip().split("\n"))
        body = json.loads(fields["data"])
        if "id" in fields:
            self.after = int(fields["id"])
        self.done = self.done or fields["event"] == "done"
        if fields["event"] == "paint":
            self.paints += 1
            self.rows += [number for number, _ in body.get("rows", [])]
            self.elements |= body.get("parts", {})
            self.children |= body.get("lists", {})

    async def watch(self, world: World, run_id: str, reader: Reader, *, most: int = 10**6) -> None:
        """Watch to the end, or for some messages."""
        async with aclosing(world.hub.messages(run_id, reader, self.after)) as messages:
            async for message in messages:
                self.take(message)
                most -= 1
                if most == 0:
                    return


async def last_event(world: World, run_id: str) -> int:
    return (await world.service.get(run_id)).last_event


async def test_u3_a_page_that_watches_from_the_start_ends_as_one_that_is_loaded_then(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        run = await world.service.submit(ASK)
        page = Page()
        watching = asyncio.create_task(page.watch(world, run.id, ENGLISH))
        await world.service.drive(run.id)
        await watching
        whole = paint(await look_at(world.service, run.id), ENGLISH)

        assert page.done
        assert page.rows == list(range(1, await last_event(world, run.id) + 1))
        loaded: dict[str, Any] = dict(whole.parts)
        for items in whole.lists.values():
            loaded |= items
        # The picture is sent as a whole or by its tasks.
        graph = loaded.pop("graph")
        for name, html in whole.inner.items():
            assert html in graph
            if name in page.elements:
                assert page.elements[name] == html
        for name, html in loaded.items():
            assert without_ticks(page.elements[name]) == without_ticks(html), name
        for name, items in whole.lists.items():
            assert page.children.get(name, []) == list(items)
        assert world.hub.open == world.hub.rendering == 0


async def test_u3_each_event_reaches_a_page_once_across_any_reconnects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "PAGE", 3)
    async with open_world(tmp_path) as world:
        run = await world.service.submit(ASK)
        pages = [Page() for _ in range(5)]

        async def come_and_go(page: Page, stay: int) -> None:
            while not page.done:
                await page.watch(world, run.id, ENGLISH, most=stay)

        watching = [
            asyncio.create_task(come_and_go(page, stay)) for stay, page in enumerate(pages, 1)
        ]
        world.driving.drive(run.id)
        await asyncio.gather(*watching)
        expected = list(range(1, await last_event(world, run.id) + 1))
        assert [page.rows for page in pages] == [expected] * 5


async def test_u3_many_pages_share_one_renderer_for_each_language_and_role(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        run = await world.service.submit(ASK)
        pages = [(Page(), reader) for reader in (ENGLISH, KOREAN) for _ in range(20)]
        watching = [
            asyncio.create_task(page.watch(world, run.id, reader)) for page, reader in pages
        ]
        while world.hub.rendering < 2 or world.hub.open < len(pages):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
        assert world.hub.open == len(pages)
        await world.service.drive(run.id)
        assert world.hub.rendering == 2
        await asyncio.gather(*watching)

        for page, reader in pages:
            t = Wording(reader.language)
            assert t("status.succeeded") in page.elements["head"]
            assert ("<button" in page.elements["head"]) == (reader.role == "operator")
        assert world.hub.rendering == 0


async def test_u3_bursts_are_painted_together(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        run = await world.service.submit(ASK)
        page = Page()
        watching = asyncio.create_task(page.watch(world, run.id, ENGLISH))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await world.service.drive(run.id)
        await watching
        pauses = (loop.time() - began) / module.PAUSE.total_seconds()
        assert len(page.rows) > 20
        # What was there when it came, in two parts; the first burst; the end, which does not wait.
        assert page.paints <= pauses + 4


async def test_u3_a_page_that_is_up_to_date_is_sent_nothing_but_the_end(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        run = await world.service.submit(ASK)
        await world.service.drive(run.id)
        page = Page(after=await last_event(world, run.id))
        await page.watch(world, run.id, ENGLISH)
        assert (page.rows, page.elements, page.done) == ([], {}, True)
        late = Page(after=10**12)
        await late.watch(world, run.id, ENGLISH)
        assert (late.rows, late.done) == ([], True)


async def test_u3_a_run_that_is_not_there_is_no_page(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        with pytest.raises(UserError, match="no run"):
            await Page().watch(world, "20000101_000000_00000000", ENGLISH)
        assert world.hub.open == world.hub.rendering == 0


async def test_u3_a_run_is_watched_here_and_driven_by_another_process(tmp_path: Path) -> None:
    """Two replicas are two services over one journal."""
    async with open_world(tmp_path) as here, open_world(tmp_path) as there:
        run = await here.service.submit(ASK)
        page = Page()
        watching = asyncio.create_task(page.watch(here, run.id, KOREAN))
        await there.service.drive(run.id)
        await watching
        assert page.rows == list(range(1, await last_event(here, run.id) + 1))
        assert page.done
