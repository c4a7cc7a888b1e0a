"""Waking those who wait for a run, from whatever thread has changed it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mas.adapters.stores.store import Interest


class Subscription:
    """One who waits for one run."""

    def __init__(self, interest: Interest) -> None:
        self.interest = interest
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    async def wait(self) -> None:
        """Return when something was committed since the last return."""
        await self._event.wait()
        self._event.clear()

    def wake(self) -> None:
        """Called from any thread. A loop that is closed has nobody left who waits."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._event.set)


class Hub:
    """All who wait, by run. `on_first` is called when somebody begins to wait."""

    def __init__(self, *, on_first: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._by_run: dict[str, set[Subscription]] = {}
        self._on_first = on_first

    @property
    def watched(self) -> bool:
        """Whether anybody waits at all."""
        return bool(self._by_run)

    @contextmanager
    def subscribed(self, run_id: str, interest: Interest) -> Iterator[Subscription]:
        """Wake the subscription while the context is open."""
        subscription = Subscription(interest)
        with self._lock:
            first = not self._by_run
            self._by_run.setdefault(run_id, set()).add(subscription)
        if first:
            self._on_first()
        try:
            yield subscription
        finally:
            with self._lock:
                waiting = self._by_run[run_id]
                waiting.remove(subscription)
                if not waiting:
                    del self._by_run[run_id]

    def wake(self, touched: Mapping[str, bool]) -> None:
        """Wake who waits for a touched run; the value says whether its state has moved."""
        for run_id, state in touched.items():
            if run_id in self._by_run:
                with self._lock:
                    waiting = tuple(self._by_run.get(run_id, ()))
                for subscription in waiting:
                    if state or subscription.interest == "every":
                        subscription.wake()

    def wake_all(self) -> None:
        """Wake everybody: something has changed, it is not known where."""
        with self._lock:
            waiting = [one for several in self._by_run.values() for one in several]
        for subscription in waiting:
            subscription.wake()
