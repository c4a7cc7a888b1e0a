"""Connections that nobody can hold for nothing, on a real server (U3, R5)."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from mas.http import server_sent_events
from mas.http.server_sent_events import ServerSentEvents
from mas.server import connections, serving
from mas.server.connections import Connection, most_connections
from mas.server.serving import _Server

LIMIT = 100
REQUEST = b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n"
SOON = timedelta(milliseconds=50)


async def until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - what is waited for tells nobody
        await asyncio.sleep(0.005)


async def named(scope: Any, receive: Any, send: Any) -> None:
    """An application that says its path."""
    body = scope["path"].encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Served:
    """A server that listens."""

    def __init__(self, server: _Server, place: tuple[str, int]) -> None:
        self.server = server
        self.place = place
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def open(self) -> list[Connection]:
        return list(self.server.server_state.connections)  # type: ignore[arg-type]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.place)
        self._writers.append(writer)
        return reader, writer

    def idle_reader(self) -> socket.socket:
        """A client that asks and takes nothing."""
        client = socket.create_connection(self.place)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(REQUEST % b"")
        return client

    async def leave(self) -> None:
        """Close what was connected."""
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def served(app: Any = named) -> AsyncIterator[Served]:
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setblocking(False)
    started = asyncio.Event()
    server = _Server(app, on_started=started.set)
    async with asyncio.timeout(LIMIT):
        task = asyncio.create_task(server.serve(sockets=[bound]))
        await started.wait()
        there = Served(server, bound.getsockname())
        try:
            yield there
        finally:
            await there.leave()
            server.should_exit = True
            await task


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return await reader.readexactly(length)


@pytest.mark.parametrize("before", [False, True], ids=["first", "next"])
@pytest.mark.parametrize("begun", [b"G", REQUEST[:-2]])
async def test_u3_a_request_whose_head_does_not_come_loses_its_connection(
    monkeypatch: pytest.MonkeyPatch, begun: bytes, *, before: bool
) -> None:
    if not before:
        monkeypatch.setattr(connections, "HEAD_TIME", SOON)
    async with served() as there:
        reader, writer = await there.connect()
        if before:
            writer.write(REQUEST % b"a")
            assert await answered(reader) == b"/a"
            monkeypatch.setattr(connections, "HEAD_TIME", SOON)
        writer.write(begun)
        assert await reader.read() == b""


async def test_u3_a_connection_without_a_word_is_closed_and_drops_do_not_prolong_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "HEAD_TIME", SOON)
    async with served() as there:
        silent, _ = await there.connect()
        reader, writer = await there.connect()
        writer.write(b"GET /")
        ended = asyncio.ensure_future(reader.read())
        with contextlib.suppress(ConnectionError):
            while not ended.done():
                writer.write(b"x")
                await asyncio.wait((ended,), timeout=0.01)
            await ended
        assert await silent.read() == b""


async def test_u3_requests_in_parts_and_several_at_once_are_answered() -> None:
    async with served() as there:
        reader, writer = await there.connect()
        for part in (b"GET /a HT", b"TP/1.1\r\nHos", b"t: x\r\n\r\n"):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        assert await answered(reader) == b"/a"
        writer.write(REQUEST % b"b" + REQUEST % b"c" + b"GET /d")
        assert [await answered(reader) for _ in range(2)] == [b"/b", b"/c"]
        writer.write(b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answered(reader) == b"/d"


async def test_u3_a_long_answer_is_not_under_the_clock_of_heads() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await go.wait()
        await named(scope, receive, send)

    async with served(slow) as there:
        reader, writer = await there.connect()
        await until(lambda: len(there.open) == 1)
        (connection,) = there.open
        assert connection._head_timer is not None
        writer.write(REQUEST % b"a")
        await asked.wait()
        await until(lambda: connection._head_timer is None)
        # What the client sends ahead does not count before its turn.
        writer.write(b"GET /b")
        go.set()
        assert await answered(reader) == b"/a"
        writer.write(b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answered(reader) == b"/b"


async def test_u3_connections_beyond_the_most_are_closed_at_once_and_places_come_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "most_connections", lambda: 2)
    async with served() as there:
        kept = [await there.connect() for _ in range(2)]
        await until(lambda: len(there.open) == 2)
        for _ in range(3):
            with contextlib.suppress(ConnectionError):
                reader, _ = await there.connect()
                assert await reader.read() == b""
        assert len(there.open) == 2
        assert caplog.text.count("2 connections are open") == 1
        for reader, writer in kept:
            writer.write(REQUEST % b"a")
            assert await answered(reader) == b"/a"
        kept[0][1].close()
        await until(lambda: len(there.open) == 1)
        reader, writer = await there.connect()
        writer.write(REQUEST % b"b")
        assert await answered(reader) == b"/b"


@pytest.mark.parametrize(
    ("files", "most"),
    [(256, 128), (1024, 512), (4096, 3072), (16_384, 15_360), (resource.RLIM_INFINITY, 60_000)],
)
def test_r5_connections_leave_files_to_the_runs(
    monkeypatch: pytest.MonkeyPatch, files: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most


async def endless() -> AsyncGenerator[bytes, None]:
    while True:
        yield b"data: " + b"x" * 60_000 + b"\n\n"


async def stream(scope: Any, receive: Any, send: Any) -> None:
    await ServerSentEvents(endless())(scope, receive, send)


async def large(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(32 * 1024 * 1024)})


@pytest.mark.parametrize("app", [stream, large])
async def test_u3_a_reader_that_takes_nothing_for_too_long_loses_its_connection(
    monkeypatch: pytest.MonkeyPatch, app: Any
) -> None:
    monkeypatch.setattr(server_sent_events, "SEND_TIME", SOON)
    asked = asyncio.Event()

    async def noted(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await app(scope, receive, send)

    async with served(noted) as there:
        with there.idle_reader():
            await asked.wait()
            await until(lambda: not there.open)
            await until(lambda: not there.server.server_state.tasks)


async def test_u3_a_reader_that_takes_something_keeps_its_connection() -> None:
    async with served(large) as there:
        with there.idle_reader():
            await until(lambda: any(one._reader_timer is not None for one in there.open))
            (connection,) = there.open
            left = connection.transport.get_write_buffer_size()
            connection._judge_reader(left + 1)
            assert there.open == [connection]
            connection._judge_reader(left)
            await until(lambda: not there.open)
