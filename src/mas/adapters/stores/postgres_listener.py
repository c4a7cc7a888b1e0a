"""Hears of other processes' commits (LISTEN), while somebody in this process waits for them."""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from typing import Any

import psycopg

from mas.adapters.stores.changes import Hub
from mas.adapters.stores.postgres_link import CHANNEL, Database

SWEEP_SECONDS = 5.0
"""How often everybody is woken without any news: a notice can be lost with its connection."""

RECONNECT_SECONDS = 0.5
"""How long after a lost connection the next one is tried."""

LINGER_SECONDS = 10.0
"""How long the connection is kept when nobody waits any more: the next run comes soon."""

_log = logging.getLogger(__name__)


class Listener:
    """One thread and one connection, from the first who waits until some time after the last."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._wire: tuple[socket.socket, socket.socket] | None = None

    def attend(self) -> None:
        """Somebody begins to wait: look once, and listen from now on; from any thread."""
        with self._lock:
            if self._closing:
                return
            if self._wire is None:
                self._wire = socket.socketpair()
                for end in self._wire:
                    end.setblocking(False)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._serve, name="mas-store-listener", daemon=True
                )
                self._thread.start()
            else:
                self._nudge()

    def close(self) -> None:
        """Disconnect and end the thread; may take as long as a connection that is being made."""
        with self._lock:
            self._closing = True
            thread = self._thread
            self._nudge()
        if thread is not None:
            thread.join()
        for end in self._wire or ():
            end.close()

    def _serve(self) -> None:
        watched = time.monotonic()
        while self._is_wanted(since=watched):
            if self._hub.watched:
                watched = time.monotonic()
            try:
                with self._database.connect() as raw:
                    self._listen(raw)
                    return  # another thread is on its way, or will be: see `_is_wanted`
            except psycopg.Error as exc:
                _log.warning("changes of other processes are not heard: %s", type(exc).__name__)
                self._hub.wake_all()  # whoever waits looks for himself, and is told what is wrong
                self._pause()

    def _listen(self, raw: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Return when nobody has waited for some time, or the store closes."""
        raw.execute(f"listen {CHANNEL}")
        with selectors.DefaultSelector() as ready:
            ready.register(raw.fileno(), selectors.EVENT_READ)
            ready.register(self._nudged, selectors.EVENT_READ)
            self._hub.wake_all()  # what was committed before this connection was made
            watched = swept = time.monotonic()
            while self._is_wanted(since=watched):
                found = ready.select(timeout=SWEEP_SECONDS)
                now = time.monotonic()
                if self._hub.watched:
                    watched = now
                if self._is_nudged() or now - swept >= SWEEP_SECONDS:
                    swept = now
                    self._hub.wake_all()
                if any(key.fileobj != self._nudged for key, _ in found):
                    self._hear(raw)

    def _hear(self, raw: psycopg.Connection[tuple[Any, ...]]) -> None:
        for notice in raw.notifies(timeout=0):
            if notice.pid not in self._database.pids:
                run_id, _, what = notice.payload.partition(" ")
                self._hub.wake({run_id: what != "inside"})

    def _is_wanted(self, *, since: float) -> bool:
        """Whether to go on. Once this is False, the next who waits starts another thread."""
        with self._lock:
            lingering = time.monotonic() - since < LINGER_SECONDS
            wanted = not self._closing and (self._hub.watched or lingering)
            if not wanted:
                self._thread = None
            return wanted

    def _nudge(self) -> None:
        if self._wire is not None:
            with contextlib.suppress(BlockingIOError):  # so many nudges wait there already
                self._wire[0].send(b"1")

    @property
    def _nudged(self) -> socket.socket:
        assert self._wire is not None  # noqa: S101 - made before the thread
        return self._wire[1]

    def _is_nudged(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            return bool(self._nudged.recv(4096))
        return False

    def _pause(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._nudged, selectors.EVENT_READ)
            ready.select(timeout=RECONNECT_SECONDS)
        self._is_nudged()
