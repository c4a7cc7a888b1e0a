"""`GET /api/runs/{id}/events` on real servers: replayed, live, whole whatever breaks (U3, R9)."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from mas.api.event_stream import event_stream
from mas.http import server_sent_events
from mas.http import streams as streams_module
from mas.http.server_sent_events import ServerSentEvents
from mas.http.streams import RunStreams
from support.api_server import Serving, serving
from support.command import CLUSTERS, LIMIT_SECONDS, Mas
from support.event_stream import Parser, Sent, sent, sent_later
from support.told_runs import Standing, ToldRuns

ASK = "Should we adopt Tekton?"
STREAM = {"Accept": "text/event-stream"}
RUN = "run"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, clusters: str) -> Iterator[Finished]:
    """A server with one run that has ended."""
    mas = Mas(tmp_path_factory.mktemp("events") / "home")
    with serving(mas) as running, running.client() as http:
        run = http.post("/api/runs", json={"text": ASK, "cluster": clusters}).json()["run_id"]
        with http.stream("GET", f"/api/runs/{run}/events", headers=STREAM) as answer:
            seen = list(sent(answer.iter_lines()))
        yield Finished(running, run, seen)


class Finished:
    def __init__(self, server: Serving, run: str, seen: list[Sent]) -> None:
        self.server = server
        self.run = run
        self.seen = seen
        self.address = f"/api/runs/{run}/events"

    def stream(self, *, after: str = "", **headers: str) -> list[Sent]:
        query = {"after": after} if after else {}
        with (
            self.server.client() as http,
            http.stream("GET", self.address, headers={**STREAM, **headers}, params=query) as got,
        ):
            assert got.status_code == 200
            return list(sent(got.iter_lines()))


@pytest.fixture(scope="module")
def clusters() -> str:
    return str(CLUSTERS / "homelab.json")


def test_u3_a_run_is_followed_from_its_first_event_to_its_end(finished: Finished) -> None:
    *events, end = finished.seen
    assert [one.data["number"] for one in events] == list(range(1, len(events) + 1))
    assert [one.id for one in events] == [str(one.data["number"]) for one in events]
    assert [one.event for one in events] == [one.data["type"] for one in events]
    assert (events[0].event, events[-1].event) == ("run_queued", "run_finished")
    assert (end.event, end.id, end.data) == ("end", events[-1].id, {})


def test_u3_a_stream_says_how_it_wants_to_be_treated(finished: Finished) -> None:
    with (
        finished.server.client() as http,
        http.stream("GET", finished.address, headers=STREAM) as answer,
    ):
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        parser = Parser()
        for line in answer.iter_lines():
            parser.take(line)
        assert parser.retry == "2000"


def test_u3_a_stream_is_taken_up_behind_the_last_event_that_is_known(finished: Finished) -> None:
    everything = finished.seen
    assert finished.stream(**{"Last-Event-ID": "7"}) == everything[7:]
    assert finished.stream(after="9") == everything[9:]
    assert finished.stream(after="3", **{"Last-Event-ID": "7"}) == everything[7:]
    last = everything[-1].id
    assert [one.event for one in finished.stream(after=last)] == ["end"]
    assert finished.stream(after="999999") == everything[-1:]


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "1e3", "", "٣", "9" * 10, "1;2"])
def test_u3_a_number_that_is_none_is_refused(finished: Finished, number: str) -> None:
    with finished.server.client() as http:
        headers = {**STREAM, "Last-Event-ID": number.encode()}
        for answer in (
            http.get(finished.address, headers=headers),
            http.get(finished.address, headers=STREAM, params={"after": number}),
        ):
            assert answer.status_code == 422
            assert answer.json()["code"] == "request_unfit"


def test_u3_without_the_wish_for_a_stream_events_come_in_pages(finished: Finished) -> None:
    events = [one.data for one in finished.seen[:-1]]
    with finished.server.client() as http:
        whole = http.get(finished.address)
        assert whole.json() == {"items": events, "next": None}
        assert "link" not in whole.headers
        pages, address = [], f"{finished.address}?limit=10"
        while address:
            page = http.get(address)
            pages += page.json()["items"]
            address = page.links["next"]["url"] if "next" in page.links else ""
        assert pages == events
        assert (
            http.get(finished.address, headers={"Last-Event-ID": "5"}).json()["items"]
            == (events[5:])
        )


def test_u3_a_run_that_is_not_there_is_a_problem_and_no_stream(finished: Finished) -> None:
    with finished.server.client() as http:
        answer = http.get("/api/runs/none/events", headers=STREAM)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_run")
        assert http.get("/api/runs/a%2Fb/events", headers=STREAM).status_code == 404
        assert http.get("/api/runs/a b/events", headers=STREAM).status_code == 422


@pytest.mark.slow
async def test_u3_a_run_is_watched_live_on_another_server_than_the_one_that_works_on_it(
    mas: Mas, homelab: str
) -> None:
    # Two servers start meanwhile.
    async with asyncio.timeout(LIMIT_SECONDS):
        with serving(mas, "--no-worker") as first:
            async with first.async_client() as http:
                made = await http.post("/api/runs", json={"text": ASK, "cluster": homelab})
                run = made.json()["run_id"]
                address = f"/api/runs/{run}/events"
                async with http.stream("GET", address, headers=STREAM) as answer:
                    events = sent_later(answer.aiter_lines())
                    seen = [await anext(events)]
                    with serving(mas) as second:
                        # The connection breaks in the middle of it all, and is made again.
                        seen += [await anext(events) for _ in range(5)]
                        await answer.aclose()
                        known = {**STREAM, "Last-Event-ID": seen[-1].id}
                        async with http.stream("GET", address, headers=known) as again:
                            seen += [one async for one in sent_later(again.aiter_lines())]
                        async with second.async_client() as other:
                            shown = (await other.get(f"/api/runs/{run}")).json()
    *events_seen, end = seen
    assert [int(one.id) for one in events_seen] == list(range(1, shown["last_event"] + 1))
    assert end.event == "end"
    assert shown["status"] == "succeeded"


def test_u3_streams_end_when_the_server_stops_and_are_taken_up_on_the_next(
    mas: Mas, homelab: str
) -> None:
    with serving(mas, "--no-worker") as running, running.client() as http:
        run = http.post("/api/runs", json={"text": ASK, "cluster": homelab}).json()["run_id"]
        address = f"/api/runs/{run}/events"
        with http.stream("GET", address, headers=STREAM) as answer:
            events = sent(answer.iter_lines())
            assert next(events).event == "run_queued"
            running.process.send_signal(signal.SIGTERM)
            assert list(events) == []  # not even an end: the run goes on
        assert running.process.wait(LIMIT_SECONDS) == 130
    with serving(mas) as running, running.client() as http:
        known = {**STREAM, "Last-Event-ID": "1"}
        with http.stream("GET", address, headers=known) as answer:
            seen = list(sent(answer.iter_lines()))
    assert [int(one.id) for one in seen[:-1]] == list(range(2, len(seen) + 1))
    assert seen[-1].event == "end"


def test_u3_head_of_a_stream_is_answered_at_once_and_leaves_its_connection_usable(
    mas: Mas, homelab: str
) -> None:
    with serving(mas, "--no-worker") as running, running.client() as http:
        run = http.post("/api/runs", json={"text": ASK, "cluster": homelab}).json()["run_id"]
        place = running.url.removeprefix("http://")
        wire = HTTPConnection(place, timeout=LIMIT_SECONDS)
        for address in (f"/api/runs/{run}/events", f"/runs/{run}/live"):
            wire.request("HEAD", address, headers=STREAM)
            answer = wire.getresponse()
            assert (answer.status, answer.read()) == (200, b"")
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            kept = wire.sock
            wire.request("GET", "/health")
            assert wire.getresponse().read() == b'{"status":"ok"}'
            assert wire.sock is kept
        wire.close()


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(trust_env=False, timeout=LIMIT_SECONDS)


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.01)


@asynccontextmanager
async def told_runs() -> AsyncIterator[tuple[ToldRuns, RunStreams, str]]:
    """A server whose run is told by hand."""
    runs, driving, app = ToldRuns(RUN), Standing(), FastAPI()
    streams = RunStreams(cast("Any", runs), cast("Any", driving))
    world = SimpleNamespace(streams=streams, driving=driving)

    @app.get("/events")
    async def events() -> ServerSentEvents:
        return ServerSentEvents(event_stream(cast("Any", world), RUN, 0))

    server = uvicorn.Server(
        uvicorn.Config(app, port=0, lifespan="off", log_config=None, http="h11")
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving_task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield runs, streams, f"http://127.0.0.1:{port}/events"
    finally:
        driving.stop()
        server.should_exit = True
        await serving_task


async def test_u3_a_reader_that_takes_nothing_holds_nobody_and_misses_nothing() -> None:
    count = 6000
    async with asyncio.timeout(LIMIT_SECONDS), told_runs() as (runs, streams, address):
        port = int(address.split(":")[2].partition("/")[0])
        slow_in, slow_out = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
        slow_out.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        async with client() as http, http.stream("GET", address) as fast:
            await until(lambda: streams.open == 2)
            runs.tell(RUN, count, size=1000)
            runs.end(RUN)
            seen = [int(one.id) async for one in sent_later(fast.aiter_lines())]
        assert seen == [*range(1, count + 2), count + 1]
        # The other one still stands where the buffers of its connection were full.
        assert streams.open == 1
        numbers = []
        while line := await slow_in.readline():
            if line.startswith(b"id: "):
                numbers.append(int(line[4:]))
            elif line == b"event: end\n":
                break
        assert numbers == [*range(1, count + 2), count + 1]
        slow_out.close()


async def test_u3_a_reader_that_has_gone_is_noticed() -> None:
    async with asyncio.timeout(LIMIT_SECONDS), told_runs() as (runs, streams, address):
        runs.tell(RUN)
        async with client() as http, http.stream("GET", address) as answer:
            assert (await anext(sent_later(answer.aiter_lines()))).id == "1"
            assert streams.open == 1
        await until(lambda: streams.open == 0)
        assert runs.asked["watch"] == 1


async def test_u3_a_reader_that_takes_nothing_for_too_long_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_sent_events, "SEND_TIME", timedelta(milliseconds=50))
    async with asyncio.timeout(LIMIT_SECONDS), told_runs() as (runs, streams, address):
        port = int(address.split(":")[2].partition("/")[0])
        _, out = await asyncio.open_connection("127.0.0.1", port, limit=2**10)
        out.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: streams.open == 1)
        runs.tell(RUN, 20_000, size=1000)
        await until(lambda: streams.open == 0)
        out.close()


async def test_u3_a_silent_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "HEARTBEAT", timedelta(milliseconds=20))
    async with asyncio.timeout(LIMIT_SECONDS), told_runs() as (runs, _, address):
        runs.tell(RUN)
        async with client() as http, http.stream("GET", address) as answer:
            parser = Parser()
            async for line in answer.aiter_lines():
                parser.take(line)
                if len(parser.comments) == 3:
                    break
