"""Bodies of requests: what kind they may be, and reading them within limits of size and time."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

from starlette.types import Message, Receive

from mas.core.errors import UserError
from mas.http.access.incoming import Incoming

BODY_LIMIT_BYTES = 2 * 1024 * 1024
"""Holds the longest prompt however its characters are written."""

BODY_TIME = timedelta(seconds=30)
"""How long a client may take to send a body."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
_WITHOUT_FORMS = ("/api/", "/orchestrate", "/mcp", "/workspace", "/metrics")
"""Addresses for programs. Everywhere else a form may stand on a page of ours."""


_DROP_TIME = timedelta(seconds=5)


class Gone(Exception):
    """The client has gone before its request was whole."""


def refuse_kind(incoming: Incoming) -> None:
    """Refuse a body by its headers.

    Raises:
        UserError: It is too large (`too_large`) or no JSON (`not_json`); forms fit pages alone.
    """
    kind = incoming.kind
    if incoming.has_body or kind:
        takes_form = not incoming.path.startswith(_WITHOUT_FORMS) and incoming.method == "POST"
        if incoming.unsafe and kind != JSON and not (kind == FORM and takes_form):
            raise not_json()
    length = incoming.header(b"content-length") or "0"
    if not (length.isascii() and length.isdecimal()) or int(length) > BODY_LIMIT_BYTES:
        raise _too_large()


async def whole_body(receive: Receive) -> bytes:
    """The body, within limits of size and time.

    Raises:
        UserError: It is too large, or did not come in time (`slow_body`).
        Gone: There is nobody to answer any more.
    """
    parts: list[bytes] = []
    total = 0
    try:
        async with asyncio.timeout(BODY_TIME.total_seconds()):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Gone
                part: bytes = message.get("body", b"")
                total += len(part)
                if total > BODY_LIMIT_BYTES:
                    raise _too_large()
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError as exc:
        raise UserError(
            "The body did not come in time.",
            hint="Send it again.",
            code="slow_body",
        ) from exc


async def drop_body(incoming: Incoming, receive: Receive) -> None:
    """Let a client send what nobody will read, for a while.

    A connection that is closed while something is on its way is reset, and the answer that says
    why may never be seen. Clients that ask before they send are told at once.
    """
    if incoming.has(b"expect"):
        return
    total = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DROP_TIME.total_seconds()):
            while total <= 2 * BODY_LIMIT_BYTES:
                message = await receive()
                total += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def replayed(body: bytes, receive: Receive) -> Receive:
    """Hand on a body that was read already, and then what comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def not_json() -> UserError:
    """The error for a body of another kind."""
    return UserError(
        "The body has to be JSON.",
        hint="Send the header `Content-Type: application/json`.",
        code="not_json",
    )


def _too_large() -> UserError:
    return UserError(
        f"The body is larger than {BODY_LIMIT_BYTES:,} bytes.",
        hint="Send a shorter prompt; files belong into the repository.",
        code="too_large",
    )
