"""Connections that nobody can hold for nothing: limits that uvicorn leaves to a proxy before it.

- The head of a request has to be whole within `HEAD_TIME`, else its connection is closed.
- A reader that takes nothing of an answer for `SEND_TIME` loses its connection. Closing alone would
  wait for it: what was written stays in memory until the reader takes it.
- Of all files that the process may open, some are kept for the runs that it drives: connections
  beyond that are closed at once.

How long a body may take is the guard's business, how long a kept connection may rest uvicorn's.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from datetime import timedelta
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from mas.http import server_sent_events

HEAD_TIME = timedelta(seconds=10)
"""From the connection, or the first byte after an answer, to the end of the request's head."""

KEPT_FILES = 1024
"""Files that are kept for the journal, sandboxes, sessions and models, and for connections that
the system has accepted and nobody has looked at yet. Of fewer than twice as many, half are kept."""

MOST_CONNECTIONS = 60_000
"""Where nothing bounds the files of a process."""

_TOLD_AGAIN = timedelta(minutes=1)

_log = logging.getLogger(__name__)


def most_connections() -> int:
    """How many connections leave enough files to the rest of this process, by its present limit."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(max(files - KEPT_FILES, files // 2), MOST_CONNECTIONS)


def bounded_connections(most: int) -> type[Connection]:
    """The protocol of a server that holds so many connections at once."""

    class Bounded(Connection):
        most_open = most

    return Bounded


class Connection(H11Protocol):
    """One connection: HTTP as uvicorn speaks it, within the limits of this module."""

    most_open: ClassVar[int]
    told_at: ClassVar[float | None] = None
    """When the log was last told that connections are refused."""

    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    # What asyncio tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= self.most_open:
            self.transport = transport
            transport.abort()
            self._tell_refusal()
            return
        super().connection_made(transport)
        # Paused then means: there is something that the reader has not taken. Without this, a
        # connection that is closed with a little left would be held by nobody's clock.
        transport.set_write_buffer_limits(high=0)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget_head()
        elif self._head_timer is None:
            # A part of the next head, or of a body that nobody waits for any more.
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        self._forget_reader()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        self._forget_reader()
        super().connection_lost(exc)

    # Limits

    def _await_head(self) -> None:
        # Closed as a kept connection is that has rested for too long.
        self._head_timer = self.loop.call_later(
            HEAD_TIME.total_seconds(), self.timeout_keep_alive_handler
        )

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_reader(self) -> None:
        self._reader_timer = self.loop.call_later(
            server_sent_events.SEND_TIME.total_seconds(),
            self._judge_reader,
            self.transport.get_write_buffer_size(),
        )

    def _forget_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _judge_reader(self, left: int) -> None:
        """Let a reader go on that has taken something, however slow it is."""
        if self.transport.get_write_buffer_size() < left:
            self._watch_reader()
        else:
            self.transport.abort()

    def _tell_refusal(self) -> None:
        now, kind = self.loop.time(), type(self)
        if kind.told_at is None or now - kind.told_at >= _TOLD_AGAIN.total_seconds():
            kind.told_at = now
            _log.warning("%d connections are open: more are closed at once", self.most_open)
