"""The driver: carries one run on in this process, from wherever it stands to its end.

Several processes may drive a run at once; the journal gives each task to one of them, and the
others wait or help.

Stopping, when the coroutine is cancelled (the shutdown of the process):
1. no task is started any more;
2. the attempts are cancelled, and each doer ends what it has started;
3. each task is put back as `ready`, so that another process goes on at once;
4. the heartbeat stops last: until then the tasks have a living owner.
A person's cancel is different: the attempts are cancelled in the same way, but their tasks and
the run end as `cancelled`, with what there is of an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from mas.adapters.stores import drivers
from mas.adapters.stores.store import Changes, Store
from mas.adapters.stores.workers import Worker
from mas.core.errors import MasError
from mas.core.failure import Failure
from mas.core.plan import Plan, check_plan
from mas.core.ports import Clock, Doer, LiveOutput, Team
from mas.core.run import Run, RunStatus
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.core.values import encode_json
from mas.engine.answering import end_answered, fault_of, team_of
from mas.engine.attempt import Attempt, Why
from mas.engine.journal import lifecycle
from mas.engine.journal.claiming import Claimed, Turn, take_turn
from mas.engine.journal.driving import begin_driving, keep_driving
from mas.engine.journal.recovery import Held, return_own
from mas.engine.owner import is_dead
from mas.engine.settings import EngineSettings

LOOK_AT_OTHERS = timedelta(seconds=1)
"""How soon the death of another process is seen while it works on the same run."""

LOOK_AT_LIMITS = timedelta(milliseconds=250)
"""How soon a slot is seen that another run or process has freed."""

_log = logging.getLogger(__name__)


class Driver:
    """Drives one run, once."""

    def __init__(
        self,
        run_id: str,
        *,
        store: Store,
        teams: Mapping[str, Team],
        doers: Mapping[str, Doer],
        clock: Clock,
        worker: Worker,
        settings: EngineSettings,
        live: LiveOutput | None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._run_id = run_id
        self._live = live
        self._store = store
        self._teams = teams
        self._doers = doers
        self._clock = clock
        self._worker = worker
        self._settings = settings
        self._attempts: dict[Held, Attempt] = {}
        self._failure: MasError | None = None

    async def drive(self) -> Run:
        """Return the run when it has ended.

        Raises:
            MasError: The journal cannot be written; the run can be gone on with later.
        """
        run = await self._store.read(lifecycle.get, self._run_id)
        if run.status.ended:
            return run
        with self._store.changes(self._run_id, interest="state") as changes:
            async with self._living(changes):
                run = await self._planned()
                while not run.status.ended:
                    await self._carry_out(run, changes)
                    run = await end_answered(self._store, self._teams, run.id)
        self._telemetry.run_ended(
            team=run.team, status=run.status, stop_reason=run.stop_reason, took=run.usage.time
        )
        if self._live is not None:
            self._live.close(run.id)
        return run

    async def _planned(self) -> Run:
        run = await self._store.run(lifecycle.begin_planning, self._run_id)
        if run.status is not RunStatus.PLANNING:
            return run
        try:
            plan = self._plan(run)
        except MasError as exc:
            return await self._store.run_durable(lifecycle.fail_planning, run.id, Failure.of(exc))
        return await self._store.run(lifecycle.adopt_plan, run.id, plan)

    def _plan(self, run: Run) -> Plan:
        team = team_of(run, self._teams)
        try:
            plan = team.plan(run)
        except MasError:
            raise
        except Exception as exc:
            raise fault_of(run, "planning", exc) from exc
        check_plan(plan, roles=self._doers.keys())
        encode_json(plan, what="The plan")
        return plan

    async def _carry_out(self, run: Run, changes: Changes) -> None:
        """Return when no task is open any more, or the run has ended."""
        try:
            await self._take_turns(run, changes)
        except asyncio.CancelledError:
            await self._put_back()
            raise
        if self._failure is not None:
            raise self._failure

    async def _put_back(self) -> None:
        """Return what a turn that was cut short has claimed and no attempt has begun."""
        try:
            await self._store.run(return_own, self._run_id, worker_id=self._worker.id)
        except MasError as exc:
            # Whoever goes on with the run finds this process dead, and takes them up.
            _log.warning("tasks could not be put back: %s", exc.message)

    async def _take_turns(self, run: Run, changes: Changes) -> None:
        async with asyncio.TaskGroup() as group:
            while self._failure is None:
                try:
                    turn = await self._turn()
                except MasError as exc:
                    self._failure = exc  # raised once the attempts have ended
                    break
                self._stop_attempts(turn)
                for claimed in turn.claimed:
                    # Known before the next turn, which would put back what nobody is about.
                    held = (claimed.task.id, claimed.task.attempt)
                    self._attempts[held] = self._attempt(claimed, run)
                    group.create_task(self._perform(held, changes))
                if turn.status.ended or turn.open == 0:
                    return
                await self._wait(turn, changes)
            for attempt in self._attempts.values():
                attempt.cancel(Why.UNWRITABLE)

    async def _turn(self) -> Turn:
        return await self._store.run(
            take_turn,
            self._run_id,
            worker=self._worker,
            holding=tuple(self._attempts),
            limits=self._settings.limits,
            retry=self._settings.retry,
            lease=self._settings.lease,
            is_dead=lambda worker: is_dead(worker, here=self._worker),
        )

    def _stop_attempts(self, turn: Turn) -> None:
        for held, attempt in self._attempts.items():
            if held not in turn.held:
                attempt.cancel(Why.LOST)
            elif turn.cancelling:
                attempt.cancel(Why.CANCELLED)
            elif turn.late:
                attempt.cancel(Why.LATE)

    def _attempt(self, claimed: Claimed, run: Run) -> Attempt:
        return Attempt(
            claimed,
            run,
            owner=self._worker.id,
            store=self._store,
            retry=self._settings.retry,
            doers=self._doers,
            limits=claimed.task.spec.limits or self._settings.task_limits.get(claimed.task.role),
            live=self._live,
            telemetry=self._telemetry,
            now=self._clock.now,
        )

    async def _perform(self, held: Held, changes: Changes) -> None:
        attempt = self._attempts[held]
        try:
            await attempt.perform()
        finally:
            del self._attempts[held]
        if attempt.store_failure is not None:
            self._failure = attempt.store_failure
            changes.wake()

    async def _wait(self, turn: Turn, changes: Changes) -> None:
        """Wait until something has changed, or there is a reason to look without a change."""
        limits: list[timedelta] = []
        if turn.timer is not None:
            limits.append(turn.timer)
        if turn.others:
            limits.append(LOOK_AT_OTHERS)
        if turn.starved:
            limits.append(LOOK_AT_LIMITS)
        if not limits:
            await changes.wait()
            return
        waits = (
            asyncio.ensure_future(changes.wait()),
            asyncio.ensure_future(self._clock.sleep(min(limits))),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    @asynccontextmanager
    async def _living(self, changes: Changes) -> AsyncIterator[None]:
        """Hold a lease, and renew it until the context is left; until then the run has a driver."""
        await self._store.run(begin_driving, self._run_id, self._worker, lease=self._settings.lease)
        heartbeat = asyncio.create_task(self._beat(changes))
        try:
            yield
        finally:
            heartbeat.cancel()
            await asyncio.wait([heartbeat])
            # Where this cannot be written, the end of the worker or of its lease says the same.
            with contextlib.suppress(MasError):
                await self._store.run(drivers.end, self._run_id, self._worker.id)

    async def _beat(self, changes: Changes) -> None:
        while True:
            await self._clock.sleep(self._settings.lease / 3)
            try:
                await self._store.run(
                    keep_driving, self._run_id, self._worker, lease=self._settings.lease
                )
            except MasError as exc:
                # The lease outlives two missed beats; writes of attempts tell of what is wrong.
                _log.warning("a heartbeat was missed: %s", exc.message)
            # A process that was held up may have lost tasks meanwhile: its next turn tells.
            changes.wake()
