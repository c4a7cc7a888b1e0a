"""One call of an agent: budget, provider, the answer on its way, and the bill.

Whoever leaves first, agent or gateway, the provider is let go of at once, and the call is settled
with what is known of it: nothing that was begun is left out of the books.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from mas.adapters.models.estimate import tokens_of
from mas.adapters.models.gateway.admission import Admission
from mas.adapters.models.gateway.asked import Asked
from mas.adapters.models.gateway.events import EventCutter, object_of, spoken_tokens
from mas.adapters.models.gateway.headers import downwards
from mas.adapters.models.gateway.keeping import MOST_BYTES, AnswerCopy, KeptExchange
from mas.adapters.models.gateway.replying import FINAL, Receive, Reply
from mas.adapters.models.gateway.upstream import Answer, Upstream, UpstreamFailed
from mas.adapters.models.gateway.usage import UsageReader
from mas.adapters.models.gateway.wires import CallRoute, error_body
from mas.core.errors import BudgetReached, MasError, UserError
from mas.core.metering import Exchange
from mas.core.usage import Usage
from mas.core.values import encode_json

_LARGEST_ERROR: Final = 1024 * 1024
_BYTES_A_TOKEN: Final = 3
_EVENT_STREAM: Final = "text/event-stream"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came from the agent."""

    route: CallRoute
    query: bytes
    headers: Mapping[str, str]
    asked: Asked
    size: int
    """Bytes of the body."""
    at: datetime


class Call:
    """One call, from its reservation to its last byte."""

    def __init__(
        self, admission: Admission, sent: Sent, reply: Reply, receive: Receive, upstream: Upstream
    ) -> None:
        self._admission = admission
        self._sent = sent
        self._reply = reply
        self._receive = receive
        self._upstream = upstream
        self._gone = asyncio.Event()
        self._usage = UsageReader(sent.route.kind, streams=sent.asked.streams)
        self._copy = AnswerCopy()
        self._began = time.monotonic()
        self._metered = sent.route.kind != "count"
        self._name = ""
        self._status = 0
        self._headers: Mapping[str, str] = {}
        self._streams = False
        self._reached = False
        """The provider may have begun to work on it."""
        self._held: bytes | None = None
        """The last of an answer that is no stream: said when the call is in the books."""
        self._failed: UpstreamFailed | None = None
        self._complete = False

    def stop(self) -> None:
        """See `admission.UnderWay`."""
        self._gone.set()

    async def run(self) -> None:
        """Make the call, and answer the agent."""
        asked, admission = self._sent.asked, self._admission
        most = Usage(
            input_tokens=asked.input_tokens,
            output_tokens=asked.output_tokens,
            cost_micros=admission.price.most_micros(
                input=asked.input_tokens, output=asked.output_tokens
            ),
        )
        watching = asyncio.create_task(self._watch())
        admission.enter(self)
        try:
            if self._metered:
                await admission.meter.call(most, self._body)
            else:
                await self._body()
        except BudgetReached as reached:
            admission.refused = reached
            await self._error(400, str(reached), code="budget_reached")
            return
        except MasError as error:
            _log.warning("A model call cannot be entered in the books: %s", error.message)
            await self._error(503, "The call cannot be entered in the books just now.", final=False)
            return
        finally:
            admission.leave(self)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        await self._finish()

    async def _watch(self) -> None:
        """See whether the agent goes away; the request is read, so nothing else can come."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    async def _body(self) -> Exchange:
        """The call itself. Ends without an error whatever happens to it."""
        self._name = self._admission.folder.next_name() if self._metered else ""
        pump, gone = asyncio.create_task(self._pump()), asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pump.cancel()
            gone.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)
        if not pump.cancelled() and (wrong := pump.exception()) is not None:
            raise wrong
        return await self._settle()

    async def _pump(self) -> None:
        route, target = self._sent.route, self._admission.target
        self._reached = True
        try:
            async with self._upstream.ask(
                target,
                route.upstream,
                query=self._sent.query,
                headers=self._sent.headers,
                body=self._sent.asked.body,
            ) as answer:
                self._status, self._headers = answer.status, downwards(answer.headers)
                self._streams = answer.headers.get("content-type", "").startswith(_EVENT_STREAM)
                self._usage = UsageReader(route.kind, streams=self._streams)
                if answer.status >= 300:
                    await self._take_error(answer)
                elif self._streams:
                    await self._stream(answer)
                else:
                    await self._hand_on(answer)
            self._complete = True
            if self._status < 300:
                self._admission.failure = None
        except UpstreamFailed as failed:
            self._failed, self._reached = failed, failed.sent

    async def _stream(self, answer: Answer) -> None:
        """Hand every piece on as it comes; what was asked for beyond the agent's wish stays."""
        cutter = EventCutter()
        await self._reply.start(answer.status, self._headers)
        async for piece in answer.pieces:
            self._copy.feed(piece)
            self._usage.feed(piece)
            if not self._sent.asked.adds_usage:
                await self._reply.piece(piece)
                continue
            wanted = (event for event in cutter.feed(piece) if not _is_count(event))
            await self._reply.piece(b"".join(wanted))
        await self._reply.piece(cutter.rest)

    async def _hand_on(self, answer: Answer) -> None:
        async for piece in answer.pieces:
            self._copy.feed(piece)
            self._usage.feed(piece)
            if self._held is not None:
                if not self._reply.started:
                    await self._reply.start(answer.status, self._headers)
                await self._reply.piece(self._held)
            self._held = piece

    async def _take_error(self, answer: Answer) -> None:
        """An error, without our key in it; said when the call is in the books."""
        told = bytearray()
        async for piece in answer.pieces:
            self._copy.feed(piece)
            told += piece
            if len(told) > _LARGEST_ERROR:
                break
        text = self._admission.hide(told.decode("utf-8", "replace"))
        if "content-encoding" in answer.headers:
            # Packed in spite of what was asked for: our key could not be seen in there.
            text = self._own_error(answer.status, f"{self._admission.target.name} refuses.")
        if answer.status == 401:
            refused = _key_refused(self._admission)
            self._admission.failure = refused
            self._headers = {**self._headers, **FINAL}
            text = self._own_error(401, refused.message)
        elif answer.status < 400:
            text = self._own_error(502, f"{self._admission.target.name} leads somewhere else.")
            self._status = 502
        self._held = text.encode()

    def _own_error(self, status: int, message: str) -> str:
        kept = {name: one for name, one in self._headers.items() if name != "content-encoding"}
        self._headers = {**kept, "content-type": "application/json"}
        return encode_json(error_body(self._admission.wire, status, message)).decode()

    async def _finish(self) -> None:
        """Say the rest of the answer, or that there is none."""
        reply = self._reply
        if self._complete:
            if not reply.started:
                await reply.start(self._status, self._headers)
            await reply.piece(self._held or b"")
            await reply.end()
        elif reply.started:
            # Left without its end: the agent sees that it broke, as it would without a gateway.
            return
        elif self._failed is not None:
            status = 504 if self._failed.late else 502
            await self._error(status, self._failed.message, final=False)
        else:
            await self._error(401, "The task of this token has ended.")

    async def _error(
        self, status: int, message: str, *, code: str = "", final: bool = True
    ) -> None:
        if not self._reply.started:
            await self._reply.error(self._admission.wire, status, message, code=code, final=final)

    async def _settle(self) -> Exchange:
        self._usage.end()
        return await asyncio.to_thread(self._book)

    def _book(self) -> Exchange:
        exchange = self._reckon()
        if not self._metered:
            return exchange
        try:
            return self._keep(exchange)
        except OSError as exc:
            # A full disk is no reason to fail an answer that was paid for.
            _log.warning("A model call could not be kept for replay: %s", exc.strerror)
            return exchange

    def _reckon(self) -> Exchange:
        """What the call has used: as the provider has counted, else as can be estimated."""
        target, asked = self._admission.target, self._sent.asked
        answered = 200 <= self._status < 300
        input_tokens, output, read, write = 0, 0, 0, 0
        if answered or (self._status == 0 and self._reached):
            counted = self._usage.counted
            input_tokens = asked.input_tokens if self._usage.input is None else self._usage.input
            output = counted.output or 0
            read, write = counted.cache_read, counted.cache_write
            if not counted.finished:
                output = max(output, self._said())
        cost = self._admission.price.cost_micros(
            input=input_tokens, output=output, cache_read=read, cache_write=write
        )
        return Exchange(
            model=target.name,
            status=self._status,
            input_tokens=input_tokens,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_tokens=write,
            cost_micros=cost or 0,
            priced=cost is not None,
        )

    def _said(self) -> int:
        """Tokens of what has come of an answer that nobody has counted."""
        text = self._copy.text
        beyond = max(0, self._copy.size - MOST_BYTES) // _BYTES_A_TOKEN
        return (spoken_tokens(text) if self._streams else tokens_of(text)) + beyond

    def _keep(self, exchange: Exchange) -> Exchange:
        sent, failed = self._sent, self._failed
        note = "" if failed is None else failed.message
        if not self._complete and failed is None:
            note = "The agent went away, or its task ended, before the answer was whole."
        exchange = msgspec.structs.replace(exchange, recorded_as=self._name)
        kept = KeptExchange(
            at=sent.at,
            took_seconds=round(time.monotonic() - self._began, 4),
            path=sent.route.upstream,
            streams=self._streams,
            request=dict(sent.asked.value),
            request_bytes=sent.size,
            status=self._status,
            headers=self._headers,
            answer=self._copy.text,
            answer_bytes=self._copy.size,
            complete=self._complete,
            note=note,
            exchange=exchange,
        )
        self._admission.folder.keep(self._name, kept)
        return exchange


def _is_count(event: bytes) -> bool:
    """The event of a stream that tells nothing but the number of tokens."""
    if b'"usage"' not in event:
        return False
    value = object_of(event)
    return value is not None and not value.get("choices") and isinstance(value.get("usage"), dict)


def _key_refused(admission: Admission) -> UserError:
    target = admission.target
    if not target.key_name:
        return UserError(
            f"The server of {target.name} wants a key.",
            hint="Set key_env for its endpoint, or the variable of its provider.",
            code="model_key",
        )
    return UserError(
        f"The key in {target.key_name} is refused for {target.name}.",
        hint=f"Set {target.key_name} to a key that may use this model.",
        code="model_key",
    )
