"""A route that is there for browsers alone: programs that ask for the same address get JSON."""

from __future__ import annotations

from typing import Any

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from mas.web.accepts import prefers_page


class PageRoute(APIRoute):
    """Fits only requests that would rather have HTML than JSON; it has to stand before the route
    that gives the JSON."""

    def matches(self, scope: Scope) -> tuple[Match, Any]:
        """See Starlette."""
        if scope["type"] == "http" and not prefers_page(Headers(scope=scope)):
            return Match.NONE, {}
        return super().matches(scope)
