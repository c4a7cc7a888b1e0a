"""Painting one run for all who read one language and may do the same.

A renderer takes the run's events from `RunStreams`, and paints at most four times a second what
they have changed; what it costs does not grow with those who watch. A watcher holds two numbers:
its last event, and the last message it has been given. One that falls behind the messages that are
kept is brought up to date from the journal, so nobody waits for a slow reader.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from mas.app.service import Service
from mas.core.errors import MasError, Transient
from mas.core.events import Event
from mas.core.run import TaskState
from mas.http.streams import PAGE, RunStreams
from mas.web.live.difference import LiveMessage, difference, looks, message_of, whole
from mas.web.live.picture import Picture, Reader, event_rows, paint
from mas.web.live.sight import Sight, look_at
from mas.web.live.words import LiveWords
from mas.web.views.events import Names

PAUSE = timedelta(milliseconds=250)
"""Between two paints, at least."""
_SHARE = 4
"""A paint that takes long is followed by a pause that is so many times longer."""

KEPT = 64
"""Messages that a renderer keeps for those who are a little behind."""
KEPT_BYTES = 1024 * 1024

BARS_MOVE = timedelta(seconds=3)
"""Bars of time grow no more often: nobody sees a second of them."""

_log = logging.getLogger(__name__)


class Renderer:
    """Paints one run for those who read one language and may do the same."""

    def __init__(self, service: Service, streams: RunStreams, run_id: str, reader: Reader) -> None:
        self.run_id = run_id
        self.reader = reader
        self.watchers = 0
        self.over = False
        """Nothing more comes."""
        self._service = service
        self._streams = streams
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._changed = asyncio.Event()
        """Set once, and then replaced."""
        self._kept: deque[LiveMessage] = deque()
        self._kept_bytes = 0
        self._sent = 0
        """Messages so far; the last one of them is the last that is kept."""
        self._picture: Picture | None = None
        self._number = 0
        """Of the last event whose row was sent."""
        self._shown: dict[str, int] = {}
        """Of every element: what it looked like when it was sent last."""
        self._names = Names(roles={}, titles={})
        self._bars_at: datetime | None = None
        self._fresh: list[Event] = []
        self._wanted = asyncio.Event()
        self._ended = False
        self._fault: MasError | None = None
        self._painted_at = 0.0
        self._pause = PAUSE.total_seconds()
        self._words = LiveWords()

    @property
    def order(self) -> tuple[str, ...]:
        """Of the tasks in the graph."""
        return () if self._picture is None else self._picture.order

    # Of the renderer itself

    def start(self) -> None:
        """Begin to follow the run."""
        self._tasks = (
            asyncio.create_task(self._run()),
            asyncio.create_task(self._listen()),
        )

    def stop(self) -> None:
        """The last watcher has gone."""
        self.over = True
        self._words.end()
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        try:
            await self._paint_first()
            following = asyncio.create_task(self._follow_events())
            try:
                await self._keep_painting()
            finally:
                following.cancel()
                await asyncio.wait((following,))
        except MasError as error:
            _log.warning("the page of run %s cannot be painted: %s", self.run_id, error)
            self._fault = error
        except Exception:  # noqa: BLE001 - one page fails, and nothing but that page
            _log.exception("the page of run %s cannot be painted", self.run_id)
            self._fault = Transient("The page cannot be kept up to date.", code="not_painted")
        finally:
            self.over = True
            self._words.end()
            self._wake()

    async def _paint_first(self) -> None:
        sight = await look_at(self._service, self.run_id)
        self._take(await self._painted(sight))
        assert self._picture is not None  # noqa: S101 - taken just now
        self._shown = looks(self._picture)
        self._wake()

    async def _follow_events(self) -> None:
        assert self._picture is not None  # noqa: S101 - painted before
        after = self._picture.last_event
        try:
            async with aclosing(self._streams.batches(self.run_id, after)) as batches:
                async for batch in batches:
                    events = [frame.event for frame in batch if frame.event is not None]
                    if events:
                        self._fresh += events
                        self._wanted.set()
                    else:
                        self._send(self._number, message_of("alive", None, {}))
        except MasError as error:
            self._fault = error
        finally:
            self._ended = True
            self._wanted.set()

    async def _listen(self) -> None:
        """Take up what agents write while they work."""
        try:
            async for text in self._service.follow_output(self.run_id, ended=self._words.ended):
                if self._words.take(text):
                    self._wanted.set()
        except (MasError, OSError) as error:
            _log.warning("live text of run %s cannot be read: %s", self.run_id, error)

    async def _keep_painting(self) -> None:
        while True:
            await self._wanted.wait()
            due = self._painted_at + self._pause
            wait = due - time.monotonic()
            if wait > 0 and not self._ended:
                # Bursts gather meanwhile; the end of the run does not wait.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over_soon(), wait)
            self._wanted.clear()
            await self._paint()
            if self._ended and not self._fresh:
                return

    async def _over_soon(self) -> None:
        while not self._ended:
            self._wanted.clear()
            await self._wanted.wait()

    async def _paint(self) -> None:
        began = time.monotonic()
        events, self._fresh = self._fresh, []
        if events or self._ended:
            sight = await look_at(self._service, self.run_id)
            picture = await self._painted(sight)
            rows = await asyncio.to_thread(event_rows, events, self._names, self.reader.language)
            body = self._difference(picture, rows)
            self._take(picture)
            if events:
                self._number = events[-1].number
            if body:
                self._send_paint(body)
        texts = self._words.changed()
        if texts:
            self._send(self._number, message_of("text", None, texts))
        now = time.monotonic()
        self._painted_at = now
        self._pause = max(PAUSE.total_seconds(), (now - began) * _SHARE)

    async def _painted(self, sight: Sight) -> Picture:
        self._names = Names.of(sight.detail.tasks)
        at_work = {one.id for one in sight.detail.tasks if one.state is TaskState.RUNNING}
        for quiet in self._words.tasks - at_work:
            self._words.forget(quiet)
        moves = self._bars_at is None or sight.now - self._bars_at >= BARS_MOVE
        if moves or sight.detail.run.status.ended:
            self._bars_at = sight.now
        start = self._picture.order if self._picture is not None else ()
        # Templates take some milliseconds: streams and runs go on meanwhile.
        return await asyncio.to_thread(
            paint, sight, self.reader, start=start, drawn_at=self._bars_at
        )

    def _take(self, picture: Picture) -> None:
        first = self._picture is None
        self._picture = picture
        if first:
            self._number = picture.last_event

    def _difference(
        self, picture: Picture, rows: Sequence[tuple[int, str]]
    ) -> dict[str, object] | None:
        """What has to be sent so that a page that shows the picture before shows this one."""
        assert self._picture is not None  # noqa: S101 - painted before
        seen = looks(picture)
        body = difference(self._picture, picture, before=self._shown, now=seen, rows=rows)
        self._shown = seen
        return body or None

    def _send_paint(self, body: Mapping[str, object]) -> None:
        self._send(self._number, message_of("paint", self._number, body))

    def _send(self, number: int, data: bytes) -> None:
        self._kept.append(LiveMessage(number=number, data=data))
        self._kept_bytes += len(data)
        self._sent += 1
        while len(self._kept) > KEPT or (self._kept_bytes > KEPT_BYTES and len(self._kept) > 1):
            self._kept_bytes -= len(self._kept.popleft().data)
        self._wake()

    def _wake(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()

    # Of each watcher

    async def follow(self, after: int) -> AsyncGenerator[LiveMessage, None]:
        """The messages for a page that shows the run up to the event `after`."""
        while self._picture is None and not self.over:
            await self._changed.wait()
        if self._picture is None:
            self._complain()
            return
        seen = -1
        while True:
            changed = self._changed
            if seen < self._sent - len(self._kept):
                if after > self._number and not self.over:
                    # The page is newer than what was painted: each row has to come once.
                    await changed.wait()
                    continue
                # New, or too far behind: all there is now, and the rows from the journal.
                seen = self._sent
                number, body = self._number, whole(self._picture)
                async for message in self._missed(after, number):
                    yield message
                if after != number:
                    yield LiveMessage(number=number, data=message_of("paint", number, body))
                texts = self._words.all()
                if texts:
                    yield LiveMessage(number=number, data=message_of("text", None, texts))
                after = max(after, number)
                continue
            if seen < self._sent:
                message = self._kept[seen - self._sent]
                seen += 1
                after = max(after, message.number)
                yield message
                continue
            if self.over:
                self._complain()
                if self._picture.ended:
                    yield LiveMessage(number=after, data=message_of("done", after, {}))
                return
            await changed.wait()

    async def _missed(self, after: int, until: int) -> AsyncGenerator[LiveMessage, None]:
        """Rows of events that the page has not got, page by page."""
        while after < until:
            events = await self._service.events(
                self.run_id, after=after, limit=min(PAGE, until - after)
            )
            if not events:
                return
            rows = await asyncio.to_thread(event_rows, events, self._names, self.reader.language)
            after = events[-1].number
            yield LiveMessage(number=after, data=message_of("paint", after, {"rows": rows}))

    def _complain(self) -> None:
        if self._fault is not None:
            # One of its own for each: an error that is raised again grows each time.
            raise Transient(self._fault.message, code=self._fault.code)
