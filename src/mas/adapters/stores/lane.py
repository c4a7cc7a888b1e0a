"""A lane: one thread that owns one connection and runs transactions on it, one after another.

A thread of its own, because sqlite3 calls block, and one hop a transaction is far cheaper than
one a statement. What has queued up meanwhile is committed together, which is most of the cost;
when one of them fails, none is kept and each is run again alone.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mas.core.errors import Bug

T = TypeVar("T")


class Session(Protocol):
    """The connection of a lane. All of it is used in the lane's thread only."""

    def transact(self, works: Sequence[Callable[..., Any]], *, durable: bool) -> list[Any]:
        """Run functions in one transaction and return what they return; all of them or none."""
        ...

    def idle(self) -> float | None:
        """Called between transactions; returns seconds until it wants to be called again."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


@dataclass(frozen=True, eq=False)
class _Job:
    work: Callable[..., Any]
    durable: bool
    done: Future[Any] = field(default_factory=Future)


class _Stop:
    pass


class _Nudge:
    pass


TOGETHER = 32
"""Most transactions in one commit: other processes want the file too."""


class Lane:
    """Runs transactions in a thread of its own until it is closed."""

    def __init__(self, name: str, open_session: Callable[[], Session]) -> None:
        self._open_session = open_session
        self._queue: queue.SimpleQueue[_Job | _Stop | _Nudge] = queue.SimpleQueue()
        self._opened: Future[None] = Future()
        self._closed = False
        # A daemon: a process that was told to go must not wait for a thread whose transaction
        # the database undoes anyway.
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    async def open(self) -> None:
        """Start the thread and open the connection; raises what opening raises."""
        self._thread.start()
        await asyncio.wrap_future(self._opened)

    async def submit(self, work: Callable[..., T], *, durable: bool = False) -> T:
        """Run one transaction; see `Store` for what happens on cancel."""
        if self._closed:
            raise Bug("The store is closed already.", code="store_bug")
        job = _Job(work, durable)
        self._queue.put(job)
        outcome: asyncio.Future[T] = asyncio.wrap_future(job.done)
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            if not job.done.cancel():
                await asyncio.wait([outcome])
                if not outcome.cancelled():
                    outcome.exception()  # has nobody left to tell
            raise

    def nudge(self) -> None:
        """Make the lane call `Session.idle` soon; from any thread."""
        self._queue.put(_Nudge())

    async def close(self) -> None:
        """Finish what is queued, close the connection, end the thread."""
        if self._closed:
            return
        self._closed = True
        if self._thread.is_alive():
            self._queue.put(_Stop())
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _serve(self) -> None:
        try:
            session = self._open_session()
        except BaseException as exc:  # noqa: BLE001 - raised again in `open`
            self._opened.set_exception(exc)
            return
        self._opened.set_result(None)
        try:
            going = True
            while going:
                jobs, going = self._next(session.idle())
                if jobs:
                    self._run(session, jobs)
        finally:
            session.close()

    def _next(self, timeout: float | None) -> tuple[list[_Job], bool]:
        """Return the jobs that are next, and whether the lane goes on after them."""
        jobs: list[_Job] = []
        try:
            entry = self._queue.get(timeout=timeout)
            while True:
                if isinstance(entry, _Stop):
                    return jobs, False
                if isinstance(entry, _Job) and entry.done.set_running_or_notify_cancel():
                    jobs.append(entry)
                if len(jobs) == TOGETHER:
                    return jobs, True
                entry = self._queue.get_nowait()
        except queue.Empty:
            return jobs, True

    @staticmethod
    def _run(session: Session, jobs: list[_Job]) -> None:
        if len(jobs) > 1:
            try:
                values = session.transact(
                    [job.work for job in jobs], durable=any(job.durable for job in jobs)
                )
            except BaseException:  # noqa: BLE001 - comes again below, for whom it concerns
                values = []
            if values:
                for job, value in zip(jobs, values, strict=True):
                    job.done.set_result(value)
                return
        for job in jobs:
            try:
                (value,) = session.transact([job.work], durable=job.durable)
            except BaseException as exc:  # noqa: BLE001 - raised again where the caller waits
                job.done.set_exception(exc)
            else:
                job.done.set_result(value)
