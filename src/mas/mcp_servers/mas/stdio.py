"""The door over standard input and output, for one client that has started this process.

Stopping, when the input ends or the coroutine is cancelled (Ctrl-C, TERM):
1. calls under way are cancelled; their runs are not;
2. drives are cancelled, which puts the tasks of runs back (`mas.app.driving`);
3. the service closes. Whoever drives the runs later finds all their records.

Input and output are read and written by threads of their own, which nobody waits for at the end:
a thread that is in a read or a write cannot be cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import anyio
from mcp.server.stdio import stdio_server

from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import Settings
from mas.mcp_servers.mas.server import MasServer

LONGEST_LINE_BYTES = 16 * 1024 * 1024
"""A message that is longer ends the connection."""

_CHUNK_BYTES = 64 * 1024


async def serve_stdio(settings: Settings, *, worker: bool = True) -> None:
    """Serve one client until it closes its end, or the coroutine is cancelled.

    Nothing but the protocol is written to standard output; whatever else is printed, also by
    processes started here, goes to standard error.

    Raises:
        MasError: The journal cannot be opened.
    """
    async with (
        open_service(settings) as service,
        Driving(service, worker=worker) as driving,
    ):
        server = MasServer(service, driving)
        with _claimed() as (given, wanted):
            lines, wire = _Lines(given), _Wire(wanted)
            # What reads and writes them wants these methods and no more.
            reader, writer = cast("anyio.AsyncFile[str]", lines), cast("anyio.AsyncFile[str]", wire)
            async with stdio_server(reader, writer) as (read, write):
                await server.serve(read, write)


@contextlib.contextmanager
def _claimed() -> Iterator[tuple[int, int]]:
    """Descriptors of the wire, while 0 and 1 lead elsewhere: children and stray prints must not
    reach it."""
    sys.stdout.flush()
    given, wanted = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    try:
        yield given, wanted
    finally:
        sys.stdout.flush()
        os.dup2(given, 0)
        os.dup2(wanted, 1)
        # Both stay open: a thread may still be at them.


class _Lines:
    """The lines of a descriptor, one after the other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        parts = [self._rest]
        size = len(self._rest)
        while b"\n" not in parts[-1]:
            if size > LONGEST_LINE_BYTES:
                raise StopAsyncIteration
            chunk = await _in_thread(lambda: os.read(self._descriptor, _CHUNK_BYTES))
            if not chunk:
                raise StopAsyncIteration
            parts.append(chunk)
            size += len(chunk)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return line.decode("utf-8", "replace")


class _Wire:
    """A descriptor that whole messages are written to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def write(self, text: str) -> None:
        left = memoryview(text.encode("utf-8"))

        def write_all() -> None:
            sent = 0
            while sent < len(left):
                sent += os.write(self._descriptor, left[sent:])

        try:
            await _in_thread(write_all)
        except BrokenPipeError:
            # The client has gone; the end of its input says so too.
            return

    async def flush(self) -> None:
        """Nothing is kept back."""


async def _in_thread(work: Callable[[], Any]) -> Any:
    """Do something that blocks; when this is cancelled, its thread is left behind."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def tell(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except OSError as exc:
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name="mas-mcp-stdio", daemon=True).start()
    return await done
