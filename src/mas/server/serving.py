"""`mas serve`: the HTTP server with its runs, from the first socket to the last task.

Stopping, when the coroutine is cancelled (Ctrl-C, TERM):
1. the socket is closed, and whoever waits for a run is told that it goes on later;
2. requests under way get `REQUEST_TIME` to end;
3. drives are cancelled, which puts their tasks back (`mas.app.driving`);
4. the service closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from mas.adapters.telemetry.prometheus import PrometheusTelemetry
from mas.app.access_settings import TOKENS, refuse_former, tokens_of
from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import Settings
from mas.app.workplaces import executor_for
from mas.core.access_tokens import MAKE_ONE
from mas.core.errors import Permanent, UserError
from mas.http.access.door import Access
from mas.server.app import create_app
from mas.server.connections import bounded_connections, most_connections
from mas.server.warming import warm
from mas.teams.fanout.order import Order

REQUEST_TIME = timedelta(seconds=4)

_BACKLOG = 128
_MANY_FILES = 16_384
_IN_CONTAINERS = Order(agents=1, coders=(), executor="docker")


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


async def serve_until_stopped(
    settings: Settings,
    *,
    host: str,
    port: int,
    worker: bool,
    on_listening: Callable[[Listening], None],
    only_mcp: bool = False,
) -> None:
    """Serve until the coroutine is cancelled. `port` 0 takes any that is free. `only_mcp` leaves
    out pages and API.

    Raises:
        UserError: The address cannot be listened at, or is open to others and no token is set; or
            a token that is set cannot be used.
        MasError: The journal cannot be opened.
    """
    access = _access_of(settings)
    telemetry = PrometheusTelemetry()
    _allow_many_files()
    with _listening(host, port, access) as bound:
        listening = Listening(host=bound.getsockname()[0], port=bound.getsockname()[1])
        async with (
            open_service(settings, telemetry=telemetry) as service,
            Driving(service, worker=worker) as driving,
        ):
            app = create_app(
                service,
                settings,
                driving=driving,
                docker=_docker_of(settings),
                access=access,
                telemetry=telemetry,
                only_mcp=only_mcp,
            )
            warming: list[asyncio.Task[None]] = []

            def started() -> None:
                on_listening(listening)
                if not only_mcp:
                    warming.append(asyncio.create_task(warm(app)))

            await _run(_Server(app, on_started=started), bound, driving)


def _allow_many_files() -> None:
    """Take as many open files as this process may have: each watcher of a run is one, and systems
    start a process with 1,024. What agents are allowed is set with their sandboxes, and how many
    files connections may take in `mas.server.connections`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, _MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _run(server: _Server, bound: socket.socket, driving: Driving) -> None:
    """Let the server run until it ends by itself, or the caller is cancelled."""
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await asyncio.wait((serving,))
    finally:
        driving.stop()
        server.should_exit = True
        # Its own limits end it: requests are cancelled after REQUEST_TIME.
        await asyncio.wait((serving,), timeout=2 * REQUEST_TIME.total_seconds())
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    raise Permanent("The server has ended.", hint="The log under MAS_HOME has the details.")


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it, and says when it listens."""

    def __init__(self, app: FastAPI, *, on_started: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=bounded_connections(most_connections()),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                # The Host header and the peer are what they are: nobody speaks for somebody else.
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=int(REQUEST_TIME.total_seconds()),
            )
        )
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_started()


def _access_of(settings: Settings) -> Access:
    refuse_former(settings.environment)
    return Access(
        tokens=tokens_of(settings.access),
        allowed_hosts=settings.access.allowed_hosts,
        trusted_proxies=settings.access.trusted_proxies,
    )


@contextlib.contextmanager
def _listening(host: str, port: int, access: Access) -> Iterator[socket.socket]:
    """A socket that listens; nothing is accepted yet."""
    family, address = _resolved(host, port)
    loopback = ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback
    if access.is_open and not loopback:
        raise UserError(
            f"{host} can be reached by other machines, and no access token is set.",
            hint=f"Set {TOKENS} ({MAKE_ONE[0].lower()}{MAKE_ONE[1:]}), or listen on 127.0.0.1.",
            code="no_api_token",
        )
    # asyncio sends at once, instead of waiting 40 ms for more, only where the protocol is named.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            bound.bind(address)
            bound.listen(_BACKLOG)
        except (OSError, OverflowError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
            raise UserError(
                f"MAS cannot listen on {host} port {port}: {reason}.",
                hint="Choose another with --port, or --port 0 for any that is free.",
                code="bad_address",
            ) from exc
        bound.setblocking(False)
        yield bound


def _resolved(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError, OverflowError) as exc:
        raise UserError(
            f"There is no address {host!r} port {port} on this machine.",
            hint="Give an IP address of it, such as --host 127.0.0.1.",
            code="bad_address",
        ) from exc
    # `localhost` has two; the older family is what most clients try.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, tuple(address)


def _docker_of(settings: Settings) -> Callable[[], Awaitable[str]]:
    """Looks for containers anew each time: somebody may just have mended them."""

    async def ready() -> str:
        return await executor_for(_IN_CONTAINERS, settings).ready()

    return ready
