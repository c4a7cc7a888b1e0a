"""Sending the messages of a live page as `text/event-stream`."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from datetime import timedelta

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mas.core.errors import MasError
from mas.web.live.hub import LiveHub
from mas.web.live.picture import Reader

SEND_TIME = timedelta(seconds=60)
"""A reader that takes nothing for so long has gone without a word; if not, it comes back."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Proxies that gather answers would keep the messages to themselves.
    (b"x-accel-buffering", b"no"),
]
_log = logging.getLogger(__name__)


class LiveStream(Response):
    """The messages for a page that shows a run up to the event `after`."""

    def __init__(self, hub: LiveHub, run_id: str, reader: Reader, after: int) -> None:
        super().__init__()
        self._hub = hub
        self._run_id = run_id
        self._reader = reader
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Ends with the run, with the server, or when the reader has gone."""
        del scope
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.wait((sending, leaving))
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        try:
            await _chunk(send, b": here\n\n")
            messages = self._hub.messages(self._run_id, self._reader, self._after)
            async with aclosing(messages) as told:
                async for message in told:
                    await _chunk(send, message.data)
        except TimeoutError:
            return
        except MasError as error:
            # The page comes back and hears then what is wrong.
            _log.warning("the live page of run %s ends early: %s", self._run_id, error)
        await _chunk(send, b"", more=False)


async def _chunk(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(SEND_TIME.total_seconds()):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
