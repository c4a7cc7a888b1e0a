"""One pump for all who watch a run: nothing is missed, nothing comes twice (U3, R9)."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mas.api.event_stream import event_stream
from mas.core.errors import Transient, UserError
from mas.http import streams as module
from mas.http.streams import Frame, RunStreams
from support.told_runs import Standing, ToldRuns

LIMIT = 60.0
RUN = "run"


class World:
    """Streams over runs that are told by hand."""

    def __init__(self) -> None:
        self.runs = ToldRuns(RUN, "other")
        self.driving = Standing()
        self.streams = RunStreams(cast("Any", self.runs), cast("Any", self.driving))

    async def numbers(self, after: int = 0, *, run: str = RUN) -> list[int]:
        """Watch to the end."""
        return [one.number async for one in self.streams.subscribe(run, after) if one.event]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with asyncio.timeout(LIMIT):
        yield World()


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0)


async def test_u3_a_watcher_gets_what_was_and_what_comes(world: World) -> None:
    world.runs.tell(RUN, 3)
    watching = asyncio.create_task(world.numbers(after=1))
    await until(lambda: world.streams.open == 1)
    world.runs.tell(RUN, 2)
    world.runs.end(RUN)
    assert await watching == [2, 3, 4, 5, 6]
    assert world.streams.open == 0


async def test_u3_a_frame_is_how_an_event_goes_over_the_wire(world: World) -> None:
    world.runs.tell(RUN)
    async with aclosing(world.streams.subscribe(RUN)) as frames:
        frame = await anext(frames)
    head, data, *rest = frame.data.decode().split("\ndata: ")
    assert head == "id: 1\nevent: message_sent"
    assert data.endswith("\n\n")
    assert not rest
    assert frame.event is not None
    assert json.loads(data) == frame.event.to_json()


async def test_u3_the_end_of_a_run_that_ended_before_is_told_without_a_pump(world: World) -> None:
    world.runs.tell(RUN, 450)
    world.runs.end(RUN)
    assert await world.numbers(after=3) == list(range(4, 452))
    assert await world.numbers(after=451) == []
    assert await world.numbers(after=9999) == []
    assert world.runs.asked["watch"] == 0


async def test_u3_many_watchers_share_one_pump_and_each_event_is_encoded_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    real = module.to_frame

    def counted(event: Any) -> Frame:
        encoded.append(event.number)
        return real(event)

    monkeypatch.setattr(module, "to_frame", counted)
    world.runs.tell(RUN, 20)
    watching = [asyncio.create_task(world.numbers()) for _ in range(200)]
    await until(lambda: world.streams.open == 200)
    world.runs.tell(RUN, 20)
    await asyncio.sleep(0.05)
    world.runs.end(RUN)
    assert await asyncio.gather(*watching) == [list(range(1, 42))] * 200
    assert encoded == list(range(1, 42))
    assert world.runs.asked["watch"] == 1
    assert world.runs.asked["events"] == 0


async def test_u3_no_gap_and_no_double_whoever_comes_and_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUFFERED", 4)
    monkeypatch.setattr(module, "PAGE", 3)
    chance = random.Random(7)

    async def one() -> list[int]:
        seen: list[int] = []
        while True:
            stay = chance.randrange(1, 12)
            async with aclosing(world.streams.subscribe(RUN, len(seen))) as frames:
                async for frame in frames:
                    seen.append(frame.number)
                    for _ in range(chance.randrange(4)):
                        await asyncio.sleep(0)
                    stay -= 1
                    if not stay:
                        break
                else:
                    return seen

    watching = [asyncio.create_task(one()) for _ in range(30)]
    for _ in range(60):
        world.runs.tell(RUN, chance.randrange(1, 4))
        for _ in range(chance.randrange(20)):
            await asyncio.sleep(0)
    world.runs.end(RUN)
    last = (await world.runs.get(RUN)).last_event
    assert await asyncio.gather(*watching) == [list(range(1, last + 1))] * 30
    assert world.streams.open == 0


async def test_u3_a_slow_reader_holds_nobody_and_catches_up_from_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUFFERED", 10)
    async with aclosing(world.streams.subscribe(RUN)) as slow:
        world.runs.tell(RUN)
        seen = [(await anext(slow)).number]
        fast = asyncio.create_task(world.numbers())
        for _ in range(300):
            world.runs.tell(RUN)
            await asyncio.sleep(0)
        world.runs.end(RUN)
        assert await fast == list(range(1, 303))
        asked = world.runs.asked["events"]
        seen += [frame.number async for frame in slow]
    assert seen == list(range(1, 303))
    assert world.runs.asked["events"] > asked


async def test_u3_the_buffer_is_bounded_in_number_and_bytes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUFFERED_BYTES", 100_000)
    async with aclosing(world.streams.subscribe(RUN)) as watcher:
        world.runs.tell(RUN)
        await anext(watcher)
        channel = world.streams._channels[RUN]
        world.runs.tell(RUN, 5000, size=10_000)
        await until(lambda: channel._start + len(channel._frames) == 5001)
        assert sum(len(frame.data) for frame in channel._frames) <= 100_000
        monkeypatch.setattr(module, "BUFFERED", 5)
        world.runs.tell(RUN, 5000)
        await until(lambda: channel._start + len(channel._frames) == 10_001)
        assert 5 <= len(channel._frames) <= 10
        world.runs.end(RUN)
        assert [one.number async for one in watcher] == list(range(2, 10_003))


async def test_u3_the_pump_ends_with_the_last_watcher(world: World) -> None:
    world.runs.tell(RUN)
    first = world.streams.subscribe(RUN)
    second = world.streams.subscribe(RUN)
    await anext(first)
    await anext(second)
    assert world.streams.open == 2
    await first.aclose()
    assert world.runs.asked["left"] == 0
    await second.aclose()
    await until(lambda: world.runs.asked["left"] == 1)
    assert world.streams.open == 0
    assert world.streams._channels == {}
    async with aclosing(world.streams.subscribe(RUN)) as again:
        assert (await anext(again)).number == 1


async def test_u3_a_reopened_run_is_followed_on_by_new_watchers(world: World) -> None:
    world.runs.tell(RUN, 2)
    watching = asyncio.create_task(world.numbers())
    await until(lambda: world.streams.open == 1)
    world.runs.end(RUN)
    assert await watching == [1, 2, 3]
    world.runs.reopen(RUN)
    watching = asyncio.create_task(world.numbers(after=3))
    await until(lambda: world.streams.open == 1)
    world.runs.tell(RUN)
    world.runs.end(RUN)
    assert await watching == [4, 5]


@pytest.mark.parametrize("live", [True, False], ids=["watched", "loaded"])
async def test_u3_a_slow_reader_of_a_run_that_is_retried_is_told_no_end_before_the_last_one(
    world: World, monkeypatch: pytest.MonkeyPatch, *, live: bool
) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    known = cast("Any", SimpleNamespace(streams=world.streams, driving=world.driving))
    told: list[str] = []
    world.runs.tell(RUN, 5)
    if not live:
        world.runs.end(RUN)
    async with aclosing(event_stream(known, RUN, 0)) as pieces:

        async def read() -> None:
            async for piece in pieces:
                for one in piece.decode().split("\n\n"):
                    if one.startswith("id: "):
                        told.append(" ".join(line.split(": ")[1] for line in one.split("\n")[:2]))

        for _ in range(2):
            await anext(pieces)
        if live:
            world.runs.end(RUN)
            channel = world.streams._channels[RUN]
            await until(lambda: channel.ended)
        world.runs.reopen(RUN)
        world.runs.tell(RUN)
        reading = asyncio.create_task(read())
        # It has found all that is there so far, and watches what comes.
        await until(lambda: reading.done() or world.runs.asked["watch"] == int(live) + 1)
        world.runs.end(RUN)
        await reading

    last = ["6 run_finished", "7 message_sent", "8 run_finished", "8 end"]
    assert told == ["4 message_sent", "5 message_sent", *last]
    assert world.streams.open == 0
    assert world.streams._channels == {}


async def test_u3_whoever_names_an_event_that_is_still_to_come_misses_none(world: World) -> None:
    world.runs.tell(RUN, 2)
    watching = [asyncio.create_task(world.numbers(after=5)) for _ in range(2)]
    await until(lambda: world.runs.asked["watch"] == 1)
    world.runs.tell(RUN, 2)
    world.runs.end(RUN)
    assert await asyncio.gather(*watching) == [[3, 4, 5]] * 2


async def test_u3_streams_end_at_once_when_the_server_stops(world: World) -> None:
    world.runs.tell(RUN, 2)
    watching = [asyncio.create_task(world.numbers()) for _ in range(5)]
    await until(lambda: world.streams.open == 5)
    await asyncio.sleep(0)
    world.driving.stop()
    for seen in await asyncio.gather(*watching):
        assert seen in ([], [1, 2])
    assert world.streams.open == 0


async def test_u3_a_silent_stream_shows_that_it_lives(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARTBEAT", timedelta(milliseconds=10))
    world.runs.tell(RUN)
    async with aclosing(world.streams.subscribe(RUN)) as frames:
        assert (await anext(frames)).number == 1
        for _ in range(3):
            frame = await anext(frames)
            assert (frame.number, frame.event) == (1, None)
            assert frame.data.startswith(b":")
            assert frame.data.endswith(b"\n\n")


async def test_u3_a_journal_that_fails_is_an_error_and_no_end(world: World) -> None:
    watching = asyncio.create_task(world.numbers())
    await until(lambda: world.runs.asked["watch"] == 1)
    world.runs.fault = Transient("The database is busy.", code="store_busy")
    world.runs.wake()
    with pytest.raises(Transient, match="busy"):
        await watching
    world.runs.fault = None
    world.runs.tell(RUN)
    world.runs.end(RUN)
    assert await world.numbers() == [1, 2]


async def test_u3_a_run_that_is_not_there_and_too_many_streams_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError) as told:
        await world.numbers(run="none")
    assert told.value.code == "unknown_run"
    monkeypatch.setattr(module, "MOST_OPEN", 1)
    world.runs.tell(RUN)
    async with aclosing(world.streams.subscribe(RUN)) as frames:
        await anext(frames)
        with pytest.raises(Transient) as refused:
            await world.numbers()
    assert refused.value.code == "too_many_streams"
    assert world.streams.open == 0


async def test_u3_the_more_watch_the_longer_events_gather(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_PER_WATCHER", timedelta(seconds=1))
    monkeypatch.setattr(module, "LONGEST_PAUSE", timedelta(milliseconds=200))
    async with aclosing(world.streams.batches(RUN)) as batches:
        watching = asyncio.ensure_future(anext(batches))
        await until(lambda: world.runs.asked["watch"] == 1)
        world.runs.tell(RUN)
        assert len(await watching) == 1
        watching = asyncio.ensure_future(anext(batches))
        for _ in range(10):
            world.runs.tell(RUN)
            await asyncio.sleep(0)
        assert [frame.number for frame in await watching] == list(range(2, 12))
