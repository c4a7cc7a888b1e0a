"""The HTTP server in this process: a TCP port and a Unix socket, no signal handlers, no log."""

from __future__ import annotations

import asyncio
import logging
import socket as sockets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mas.adapters.models.gateway.serving import Service
from mas.core.errors import UserError

_BACKLOG: Final = 256
_MOST_CONNECTIONS: Final = 512
_KEEP_SECONDS: Final = 75
"""For a connection without a request: longer than clients keep one, so that they close it."""
_GRACE_SECONDS: Final = 2
_OPEN_SECONDS: Final = 10.0
_HEADER_BYTES: Final = 64 * 1024
_LONGEST_PATH: Final = 100
"""Bytes; systems take 104 to 108."""
_ANYONE: Final = 0o666
_PASSABLE: Final = 0o711
_PREFIX: Final = "mas-gateway-"
_NAME: Final = "gateway.sock"


class _Protocol(H11Protocol):
    """Says nothing when an answer ends early: that is how a broken one is passed on."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.logger = logging.Logger("mas.gateway", logging.CRITICAL)
        self.access_log = False


class _Server(uvicorn.Server):
    """Leaves signals to whoever owns the process, and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()
        self.stops = asyncio.Event()

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listens.set()

    async def main_loop(self) -> None:
        # Instead of looking ten times a second: the only thing that was looked after is the date.
        await self.stops.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Listener:
    """Serves while it is entered."""

    def __init__(self, service: Service, *, host: str, port: int, socket: Path | None) -> None:
        self._service = service
        self._host = host
        self._wanted_port = port
        self._wanted_socket = socket
        self._stack = ExitStack()
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.port = 0
        self.socket = Path()

    async def __aenter__(self) -> Self:
        """Raises UserError where port or socket cannot be listened on (`gateway_address`)."""
        with ExitStack() as stack:
            tcp = stack.enter_context(_tcp(self._host, self._wanted_port))
            self.port = int(tcp.getsockname()[1])
            unix, self.socket = stack.enter_context(_unix(self._wanted_socket))
            config = uvicorn.Config(
                self._service,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                limit_concurrency=_MOST_CONNECTIONS,
                timeout_keep_alive=_KEEP_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                h11_max_incomplete_event_size=_HEADER_BYTES,
            )
            self._server = _Server(config)
            self._serving = asyncio.create_task(self._server.serve([tcp, unix]))
            self._stack = stack.pop_all()
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self._server.listens.wait()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        server, serving = self._server, self._serving
        self._server = self._serving = None
        try:
            if server is not None and serving is not None:
                server.stops.set()
                try:
                    await serving
                finally:
                    serving.cancel()
                    # Of agents that do not read what waits for them.
                    for connection in tuple(server.server_state.connections):
                        connection.transport.abort()
        finally:
            self._stack.close()


@contextmanager
def _tcp(host: str, port: int) -> Iterator[sockets.socket]:
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    # With the protocol said in full, connections send at once; else pieces wait for each other.
    with sockets.socket(family, sockets.SOCK_STREAM, sockets.IPPROTO_TCP) as listener:
        try:
            listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as exc:
            raise UserError(
                f"The model gateway cannot listen at {host}:{port}.",
                hint="Choose another port or address.",
                code="gateway_address",
            ) from exc
        yield listener


@contextmanager
def _unix(wanted: Path | None) -> Iterator[tuple[sockets.socket, Path]]:
    with ExitStack() as stack:
        if wanted is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_PREFIX)))
            # Sandboxes have users of their own: they may reach the socket, and list nothing.
            folder.chmod(_PASSABLE)
        path = folder / _NAME if wanted is None else wanted
        listener = stack.enter_context(sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM))
        try:
            _make_room(path)
            listener.bind(str(path))
            stack.callback(_remove, path, path.lstat().st_ino)
            path.chmod(_ANYONE)
            listener.listen(_BACKLOG)
        except (OSError, ValueError) as exc:
            raise UserError(
                f"The model gateway cannot listen at the socket {path}.",
                hint=f"Choose a path of at most {_LONGEST_PATH} bytes in a folder that is yours, "
                "which no other MAS uses.",
                code="gateway_address",
            ) from exc
        yield listener, path


def _make_room(path: Path) -> None:
    """Remove the socket of a process that has died; that of a living one is in the way."""
    if len(str(path).encode()) > _LONGEST_PATH:
        raise ValueError("too long")
    if not path.is_socket():
        return
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)


def _remove(path: Path, inode: int) -> None:
    """Remove our socket, and not that of a process which has come after us."""
    with suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()
