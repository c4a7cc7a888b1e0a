"""A gateway with an agent in front of it and a provider behind it, all on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from mas.adapters.models.gateway import Admission, Gateway
from mas.adapters.models.settings import Endpoint, ModelSettings, Price
from mas.core.budget import NO_BUDGET, Account, Budget
from mas.core.coding import Wire
from mas.core.metering import Exchange
from mas.core.usage import Usage
from mas.testing.clock import ManualClock

KEY = "canary-key-0123456789"
MODELS = {"anthropic": "claude-sonnet-5", "openai": "gpt-4o"}
LIMIT = 60.0
"""Seconds that anything may take that has to happen."""


class Books:
    """A meter over a budget; tells when a call was settled."""

    def __init__(self, budget: Budget = NO_BUDGET) -> None:
        self.account = Account(budget=budget)
        self.promised: list[Usage] = []
        self.settled: list[Exchange] = []
        self._changed = asyncio.Condition()

    async def call(self, most: Usage, body: Callable[[], Awaitable[Exchange]]) -> Exchange:
        self.account = self.account.reserve(most)
        self.promised.append(most)
        exchange = await body()
        self.account = self.account.settle(most, exchange.usage)
        async with self._changed:
            self.settled.append(exchange)
            self._changed.notify_all()
        return exchange

    async def until_settled(self, count: int) -> Exchange:
        """The last of so many calls that are in the books."""
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(lambda: len(self.settled) >= count)
            return self.settled[count - 1]


def settings(
    url: str, *, key_env: str = "CANARY", timeout: timedelta = timedelta(seconds=60)
) -> ModelSettings:
    """Endpoints `anthropic-here` and `openai-here` at an address without a path."""
    return ModelSettings(
        endpoints={
            f"{wire}-here": Endpoint(protocol=wire, base_url=url, key_env=key_env)
            for wire in ("anthropic", "openai")
        },
        prices={
            f"{wire}-here:{model}": Price(input=2, output=10, cache_read=1, cache_write=4)
            for wire, model in MODELS.items()
        },
        timeout=timeout,
    )


@dataclass(kw_only=True)
class Agent:
    """An admission, and a client that has nothing but what it gives."""

    gateway: Gateway
    admission: Admission
    books: Books
    kept: Path
    client: httpx2.AsyncClient = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        if self.admission.wire == "anthropic":
            return {"x-api-key": self.admission.token, "anthropic-version": "2023-06-01"}
        return {"authorization": f"Bearer {self.admission.token}"}

    async def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Ask, and read all of the answer."""
        return await self.client.post(
            self.url(path), json=dict(body), headers={**self.headers, **(headers or {})}
        )

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.gateway.port}{path}"

    def files(self) -> list[Path]:
        return sorted(self.kept.glob("*.json"))


@asynccontextmanager
async def agent_of(
    gateway: Gateway,
    kept: Path,
    wire: Wire = "anthropic",
    *,
    budget: Budget = NO_BUDGET,
    **more: Any,
) -> AsyncIterator[Agent]:
    """An agent of this gateway."""
    books = Books(budget)
    name = f"{wire}-here:{MODELS[wire]}"
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=LIMIT) as client,
        gateway.admit(name, wire, books, kept=kept, **more) as admission,
    ):
        yield Agent(gateway=gateway, admission=admission, books=books, kept=kept, client=client)


@asynccontextmanager
async def gateway_to(url: str, **more: Any) -> AsyncIterator[Gateway]:
    """A gateway in front of a provider at this address."""
    given = {name: more.pop(name) for name in ("timeout", "key_env") if name in more}
    environment = {"CANARY": KEY}
    async with Gateway(settings(url, **given), environment, clock=ManualClock(), **more) as gateway:
        yield gateway


@asynccontextmanager
async def agent_at(
    url: str,
    kept: Path,
    wire: Wire = "anthropic",
    *,
    patience: timedelta = timedelta(seconds=LIMIT),
    **more: Any,
) -> AsyncIterator[Agent]:
    """An agent of a gateway of its own, in front of a provider at this address."""
    async with (
        gateway_to(url, timeout=patience) as gateway,
        agent_of(gateway, kept, wire, **more) as agent,
    ):
        yield agent


def question(wire: Wire = "anthropic", *, stream: bool = False, text: str = "hello") -> dict:
    """The body of a small request."""
    turns = [{"role": "user", "content": text}]
    asked: dict[str, Any] = {"model": MODELS[wire], "max_tokens": 100, "messages": turns}
    if stream:
        asked["stream"] = True
        if wire == "openai":
            asked["stream_options"] = {"include_usage": True}
    return asked


PATHS: Mapping[str, str] = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions"}


class HandmadeProvider:
    """A provider that a test plays byte by byte: one function for each connection."""

    def __init__(self, play: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]) -> None:
        """`play` gets the request's head and body, and writes what it likes."""
        self._play = play
        self._server: asyncio.Server | None = None
        self.heads: list[bytes] = []
        self.url = ""

    async def __aenter__(self) -> HandmadeProvider:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *ended: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                size = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length")
                )
                await self._play(await reader.readexactly(size), writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
"""Begins a stream that ends with its connection."""


def response(status: int, body: bytes, *headers: str) -> bytes:
    """A whole answer of JSON."""
    lines = [
        f"HTTP/1.1 {status} Said",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
