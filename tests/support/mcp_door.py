"""The door of MAS with the official client: in this process, over stdio and over HTTP."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from mas.app.driving import Driving
from mas.app.service import Service, open_service
from mas.app.settings import load_settings
from mas.mcp_servers.mas.server import MasServer
from support.command import LIMIT_SECONDS, Mas


@dataclass(frozen=True, kw_only=True)
class OpenDoor:
    """A server in this process, with what it works on."""

    service: Service
    driving: Driving
    server: MasServer


@dataclass
class Heard:
    """The progress that a client was told of."""

    told: list[tuple[float, float | None, str | None]] = field(default_factory=list)

    async def __call__(self, done: float, total: float | None, message: str | None) -> None:
        self.told.append((done, total, message))


@asynccontextmanager
async def open_door(home: Path) -> AsyncIterator[OpenDoor]:
    settings = load_settings({"MAS_HOME": str(home), "HOME": str(home.parent), "PATH": ""})
    async with open_service(settings) as service, Driving(service) as driving:
        server = MasServer(service, driving)
        yield OpenDoor(service=service, driving=driving, server=server)


def over_stdio(mas: Mas, *, mode: str = "auto") -> Client:
    """A client with a `mas mcp serve mas` of its own."""
    started = StdioServerParameters(
        command=sys.executable, args=["-m", "mas", "mcp", "serve", "mas"], env=mas.environment
    )
    return Client(stdio_client(started), mode=mode)


@asynccontextmanager
async def over_http(url: str, *, token: str = "", mode: str = "auto") -> AsyncIterator[Client]:
    """A client of a server that listens already; proxies of the machine are not asked."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=LIMIT_SECONDS, trust_env=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that has to succeed; its structured answer."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result
    assert result.structured_content is not None
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> tuple[str, str]:
    """Call a tool that has to refuse; the code and what a model reads."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error, result
    assert result.structured_content is None
    (said,) = result.content
    assert said.type == "text"
    assert "Traceback" not in said.text
    return (result.meta or {})["mas/error"]["code"], said.text
