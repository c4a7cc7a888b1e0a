"""Measures every request: how long it took and how it was answered, by the template of its route.

Two parts: the outer one, around the guard, holds the clock, so that refusals are counted too; the
inner one, inside the application, sees which route was chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, cast

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_ROUTE = "none"
"""The route of a request that was refused before one was looked for, or for which there is none."""

_NOTE = "measured"
_FAULT = 500


class Meter(Protocol):
    """What takes the measures."""

    def http_request(self, *, method: str, route: str, status: int, took: timedelta) -> None:
        """A request was answered, or its stream begins."""

    def stream_began(self) -> None:
        """One stream of events more is sent."""

    def stream_ended(self) -> None:
        """One stream of events less is sent."""


@dataclass(kw_only=True)
class _Note:
    """What the inner part tells the outer one."""

    route: str = NO_ROUTE


class Measuring:
    """The outer part, as ASGI middleware around everything."""

    def __init__(
        self, app: ASGIApp, *, meter: Meter, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._meter = meter
        self._ticks = ticks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, and take down how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        note = _Note()
        scope = {**scope, "state": {**scope.get("state", {}), _NOTE: note}}
        began = self._ticks()
        status: int | None = None
        taken = streaming = False

        def take(answered: int) -> None:
            nonlocal taken
            taken = True
            took = timedelta(seconds=self._ticks() - began)
            self._meter.http_request(
                method=scope["method"], route=note.route, status=answered, took=took
            )

        async def look(message: Message) -> None:
            nonlocal status, streaming
            if message["type"] == "http.response.start":
                status = message["status"]
                kind = Headers(raw=message["headers"]).get("content-type", "")
                if kind.startswith("text/event-stream"):
                    streaming = True
                    self._meter.stream_began()
                    take(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, look)
        except Exception:
            if not taken:
                take(status or _FAULT)
            raise
        finally:
            if streaming:
                self._meter.stream_ended()
        if not taken and status is not None:
            take(status)


class NotingRoute:
    """The inner part, as middleware of the application: after it only the router follows."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, and note its route before the answer begins."""
        note = cast("_Note | None", scope.get("state", {}).get(_NOTE))
        if scope["type"] != "http" or note is None:
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                note.route = _template(scope)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            note.route = _template(scope)


def _template(scope: Scope) -> str:
    """The route's template: of files that are served as they are, the folder alone."""
    route = scope.get("route")
    endpoint = scope.get("endpoint")
    if route is None and endpoint is not None:
        # Of what is no route of the framework's own, only what answers is noted.
        fitting = (
            one
            for one in scope["app"].routes
            if getattr(one, "endpoint", None) is endpoint or getattr(one, "app", None) is endpoint
        )
        route = next(fitting, None)
    return str(getattr(route, "path", NO_ROUTE))
