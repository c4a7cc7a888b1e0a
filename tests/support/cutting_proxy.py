"""A TCP proxy on loopback that can be cut like a cable, and mended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class CuttingProxy:
    """Hands on bytes both ways until it is cut."""

    def __init__(self, target: str) -> None:
        place = urlsplit(target)
        self._target = (place.hostname, place.port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_cut = False
        self.refused = 0
        """Connections that were tried while it was cut."""
        self.tried = asyncio.Event()
        """Somebody has tried since it was cut."""
        self.url = ""

    async def cut(self) -> None:
        """End all connections, and take no new ones."""
        self.is_cut = True
        self.tried.clear()
        for writer in tuple(self._writers):
            # Without a farewell, as when the network has gone.
            writer.transport.abort()

    def mend(self) -> None:
        """Take new connections again."""
        self.is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self.is_cut:
            self._refuse(writer)
            return
        try:
            back, forth = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        if self.is_cut:  # meanwhile
            forth.transport.abort()
            self._refuse(writer)
            return
        self._writers |= {writer, forth}
        ways = [
            asyncio.ensure_future(_pump(reader, forth)),
            asyncio.ensure_future(_pump(back, writer)),
        ]
        self._tasks |= set(ways)
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for one in (writer, forth):
                one.transport.abort() if self.is_cut else one.close()
            self._writers -= {writer, forth}
            self._tasks -= set(ways)

    def _refuse(self, writer: asyncio.StreamWriter) -> None:
        self.refused += 1
        self.tried.set()
        writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting_proxy(target: str) -> AsyncIterator[CuttingProxy]:
    """A proxy in front of a server."""
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        await proxy.cut()
        server.close()
