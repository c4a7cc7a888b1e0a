"""What the gateway answers to whom: paths, tokens, sizes. An ASGI application of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from mas.adapters.models.gateway.admission import Admission
from mas.adapters.models.gateway.asked import BadRequest, read_asked
from mas.adapters.models.gateway.call import Call, Sent
from mas.adapters.models.gateway.headers import decoded, tokens_in
from mas.adapters.models.gateway.replying import Receive, Reply, Send
from mas.adapters.models.gateway.upstream import Upstream
from mas.adapters.models.gateway.wires import (
    CallRoute,
    ModelsRoute,
    model_body,
    models_body,
    route_of,
    wire_of,
)
from mas.core.ports import Clock

MOST_BYTES: Final = 50 * 1024 * 1024
"""Of a request's body."""
_LONG_BYTES: Final = 256 * 1024
"""What takes longer to read than others should wait for."""
_log = logging.getLogger(__name__)


class _TooLarge(Exception):
    """The body goes beyond the limit."""


class _Left(Exception):
    """The agent went away before its request was whole."""


class Service:
    """Answers one request after the other; many at a time."""

    def __init__(
        self, admitted: Callable[[str], Admission | None], upstream: Upstream, *, clock: Clock
    ) -> None:
        """`admitted` looks up a token."""
        self._admitted = admitted
        self._upstream = upstream
        self._clock = clock

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        headers, reply = decoded(scope["headers"]), Reply(send)
        try:
            await self._answer(scope, headers, receive, reply)
        except _Left:
            return
        # The top of this face: one agent's call must not be another's trouble.
        except Exception:  # noqa: BLE001 - told in the log, with its traceback
            _log.exception("The model gateway failed in a request.")
            if not reply.started:
                wire = wire_of(scope["path"], headers)
                await reply.error(wire, 500, "The model gateway has failed.")

    async def _answer(
        self, scope: Mapping[str, Any], headers: Mapping[str, str], receive: Receive, reply: Reply
    ) -> None:
        method, path = scope["method"], scope["path"]
        if path == "/" and method in ("GET", "HEAD"):
            # Some agents look whether somebody is there; no token is needed to hear that.
            await reply.json({"service": "model gateway"})
            return
        found = map(self._admitted, tokens_in(headers))
        admission = next((one for one in found if one is not None), None)
        if admission is None:
            wire = wire_of(path, headers)
            await reply.error(wire, 401, "This token is none of the model gateway's, or has ended.")
            return
        route = route_of(method, path)
        if isinstance(route, CallRoute) and route.wire == admission.wire:
            await self._call(scope, headers, route, admission, receive, reply)
        elif isinstance(route, ModelsRoute) and route.name in ("", admission.model):
            tell = model_body if route.name else models_body
            await reply.json(tell(admission.wire, admission.model))
        else:
            await reply.error(admission.wire, 404, f"{method} {path[:200]} is not served here.")

    async def _call(
        self,
        scope: Mapping[str, Any],
        headers: Mapping[str, str],
        route: CallRoute,
        admission: Admission,
        receive: Receive,
        reply: Reply,
    ) -> None:
        wire = admission.wire
        if headers.get("content-encoding", "identity") != "identity":
            await reply.error(wire, 415, "The body of a request must not be packed.")
            return
        try:
            data = await _read(headers, receive)
            read = partial(
                read_asked,
                route.kind,
                data,
                model=admission.model,
                provider_tools=admission.provider_tools,
            )
            asked = await asyncio.to_thread(read) if len(data) > _LONG_BYTES else read()
        except _TooLarge:
            limit = f"{MOST_BYTES // 1024 // 1024} MiB"
            await reply.error(wire, 413, f"The body of a request has at most {limit}.")
            return
        except BadRequest as exc:
            await reply.error(wire, 400, str(exc))
            return
        if admission.ended:
            await reply.error(wire, 401, "The task of this token has ended.")
            return
        sent = Sent(
            route=route,
            query=scope["query_string"],
            headers=headers,
            asked=asked,
            size=len(data),
            at=self._clock.now(),
        )
        await Call(admission, sent, reply, receive, self._upstream).run()


async def _read(headers: Mapping[str, str], receive: Receive) -> bytes:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise _TooLarge
    data = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Left
        data += message.get("body", b"")
        more = message.get("more_body", False)
        if len(data) > MOST_BYTES:
            raise _TooLarge
    return bytes(data)
