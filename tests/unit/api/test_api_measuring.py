"""Requests are measured by the template of their route, also those that are refused (P3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route

from mas.http.measuring import Measuring, NotingRoute

Taken = list[tuple[str, str, int]]


class Ticks:
    """A clock that passes a second with each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def measured() -> tuple[Any, Taken, list[timedelta]]:
    app = FastAPI()
    router = APIRouter(prefix="/api")

    @router.get("/runs/{run_id}")
    async def show(run_id: str) -> str:
        return run_id

    @router.get("/fault")
    async def fault() -> str:
        raise ValueError

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            yield b"data: 1\n\n"
            taken.append(("while", "streaming", 0))
            yield b"data: 2\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    app.include_router(router)

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("x")(scope, receive, send)

    class Endpoint:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await plain(scope, receive, send)

    app.router.routes.append(Route("/mcp", Endpoint()))
    app.router.routes.append(Mount("/static", plain))
    app.add_middleware(NotingRoute)
    taken: Taken = []
    times: list[timedelta] = []

    class Meter:
        def http_request(self, *, method: str, route: str, status: int, took: timedelta) -> None:
            taken.append((method, route, status))
            times.append(took)

        def stream_began(self) -> None:
            taken.append(("stream", "began", 0))

        def stream_ended(self) -> None:
            taken.append(("stream", "ended", 0))

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/refused":
            await PlainTextResponse("no", 401)(scope, receive, send)
        else:
            await app({**scope, "state": {**scope["state"]}}, receive, send)

    return Measuring(guard, meter=Meter(), ticks=Ticks()), taken, times


@pytest.mark.parametrize(
    ("path", "status", "route"),
    [
        ("/api/runs/20260101_000000_abcdef12", 200, "/api/runs/{run_id}"),
        ("/static/mas.css", 200, "/static"),
        ("/mcp", 200, "/mcp"),
        ("/refused", 401, "none"),
        ("/nothing/here/2f6e", 404, "none"),
    ],
)
async def test_p3_a_request_is_measured_by_its_template(path: str, status: int, route: str) -> None:
    app, taken, times = measured()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        await http.get(path)
    assert taken == [("GET", route, status)]
    assert times == [timedelta(seconds=1)]


async def test_p3_a_fault_is_measured_as_one() -> None:
    app, taken, _ = measured()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        await http.get("/api/fault")
    assert taken == [("GET", "/api/fault", 500)]


async def test_p3_a_stream_is_measured_once_it_begins_and_counted_while_it_is_open() -> None:
    app, taken, _ = measured()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        await http.get("/api/stream")
    assert taken == [
        ("stream", "began", 0),
        ("GET", "/api/stream", 200),
        ("while", "streaming", 0),
        ("stream", "ended", 0),
    ]
