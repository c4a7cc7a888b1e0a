"""The MCP door in the application of the server, where its libraries are installed."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mas.app.driving import Driving
from mas.app.service import Service

PATH = "/mcp"


def add_mcp(app: FastAPI, service: Service, driving: Driving) -> None:
    """Add `/mcp`; without the extra `mcp` the address does not exist."""
    if find_spec("mcp") is not None:
        door = _LateDoor(service, driving)
        app.router.routes.append(Route(PATH, door, include_in_schema=False))


class _LateDoor:
    """Loads the door when somebody knocks first: its libraries take longer than all the rest of the
    server to start, and most servers are opened in a browser."""

    def __init__(self, service: Service, driving: Driving) -> None:
        self._service = service
        self._driving = driving
        self._door: ASGIApp | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._loading:
            if self._door is None:
                self._door = await asyncio.to_thread(self._load)
        await self._door(scope, receive, send)

    def _load(self) -> ASGIApp:
        from mas.mcp_servers.mas.http import HttpDoor
        from mas.mcp_servers.mas.server import MasServer

        return HttpDoor(MasServer(self._service, self._driving))
