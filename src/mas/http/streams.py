"""The events of a run for any number of watchers: read once, encoded once, sent to each (U3).

One pump per run reads `Service.watch` while anybody watches, and puts encoded frames into a buffer
that all watchers of the run share. A watcher holds a number and nothing else: it takes what stands
behind that number in the buffer, and reads pages of the store while it is behind the buffer. So
nobody waits for a slow reader, and what a slow reader costs does not grow.

A round of waking costs time for each watcher. The more there are, the longer is the pause between
two rounds, in which events gather: the runs of this process keep most of its time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import msgspec

from mas.app.driving import Driving
from mas.app.service import Service
from mas.core.errors import MasError, Transient
from mas.core.events import Event
from mas.core.run import Run

HEARTBEAT = timedelta(seconds=15)
"""A stream without events shows so often that it lives: proxies cut silent connections."""

BUFFERED = 1024
"""Frames that a run's buffer holds at least once there were so many."""
BUFFERED_BYTES = 1024 * 1024
"""No matter how large they are; a single frame may be larger."""

PAGE = 200
"""Events that a watcher takes at once, from the buffer or the store."""

MOST_OPEN = 5000
"""Streams of one process; more are refused."""

PAUSE_PER_WATCHER = timedelta(microseconds=200)
"""Waking one watcher and sending to it takes about half of this."""
LONGEST_PAUSE = timedelta(milliseconds=500)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One event, or, without one, a sign that the stream lives."""

    number: int
    """Of the event; of the last one before a sign of life."""
    event: Event | None
    data: bytes
    """How it is sent as a server-sent event, to the empty line behind it."""


class RunStreams:
    """The streams of one process."""

    def __init__(self, service: Service, driving: Driving) -> None:
        """Streams end when `driving` is stopped."""
        self._service = service
        self._driving = driving
        self._channels: dict[str, _Channel] = {}
        self._open = 0

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._open

    async def subscribe(self, run_id: str, after: int = 0) -> AsyncGenerator[Frame, None]:
        """Each frame of `batches` by itself."""
        async with aclosing(self.batches(run_id, after)) as batches:
            async for batch in batches:
                for frame in batch:
                    yield frame

    async def batches(self, run_id: str, after: int = 0) -> AsyncGenerator[tuple[Frame, ...], None]:
        """Give the events behind the one numbered `after`, without gap, to the end of the run.

        What is there already comes in pages. Between events come signs of life. Ends with the last
        event of a run that has ended, and when the server stops: see `Driving.stopping`. A run that
        is taken up again before you have its last event is followed on; later, it has to be
        subscribed to again. Close it (`aclosing`) when you leave early.

        Args:
            run_id: The run.
            after: Number of the last event that is known; one that is still to come counts as the
                last one there is.

        Raises:
            UserError: There is no such run (`unknown_run`).
            Transient: Too many streams are open (`too_many_streams`), or the journal fails.
        """
        if self._open >= MOST_OPEN:
            raise Transient(
                f"{MOST_OPEN} streams are open already.",
                hint="Ask for pages of events instead, with `Accept: application/json`.",
                code="too_many_streams",
                retry_after=timedelta(seconds=30),
            )
        self._open += 1
        try:
            run = await self._service.get(run_id)
            # Else the events up to that number would be taken for known.
            after = min(after, run.last_event)
            while True:
                async with aclosing(self._until_end(run, after)) as batches:
                    async for batch in batches:
                        after = batch[-1].number
                        yield batch
                if self._driving.stopping:
                    return
                # It may have been taken up again while a slow reader was on its way to the end.
                run = await self._service.get(run_id)
                if run.status.ended and after >= run.last_event:
                    return
        finally:
            self._open -= 1

    async def _until_end(self, run: Run, after: int) -> AsyncGenerator[tuple[Frame, ...], None]:
        """What `batches` gives, to an end of the run that may not be its last one."""
        channel = self._joined(run)
        follow = self._follow(channel, after) if channel else self._pages(run.id, after)
        try:
            async with aclosing(follow) as batches:
                async for batch in batches:
                    yield batch
        finally:
            if channel is not None:
                self._leave(channel)

    def _joined(self, run: Run) -> _Channel | None:
        """The run's channel, with one watcher more; None for a run that has ended."""
        channel = self._channels.get(run.id)
        if channel is None or channel.ended:
            if run.status.ended:
                return None
            channel = _Channel(run.id, start=max(run.last_event - BUFFERED, 0))
            self._channels[run.id] = channel
            channel.start_pump(self._service, self._driving)
        channel.watchers += 1
        return channel

    def _leave(self, channel: _Channel) -> None:
        channel.watchers -= 1
        if channel.watchers == 0:
            channel.stop_pump()
            if self._channels.get(channel.run_id) is channel:
                del self._channels[channel.run_id]

    async def _follow(
        self, channel: _Channel, after: int
    ) -> AsyncGenerator[tuple[Frame, ...], None]:
        beats = channel.beats
        while True:
            # Taken before looking, so that nothing comes between looking and waiting.
            changed = channel.changed
            if channel.stopped:
                return
            if channel.is_behind(after):
                batch = await self._page(channel.run_id, after)
            else:
                batch = channel.behind(after)
            if batch:
                after = batch[-1].number
                beats = channel.beats
                yield batch
                continue
            if channel.ended:
                if channel.fault is not None:
                    # One of its own for each: an error that is raised again grows each time.
                    raise Transient(channel.fault.message, code=channel.fault.code)
                return
            if beats != channel.beats:
                beats = channel.beats
                yield (Frame(number=after, event=None, data=_SIGN_OF_LIFE),)
                continue
            await changed.wait()

    async def _pages(self, run_id: str, after: int) -> AsyncGenerator[tuple[Frame, ...], None]:
        """What is stored of a run that has ended: nothing has to be shared for that."""
        while not self._driving.stopping and (page := await self._page(run_id, after)):
            yield page
            after = page[-1].number

    async def _page(self, run_id: str, after: int) -> tuple[Frame, ...]:
        events = await self._service.events(run_id, after=after, limit=PAGE)
        return tuple(map(to_frame, events))


class _Channel:
    """The buffer of one run, its pump, and who has to be woken."""

    def __init__(self, run_id: str, *, start: int) -> None:
        self.run_id = run_id
        self.watchers = 0
        self.changed = asyncio.Event()
        """Set once, and then replaced: one call wakes all who wait."""
        self.beats = 0
        """Signs of life so far."""
        self.ended = False
        """Nothing more is put into the buffer."""
        self.stopped = False
        """Nobody is to be served any more, whatever the buffer holds."""
        self.fault: MasError | None = None
        self._start = start
        """Number of the event before the first one in the buffer."""
        self._frames: list[Frame] = []
        self._bytes = 0
        self._woken_at = 0.0
        self._next_round: asyncio.TimerHandle | None = None
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def is_behind(self, after: int) -> bool:
        """Whether the buffer does not hold the event that follows `after` any more."""
        return after < self._start

    def behind(self, after: int) -> tuple[Frame, ...]:
        """The next frames after `after`, which is not behind the buffer."""
        first = after - self._start
        return tuple(self._frames[first : first + PAGE])

    def start_pump(self, service: Service, driving: Driving) -> None:
        self._tasks = (
            asyncio.create_task(self._pump(service)),
            asyncio.create_task(self._beat(driving)),
        )

    def stop_pump(self) -> None:
        """The last watcher has gone."""
        self.ended = True
        for task in self._tasks:
            task.cancel()
        if self._next_round is not None:
            self._next_round.cancel()

    async def _pump(self, service: Service) -> None:
        # What stays if it ends in any other way than with the run.
        self.fault = Transient("The events cannot be read just now.", code="events_unreadable")
        try:
            watched = cast(
                "AsyncGenerator[Event, None]", service.watch(self.run_id, after=self._start)
            )
            async with aclosing(watched) as events:
                async for event in events:
                    self._put(to_frame(event))
                    self._wake_soon()
            self.fault = None
        except MasError as error:
            _log.warning("the events of run %s cannot be read: %s", self.run_id, error)
            self.fault = error
        finally:
            self.ended = True
            self._wake()

    async def _beat(self, driving: Driving) -> None:
        """Give signs of life, and end everything when the server stops."""
        while not self.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(driving.stop_asked(), HEARTBEAT.total_seconds())
                self.stopped = self.ended = True
            self.beats += 1
            self._wake()

    def _put(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._bytes += len(frame.data)
        # Now and then, and then many: each time moves all that stay.
        if len(self._frames) >= 2 * BUFFERED:
            self._forget(len(self._frames) - BUFFERED)
        while self._bytes > BUFFERED_BYTES and len(self._frames) > 1:
            self._forget((len(self._frames) + 1) // 2)

    def _forget(self, count: int) -> None:
        self._bytes -= sum(len(frame.data) for frame in self._frames[:count])
        del self._frames[:count]
        self._start += count

    def _wake_soon(self) -> None:
        """Wake all, at once or when the pause after the round before is over."""
        if self._next_round is not None:
            return
        pause = min(self.watchers * PAUSE_PER_WATCHER, LONGEST_PAUSE).total_seconds()
        loop = asyncio.get_running_loop()
        due = self._woken_at + pause
        if loop.time() >= due:
            self._wake()
        else:
            self._next_round = loop.call_at(due, self._wake)

    def _wake(self) -> None:
        if self._next_round is not None:
            self._next_round.cancel()
            self._next_round = None
        self._woken_at = asyncio.get_running_loop().time()
        before, self.changed = self.changed, asyncio.Event()
        before.set()


_SIGN_OF_LIFE = b": alive\n\n"


def to_frame(event: Event) -> Frame:
    """The frame of an event. JSON has no line breaks, and types are our own words."""
    data = msgspec.json.encode(event.to_json())
    head = f"id: {event.number}\nevent: {event.type}\ndata: "
    return Frame(number=event.number, event=event, data=head.encode("ascii") + data + b"\n\n")
