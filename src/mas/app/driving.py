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
from functools import partial
from types import TracebackType
from typing import Self

from mas.app.service import Ask, Service
from mas.core.errors import MasError, Transient
from mas.core.run import Run, RunStatus
from mas.engine.journal.lifecycle import Accepted

MOST_RUNS = 100
"""Runs that one server drives at once, those not counted that only wait for a person; others wait
for their turn."""

MOST_WAITING = 1000
"""Unfinished runs of this server, those that wait for a person among them; more are refused until
some have ended."""

LOOK_TIME = timedelta(seconds=5)
"""How often the journal is looked through: for runs that nobody drives, and for those that wait
for a person."""

STOP_TIME = timedelta(seconds=15)

_log = logging.getLogger(__name__)


class Driving:
    """The runs of one server, each driven by a task of its own; an async context manager."""

    def __init__(self, service: Service, *, worker: bool = True) -> None:
        """Without `worker` runs are accepted and left to the workers of other processes."""
        self._service = service
        self._worker = worker
        self._drives: dict[str, asyncio.Task[None]] = {}
        self._queue: dict[str, None] = {}
        """Runs that wait for room, in order."""
        self._again: set[str] = set()
        """Runs that were asked for while a drive was about to end."""
        self._for_persons: frozenset[str] = frozenset()
        """Runs that did nothing but wait for a person at the last look. Their drives go on, for
        they watch the time, a cancel and the answer; they take no room."""
        self._left: frozenset[str] = frozenset()
        """Runs that nobody drove at the last look."""
        self._mine: set[str] = set()
        """Runs whose drive has begun here and not come to its end. Of one that broke off the
        journal may go on to say that this process drives it, so that no other takes it up."""
        self._looking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Take up the runs that no living process works on, and go on looking for such ones.

        Those of others, a `mas ask` on this machine for example, stay theirs.
        """
        if self._worker:
            self._take_up(await self._look())
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
        return frozenset(self._drives) | frozenset(self._queue)

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
        return (await self.accept(ask, service=service, idempotency_key=idempotency_key)).run

    async def accept(
        self, ask: Ask, *, service: Service | None = None, idempotency_key: str | None = None
    ) -> Accepted:
        """As `start`, and tell whether this call has made the run, as `Service.accept` does."""
        if self.stopping:
            raise _stopping()
        if self._full:
            raise Transient(
                f"This server has {MOST_WAITING} unfinished runs already.",
                hint="Try again when some have ended; some may wait for a person's answer.",
                code="too_many_runs",
                retry_after=timedelta(seconds=30),
            )
        accepted = await (service or self._service).accept(ask, idempotency_key=idempotency_key)
        if accepted.made:  # whoever has made it before drives it, perhaps on another machine
            self.drive(accepted.run.id)
        return accepted

    def drive(self, run_id: str) -> None:
        """Work on a run in the background; without a worker that is left to other processes.

        A drive that is under way already is followed by another one, for it may be past the
        point where it would see what has just become of the run.
        """
        if not self._worker or self.stopping:
            return
        if run_id in self._drives:
            self._again.add(run_id)
        else:
            self._drive(run_id)

    async def take_over(self, run_id: str) -> None:
        """Work on a run as `drive` does, unless another living process drives it: what a task has
        on that one's machine is not to be had here."""
        if self._worker and await self._to_be_had(run_id):
            self.drive(run_id)

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
            # Nothing of it goes on here once this returns.
            await asyncio.wait((drive,))
        return await self._service.get(run_id)

    @property
    def _full(self) -> bool:
        return len(self._drives) + len(self._queue) >= MOST_WAITING

    def _drive(self, run_id: str) -> None:
        """Drive a run as soon as there is room, unless that is under way."""
        if run_id in self._drives or run_id in self._queue or self.stopping:
            return
        self._queue[run_id] = None
        self._begin(fresh=run_id)

    def _begin(self, *, fresh: str | None = None) -> None:
        """Begin the drives that there is room for; `fresh` is a run that has not waited for it."""
        if self.stopping:
            return
        room = MOST_RUNS - len(self._drives.keys() - self._for_persons)
        for run_id in tuple(self._queue):
            if run_id not in self._for_persons:
                if room <= 0:
                    continue
                room -= 1
            del self._queue[run_id]
            task = asyncio.create_task(self._carry_on(run_id, waited=run_id != fresh))
            self._drives[run_id] = task
            task.add_done_callback(partial(self._let_go, run_id))

    async def _carry_on(self, run_id: str, *, waited: bool) -> None:
        """Drive a run to its end.

        A left run is driven and not resumed, which is for persons: one over which every server
        dies has to fail some day.
        """
        if waited and not await self._to_be_had(run_id):
            return  # it has ended, or a server that had room has taken it
        self._mine.add(run_id)
        await self._service.drive(run_id)
        self._mine.discard(run_id)

    async def _to_be_had(self, run_id: str) -> bool:
        """Whether a run has to go on, and no other living process drives it."""
        if (await self._service.get(run_id)).status is RunStatus.QUEUED:
            return True  # whoever drives it has planned it; this is cheaper to find out
        return run_id in await self._service.left(by_others=True)

    def _let_go(self, run_id: str, done: asyncio.Task[None]) -> None:
        """One that the journal does not let drive is left for later."""
        del self._drives[run_id]
        if not done.cancelled() and (fault := done.exception()) is not None:
            expected = isinstance(fault, MasError)
            _log.error(
                "run %s is left for now: %s", run_id, fault, exc_info=None if expected else fault
            )
        if run_id in self._again:
            self._again.discard(run_id)
            self._drive(run_id)
        self._begin()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_TIME.total_seconds())
            try:
                left = await self._look()
            except MasError as error:
                _log.warning("the journal could not be looked through: %s", error)
                # Others have lost their leases with the journal, as this server has: each takes
                # up its own first.
                self._left = frozenset()
                continue
            # Whoever makes a run drives it at once; seen twice without a driver, it has lost it.
            # Of a drive that broke off here that is known at once.
            self._take_up(left & (self._left | self._mine))
            self._left = left

    async def _look(self) -> frozenset[str]:
        """See how the runs stand; returns those that nobody drives, whatever the journal says of
        this server.

        That a run says nothing for long is no sign: agents may work for hours without an event.
        """
        before = frozenset(self._mine)
        unfinished = await self._service.unfinished()
        left = await self._service.left(by_others=True)
        self._for_persons = frozenset(
            run.id for run in unfinished if run.status is RunStatus.AWAITING_APPROVAL
        )
        # What has begun since is not among the unfinished ones that were read.
        self._mine -= before - self._drives.keys() - {run.id for run in unfinished}
        self._begin()
        return left - self.driven

    def _take_up(self, left: frozenset[str]) -> None:
        """Drive runs that nobody drives, the oldest first, as many as this server may have."""
        for run_id in sorted(left):
            if self._full:
                return
            self._drive(run_id)


def _stopping(run_id: str = "") -> Transient:
    later = f"Run {run_id} is kept and goes on when a server runs again. " if run_id else ""
    return Transient(
        f"{later}The server is stopping.",
        hint=f"Ask later for /runs/{run_id}." if run_id else "Try again.",
        code="stopping",
        retry_after=timedelta(seconds=10),
    )
