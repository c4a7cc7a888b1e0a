"""One answer on its way to an agent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mas.adapters.models.gateway.wires import error_body
from mas.core.coding import Wire
from mas.core.values import JsonObject, encode_json

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

FINAL: Final = {"x-should-retry": "false"}
"""Tells clients of both vendors not to try again."""


class Reply:
    """Says an answer; what is said to someone who has gone is lost without an error."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Say status and headers."""
        self.started = True
        encoded = [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in headers.items()
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def piece(self, data: bytes) -> None:
        """Say some of the body. Waits while the agent reads slowly."""
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """Say that the body is whole."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def whole(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say all of an answer."""
        told = {"content-type": "application/json", **(headers or {})}
        await self.start(status, {**told, "content-length": str(len(body))})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def json(self, value: JsonObject) -> None:
        """Say an answer of JSON."""
        await self.whole(200, encode_json(value))

    async def error(
        self, wire: Wire, status: int, message: str, *, code: str = "", final: bool = True
    ) -> None:
        """Say an error in the protocol's form; `final`: trying again is of no use."""
        body = encode_json(error_body(wire, status, message, code=code))
        await self.whole(status, body, FINAL if final else None)
