"""Driving runs in the background: those that were asked for here, and those that were left.

Stopping, when the context is left:
1. nothing is started any more, and whoever waits for a run is told that it goes on later;
2. every drive is cancelled: the engine ends its attempts and puts their tasks back;
3. what has not ended within `STOP_TIME` is given up; its tasks are taken up once this process
   has ended, like those of a killed one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from types import TracebackType
from typing import Self

from mas.app.service import Ask, Service
from mas.core.errors import MasError, Transient
from mas.core.run import Run, RunStatus, RunSummary

MOST_RUNS = 100
"""Runs that one server drives at once; others wait in the journal."""

MOST_WAITING = 1000
"""Unfinished runs of this server; more are refused until some have ended."""

LOOK_TIME = timedelta(seconds=5)
"""How often the journal is looked through for runs that nobody drives."""

QUIET_LOOKS = 6
"""A run that is under way and says nothing for so many looks may have lost its driver. Driving
one that has not is harmless: every task has one owner."""

STOP_TIME = timedelta(seconds=15)

_log = logging.getLogger(__name__)


class Driving:
    """The runs of one server, each driven by a task of its own; an async context manager."""

    def __init__(self, service: Service, *, worker: bool = True) -> None:
        """Without `worker` runs are accepted and left to the workers of other processes."""
        self._service = service
        self._worker = worker
        self._drives: dict[str, asyncio.Task[None]] = {}
        self._quiet: dict[str, tuple[int, int]] = {}
        """Of runs that others seem to drive: their last event, and how often it was seen."""
        self._room = asyncio.Semaphore(MOST_RUNS)
        self._looking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Take up the runs that no living process works on, and go on looking for such ones.

        Those of others, a `mas ask` on this machine for example, stay theirs.
        """
        if self._worker:
            for run_id in sorted(await self._service.left()):
                self._drive(run_id)
            self._looking = asyncio.create_task(self._look_again())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        tasks = [*self._drives.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=STOP_TIME.total_seconds())
            if left:
                _log.error("%d runs could not be put back in time", len(left))

    @property
    def stopping(self) -> bool:
        """Whether the server is about to end."""
        return self._stopping.is_set()

    async def stop_asked(self) -> None:
        """Return when the server is about to end."""
        await self._stopping.wait()

    @property
    def driven(self) -> frozenset[str]:
        """The runs that this server drives now, or will once there is room."""
        return frozenset(self._drives)

    def stop(self) -> None:
        """Start nothing any more, and let everybody go who waits."""
        self._stopping.set()

    async def start(
        self, ask: Ask, *, service: Service | None = None, idempotency_key: str | None = None
    ) -> Run:
        """Make a run and drive it, whether or not anybody waits for it.

        Args:
            ask: The request.
            service: The service in the name of whoever asks; None: the server's own.
            idempotency_key: As `Service.submit`.

        Raises:
            MasError: As `Service.submit`: there is no run then.
            Transient: The server stops (`stopping`), or has too many runs (`too_many_runs`).
        """
        if self.stopping:
            raise _stopping()
        if len(self._drives) >= MOST_WAITING:
            raise Transient(
                f"{MOST_WAITING} runs wait to be worked on already.",
                hint="Try again when some have ended.",
                code="too_many_runs",
                retry_after=timedelta(seconds=30),
            )
        run = await (service or self._service).submit(ask, idempotency_key=idempotency_key)
        if not run.status.ended:
            self.drive(run.id)
        return run

    def drive(self, run_id: str) -> None:
        """Work on a run in the background; without a worker that is left to other processes."""
        if self._worker and not self.stopping:
            self._drive(run_id)

    async def ended(self, run_id: str) -> Run:
        """Wait until a run has ended, whoever drives it.

        Raises:
            Transient: The server stops before (`stopping`); the run goes on later.
        """
        watching = asyncio.ensure_future(self._watched(run_id))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((watching, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                raise _stopping(run_id)
            return watching.result()
        finally:
            for task in (watching, stopping):
                task.cancel()
            await asyncio.wait((watching, stopping))

    async def _watched(self, run_id: str) -> Run:
        run = await self._service.get(run_id)
        if not run.status.ended:
            async for _ in self._service.watch(run_id, after=run.last_event):
                pass
        drive = self._drives.get(run_id)
        if drive is not None:
            # A cancelled run is summed up after its last event.
            await asyncio.wait((drive,))
        return await self._service.get(run_id)

    def _drive(self, run_id: str) -> None:
        if run_id in self._drives:
            return
        task = asyncio.create_task(self._carry_on(run_id))
        self._drives[run_id] = task
        task.add_done_callback(lambda done: self._let_go(run_id, done))

    def _let_go(self, run_id: str, done: asyncio.Task[None]) -> None:
        del self._drives[run_id]
        if not done.cancelled() and (fault := done.exception()) is not None:
            _log.error("run %s is left for now", run_id, exc_info=fault)

    async def _carry_on(self, run_id: str) -> None:
        """Drive a run to its end; one that the journal does not let drive is left for later.

        A left run is driven and not resumed, which is for persons: one over which every server
        dies has to fail some day.
        """
        try:
            async with self._room:
                await self._service.drive(run_id)
        except MasError as error:
            _log.error("run %s is left for now: %s", run_id, error)

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_TIME.total_seconds())
            try:
                left = await self._service.left()
                unfinished = await self._service.unfinished()
            except MasError as error:
                _log.warning("the journal could not be looked through: %s", error)
                continue
            self._take_up(unfinished, left)

    def _take_up(self, unfinished: tuple[RunSummary, ...], left: frozenset[str]) -> None:
        """Drive the runs that nobody drives (`left`), or that seem so."""
        seen: dict[str, tuple[int, int]] = {}
        for run in unfinished:
            if run.id in self._drives:
                continue
            before, looks = self._quiet.get(run.id, (run.last_event, 0))
            looks = looks + 1 if before == run.last_event else 1
            # Whoever makes a run drives it at once; seen twice without a driver, it has lost it.
            alone = run.id in left or run.status is RunStatus.QUEUED
            if looks >= (2 if alone else QUIET_LOOKS):
                self._drive(run.id)
            else:
                seen[run.id] = (run.last_event, looks)
        self._quiet = seen


def _stopping(run_id: str = "") -> Transient:
    later = f"Run {run_id} is kept and goes on when a server runs again. " if run_id else ""
    return Transient(
        f"{later}The server is stopping.",
        hint=f"Ask later for /runs/{run_id}." if run_id else "Try again.",
        code="stopping",
        retry_after=timedelta(seconds=10),
    )
