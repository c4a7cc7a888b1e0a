"""What a request has to pass before it is looked at: host, token, kind and size of its body."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mas.core.actors import Actor
from mas.core.errors import MasError, UserError
from mas.http.caller import Caller
from mas.http.problems import problem

BODY_LIMIT_BYTES = 2 * 1024 * 1024
"""Holds the longest prompt however its characters are written."""

BODY_TIME = timedelta(seconds=30)
"""How long a client may take to send a body."""

_OPEN = frozenset({"/health", "/ready"})
"""Seen without a token: probes have none, and they tell nothing of anybody's work."""

_HOST = re.compile(r"(\[(?P<six>[^\]]+)\]|(?P<name>[^:\[\]]+))(:[0-9]*)?")
_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use the API."""

    token: str | None = field(default=None, repr=False)
    """None: nobody needs one, which is for loopback alone."""

    def refuse(self, path: str, headers: Headers) -> MasError | None:
        """Why a request may not pass; None: it may."""
        if self.token is None:
            return None if _names_loopback(headers.get("host", "")) else _wrong_host()
        if path in _OPEN or self._knows_token(headers.get("authorization", "")):
            return None
        return UserError(
            "This needs the access token of the server.",
            hint="Send the header `Authorization: Bearer TOKEN` with the value of MAS_API_TOKEN.",
            code="no_token",
        )

    def _knows_token(self, given: str) -> bool:
        kind, _, token = given.partition(" ")
        # Headers are Latin-1 on the wire.
        told = token.strip().encode("latin-1", "replace")
        known = (self.token or "").encode()
        return kind.lower() == "bearer" and hmac.compare_digest(told, known)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_SAFE_HEADERS]}
            await send(message)

        headers = Headers(scope=scope)
        refused = self._access.refuse(scope["path"], headers) or _unfit_body(scope, headers)
        body = b""
        if refused is None and _has_body(headers):
            try:
                body = await _whole(receive)
            except MasError as error:
                refused = error
            except _Gone:
                return
        if refused is not None:
            await problem(refused)(scope, receive, send_safely)
            return
        if scope["method"] == "HEAD":
            # The server drops the body; what the headers say of it is that of GET.
            scope = {**scope, "method": "GET"}
        client = scope.get("client") or ("unknown", 0)
        actor = Actor(name="local", role="admin", origin=f"http {client[0]}")
        scope.setdefault("state", {})["caller"] = Caller(actor=actor, csrf="")
        await self._app(scope, _replay(body, receive), send_safely)


class _Gone(Exception):
    """The client has gone before its request was whole."""


def _names_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a page of a foreign name must not reach it."""
    named = _HOST.fullmatch(host.strip().lower())
    if named is None:
        return False
    name = named["six"] or named["name"]
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _wrong_host() -> UserError:
    return UserError(
        "The request names a host that this server does not answer for.",
        hint="Use http://localhost or http://127.0.0.1, or set MAS_API_TOKEN.",
        code="wrong_host",
    )


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _unfit_body(scope: Scope, headers: Headers) -> UserError | None:
    """Refuse by the headers: forms of foreign pages cannot send JSON without asking first."""
    if scope["method"] in ("POST", "PUT", "PATCH"):
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/json", "application/x-www-form-urlencoded"):
            return UserError(
                "The body has to be JSON.",
                hint="Send the header `Content-Type: application/json`.",
                code="not_json",
            )
    length = headers.get("content-length", "0")
    return _too_large() if not length.isdecimal() or int(length) > BODY_LIMIT_BYTES else None


async def _whole(receive: Receive) -> bytes:
    """The body, within limits of size and time."""
    parts: list[bytes] = []
    total = 0
    try:
        async with asyncio.timeout(BODY_TIME.total_seconds()):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise _Gone
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


def _replay(body: bytes, receive: Receive) -> Receive:
    """Hand on a body that was read already, and then what comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large() -> UserError:
    return UserError(
        f"The body is larger than {BODY_LIMIT_BYTES:,} bytes.",
        hint="Send a shorter prompt; files belong into the repository.",
        code="too_large",
    )
