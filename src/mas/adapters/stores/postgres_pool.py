"""A few threads that share one queue, each with a connection of its own.

Where a file has one writer, a server has room for several: a transaction that waits for a row
must not hold up those that do not. Threads, and with them connections, are made when there is
work that nobody is free for; most commands never need more than one.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from mas.core.errors import Bug

T = TypeVar("T")


class Member(Protocol):
    """What a thread works with. All of it is used in that thread only."""

    def idle(self) -> float | None:
        """Called between jobs; returns seconds until it wants to be called again."""
        ...

    def close(self) -> None:
        """Give back what it holds; called once, at the end of the thread."""
        ...


M = TypeVar("M", bound=Member)


@dataclass(frozen=True, eq=False)
class _Job:
    use: Callable[..., Any]
    done: Future[Any] = field(default_factory=Future)


class _Stop:
    pass


class Pool(Generic[M]):
    """Runs jobs in up to `size` threads until it is closed; `make` gives each what it works with.

    `make` must not fail, and must not connect to anything yet.
    """

    def __init__(self, name: str, *, size: int, make: Callable[[], M]) -> None:
        self._name = name
        self._size = size
        self._make = make
        self._changed = threading.Condition()
        """Guards all that follows, and tells threads of something in the queue."""
        self._queue: deque[_Job | _Stop] = deque()
        self._free = 0
        self._threads: list[threading.Thread] = []
        self._closed = False

    async def submit(self, use: Callable[[M], T]) -> T:
        """Run one job; see `Store` for what happens on cancel."""
        job = _Job(use)
        with self._changed:
            if self._closed:
                raise Bug("The store is closed already.", code="store_bug")
            self._queue.append(job)
            if len(self._queue) > self._free and len(self._threads) < self._size:
                self._hire()
            self._changed.notify()
        outcome: asyncio.Future[T] = asyncio.wrap_future(job.done)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            if not job.done.cancel():
                await asyncio.wait([outcome])
                if not outcome.cancelled():
                    outcome.exception()  # has nobody left to tell
            raise

    async def close(self) -> None:
        """Finish what is queued, close every connection, end the threads."""
        with self._changed:
            self._closed = True
            threads, self._threads = self._threads, []
            self._queue.extend(_Stop() for _ in threads)
            self._changed.notify_all()
        loop = asyncio.get_running_loop()
        for thread in threads:
            await loop.run_in_executor(None, thread.join)

    def _hire(self) -> None:
        # A daemon: a process that was told to go must not wait for a server that is gone.
        thread = threading.Thread(
            target=self._serve, name=f"{self._name}-{len(self._threads)}", daemon=True
        )
        self._threads.append(thread)
        self._free += 1
        thread.start()

    def _serve(self) -> None:
        member = self._make()
        try:
            while isinstance(job := self._next(member), _Job):
                if job.done.set_running_or_notify_cancel():
                    self._run(member, job)
                else:
                    self._be_free()
        finally:
            member.close()

    def _next(self, member: M) -> _Job | _Stop:
        while True:
            timeout = member.idle()
            with self._changed:
                if not self._queue:
                    self._changed.wait(timeout)
                if self._queue:
                    self._free -= 1
                    return self._queue.popleft()

    def _be_free(self) -> None:
        with self._changed:
            self._free += 1

    def _run(self, member: M, job: _Job) -> None:
        # Free before the answer is given: the next job often comes with it, and needs no other.
        try:
            value = job.use(member)
        except BaseException as exc:  # noqa: BLE001 - raised again where the caller waits
            self._be_free()
            job.done.set_exception(exc)
        else:
            self._be_free()
            job.done.set_result(value)
