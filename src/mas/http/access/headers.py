"""What every answer tells browsers: run nothing but our own files, frame nothing, guess nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import Message, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""No script or style within a page is run, whatever text gets into it."""

_ALWAYS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Not `no-referrer`: with that, browsers send `Origin: null` with forms of our own pages.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)
_SECURE: Final = (b"strict-transport-security", b"max-age=31536000")
_UNCACHED: Final = (b"cache-control", b"no-store")


def protecting(send: Send, *, https: bool, keeps: bool, cookies: Sequence[str]) -> Send:
    """`send` with these headers in every answer. What a route has said itself stays.

    Args:
        send: Where the answer goes.
        https: Whether the client has come over https, and is to stay with it.
        keeps: Whether a browser may keep an answer that says nothing of that.
        cookies: `Set-Cookie` headers to add.
    """

    async def send_protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            said = {name.lower() for name, _ in headers}
            headers += (one for one in _ALWAYS if one[0] not in said)
            if https:
                headers.append(_SECURE)
            if not keeps and _UNCACHED[0] not in said:
                headers.append(_UNCACHED)
            headers += ((b"set-cookie", one.encode("ascii")) for one in cookies)
            message = {**message, "headers": headers}
        await send(message)

    return send_protected
