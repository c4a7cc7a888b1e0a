"""Answers that were turned into bytes already, and what stands in their headers (U3)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from fastapi import Request, Response

NO_STORE = {"Cache-Control": "no-store"}


def as_json(value: Any, *, status: int = 200, **headers: str) -> Response:
    """JSON of plain data, dataclasses and structs; what it looks like is said by the route."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(msgspec.json.encode(value), status, {**NO_STORE, **named}, "application/json")


def with_next(answer: Response, request: Request, **query: str) -> Response:
    """The answer with a `Link` to the page that follows (RFC 8288)."""
    address = request.url.include_query_params(**query)
    # Relative to the server: what it is called elsewhere is not known here.
    path = quote(request.scope["path"])
    answer.headers["Link"] = f'<{path}?{address.query}>; rel="next"'
    return answer
