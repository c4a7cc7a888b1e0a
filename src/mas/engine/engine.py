"""The engine: what a face may ask of runs, on any process that shares the store."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from mas.adapters.stores import approvals, drivers, events, lists, records, runs, tasks
from mas.adapters.stores import messages as message_rows
from mas.adapters.stores.idempotency import Key
from mas.adapters.stores.records import Effect
from mas.adapters.stores.store import Store
from mas.core.approvals import Approval, Place
from mas.core.errors import MasError, UserError
from mas.core.events import Event
from mas.core.ids import run_id as make_run_id
from mas.core.messages import EVERYBODY, Message
from mas.core.overview import Counts, WorkingTask
from mas.core.ports import Clock, Doer, LiveOutput, Team
from mas.core.records import Record
from mas.core.run import Run, RunFilter, RunRequest, RunStatus, RunSummary, Task
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.core.values import JsonValue, decode_json
from mas.engine.answering import end_answered, unknown_team
from mas.engine.driver import Driver
from mas.engine.journal import forking, lifecycle, messages, reopening, waiting
from mas.engine.journal.audit import NoteOf, audited, nothing
from mas.engine.journal.driving import leave
from mas.engine.journal.lifecycle import Accepted
from mas.engine.owner import is_dead, this_process
from mas.engine.settings import EngineSettings

_PAGE = 500
_UNFINISHED = RunFilter(statuses=tuple(one for one in RunStatus if not one.ended))


class Engine:
    """Accepts, drives, cancels and shows runs.

    Opened after its store and closed before it. Every method raises what `Store` raises; those
    that take a run id raise `UserError` (`unknown_run`) for one that no run has.
    """

    def __init__(
        self,
        *,
        store: Store,
        teams: Mapping[str, Team],
        doers: Mapping[str, Doer],
        clock: Clock,
        settings: EngineSettings | None = None,
        live: LiveOutput | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        """`doers` by role; a mapping that builds its values on demand is welcome. What tasks show
        while they run goes to `live`."""
        self._live = live
        self._telemetry = telemetry
        self._store = store
        self._teams = teams
        self._doers = doers
        self._clock = clock
        self._settings = settings or EngineSettings()
        self._worker = this_process(secrets.token_hex(4))
        self._drove = False
        self._driving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._drove:
            try:
                await self._store.run(leave, self._worker)
            except MasError:
                # Nothing hangs on it: a worker without tasks is forgotten later.
                return

    async def submit(
        self,
        request: RunRequest,
        *,
        key: Key | None = None,
        note: NoteOf[Accepted] = nothing,
    ) -> Run:
        """As `accept`; returns the run alone."""
        return (await self.accept(request, key=key, note=note)).run

    async def accept(
        self,
        request: RunRequest,
        *,
        key: Key | None = None,
        note: NoteOf[Accepted] = nothing,
    ) -> Accepted:
        """Accept a request: once this returns, the run is not lost by anything.

        With a `key` that was used before for the same request, the run of then is returned.

        Raises:
            UserError: There is no such team (`unknown_team`), the text is empty, or the key was
                used for another request (`idempotency_conflict`).
        """
        if not request.text.strip():
            raise UserError(
                "The request is empty.", hint="Say what you want.", code="empty_request"
            )
        if request.team not in self._teams:
            raise unknown_team(request.team, self._teams)
        return await self._store.run_durable(
            audited,
            lifecycle.accept,
            note,
            request,
            token=lambda: secrets.token_hex(4),
            key=key,
        )

    async def submitted(self, key: Key) -> Run | None:
        """The run that was made for a key before; None: there is none.

        Raises:
            UserError: It was made for another request (`idempotency_conflict`).
        """
        return await self._store.read(lifecycle.accepted_before, key)

    async def drive(self, run_id: str) -> Run:
        """Carry a run on to its end and return it; at once when it has ended.

        A second call for the same run waits for the first, and goes on when that was cancelled.
        When cancelled, the tasks that were running are put back first, and any other process
        can go on with them.
        """
        self._drove = True
        driver = Driver(
            run_id,
            store=self._store,
            teams=self._teams,
            doers=self._doers,
            clock=self._clock,
            worker=self._worker,
            settings=self._settings,
            live=self._live,
            telemetry=self._telemetry,
        )
        # Two drivers with one worker's name would put each other's tasks back.
        async with self._driving.setdefault(run_id, asyncio.Lock()):
            return await driver.drive()

    async def retry(
        self, run_id: str, task: str | None = None, *, note: NoteOf[Run] = nothing
    ) -> Run:
        """Let a task that has ended without success (None: all that failed or were cancelled)
        start again, with all that hung on it; `drive` the run afterwards.

        What the task has done to the outside world is not done again.

        Raises:
            UserError: There is no such task (`unknown_task`), nothing has failed
                (`nothing_to_retry`), somebody works on it (`still_working`), or the run's budget
                is used up (`budget_used_up`).
        """
        return await self._store.run_durable(audited, reopening.retry, note, run_id, task)

    def new_id(self) -> str:
        """An id that no run has, as far as chance goes."""
        return make_run_id(self._clock.now(), secrets.token_hex(4))

    async def fork(
        self,
        run_id: str,
        *,
        after: str | None = None,
        new_id: str | None = None,
        seen: int | None = None,
        refused: Callable[[], UserError] | None = None,
        key: Key | None = None,
        note: NoteOf[Accepted] = nothing,
    ) -> Accepted:
        """Make a run that begins with what another one has finished: the task `after`, or the
        record `TASK/KEY`, and all it depends on; None: every task that has succeeded.

        Args:
            run_id: The run that is forked; it stays as it is.
            after: The last step that is kept.
            new_id: The id of the fork, from `new_id()`; None makes one.
            seen: The last event of the run that counts; what has happened since is not kept.
                None: all of it counts.
            refused: The error where anything would be kept that cannot come along.
            key: With one that was used before for the same fork, that one is returned.
            note: What is written to the audit log.

        Raises:
            UserError: There is no such step (`unknown_step`), it cannot be kept (`cannot_fork`),
                or the key was used for another request (`idempotency_conflict`).
        """
        return await self._store.run_durable(
            audited,
            forking.fork,
            note,
            run_id,
            after=after,
            run_id=new_id or self.new_id(),
            seen=seen,
            roles=self._doers.keys(),
            refused=refused,
            key=key,
        )

    async def resume(self, run_id: str, *, note: NoteOf[Run] = nothing) -> Run:
        """Note that a person goes on with a run; `drive` it afterwards.

        Processes that died over its tasks before do not count against them any more. A run that
        has ended is returned as it is.
        """
        return await self._store.run(audited, lifecycle.revive, note, run_id)

    async def cancel(self, run_id: str, *, note: NoteOf[Run] = nothing) -> Run:
        """Ask a run to stop; it has ended on return unless somebody still works on it.

        Whoever drives it stops its tasks within a second and ends it then, with what there is of
        an answer. Where nobody does, that is done here; a death in between is made up for by the
        next cancel or drive.
        """
        await self._store.run_durable(
            audited,
            lifecycle.request_cancel,
            note,
            run_id,
            is_dead=lambda worker: is_dead(worker, here=self._worker),
        )
        return await end_answered(self._store, self._teams, run_id)

    async def decide(
        self,
        run_id: str,
        approval: str,
        *,
        approved: bool,
        comment: str = "",
        note: NoteOf[Approval] = nothing,
    ) -> Approval:
        """Answer a call that waits; whoever drives the run goes on with it at once.

        Raises:
            UserError: There is no such approval, or it is answered already.
        """
        return await self._store.run_durable(
            audited,
            waiting.decide,
            note,
            run_id,
            approval,
            approved=approved,
            comment=comment,
        )

    async def approvals(self, run_id: str) -> tuple[Approval, ...]:
        """All calls of a run that a person was asked about, in order."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(approvals.of_run, run_id)

    async def waiting(
        self, *, limit: int = 200, after: Place | None = None
    ) -> tuple[Approval, ...]:
        """The calls that wait for a person over all runs, oldest first; those behind a place."""
        return await self._store.read(approvals.waiting, limit=limit, after=after)

    async def count_waiting(self) -> int:
        """How many calls wait for a person over all runs."""
        return await self._store.read(approvals.count_waiting)

    async def tell(
        self,
        run_id: str,
        text: str,
        *,
        to: str = EVERYBODY,
        note: NoteOf[tuple[str, ...]] = nothing,
    ) -> tuple[str, ...]:
        """Say something to the agents of a run, who read it at their next stage.

        `to` is a role or a task; returns the tasks that will read it, none before the run is
        planned: then the message waits for them.

        Raises:
            UserError: The run has ended, or has no such agent at work.
        """
        await self._store.read(lifecycle.head, run_id)
        return await self._store.run_durable(
            audited, messages.tell, note, run_id, to=to, content=text
        )

    async def messages(self, run_id: str) -> tuple[Message, ...]:
        """All messages of a run, in order."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(message_rows.of_run, run_id)

    async def get(self, run_id: str) -> Run:
        """A run with its plan, result and report."""
        return await self._store.read(lifecycle.get, run_id)

    async def list(self, *, limit: int = 50, before: str | None = None) -> tuple[RunSummary, ...]:
        """Runs, newest first; with `before`, those older than that run."""
        return await self._store.read(runs.newest, limit=limit, before=before)

    async def page(
        self, filters: RunFilter, *, limit: int, before: str | None = None
    ) -> tuple[RunSummary, ...] | None:
        """Runs that fit, newest first, those older than the run `before`; None: there is no such
        run."""
        return await self._store.read(lists.page, filters, limit=limit, before=before)

    async def unfinished(self) -> tuple[RunSummary, ...]:
        """All runs that have not ended, newest first."""
        found: list[RunSummary] = []
        while page := await self.page(
            _UNFINISHED, limit=_PAGE, before=found[-1].id if found else None
        ):
            found += page
            if len(page) < _PAGE:
                break
        return tuple(found)

    async def left(self, *, by_others: bool = False) -> frozenset[str]:
        """The unfinished runs that nobody carries on: no living process drives them, or, with
        `by_others`, none but this worker."""
        unfinished = {run.id for run in await self.unfinished()}
        at_work = await self._store.read(drivers.at_work)
        return frozenset(
            unfinished
            - {
                run_id
                for run_id, leased in at_work
                if not leased.expired
                and not is_dead(leased.worker, here=self._worker)
                and not (by_others and leased.worker.id == self._worker.id)
            }
        )

    async def counts(self) -> Counts:
        """How many runs there are, and tasks of those that have not ended."""
        return await self._store.read(lists.counts)

    async def working(self) -> tuple[WorkingTask, ...]:
        """The tasks of all runs at which somebody works, or which wait for a person."""
        return await self._store.read(lists.working)

    async def effects(self, run_id: str) -> tuple[Effect, ...]:
        """What a run has done to the outside world, as its ledger has it, in order."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(records.effects_of, run_id)

    async def tasks(self, run_id: str) -> tuple[Task, ...]:
        """The tasks of a run in the plan's order; none before it is planned."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(tasks.of_run, run_id)

    async def records(self, run_id: str, *, task: str | None = None) -> tuple[Record, ...]:
        """The finished steps of a run, or of one of its tasks, in order, without their values."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(records.of_run, run_id, task_id=task)

    async def value(self, run_id: str, task: str, key: str) -> JsonValue:
        """What a step has given.

        Raises:
            UserError: There is no such record.
        """
        value = await self._store.read(records.value, run_id, task, key)
        if value is None:
            raise UserError(
                f"Run {run_id} has no record {key!r} of a task {task!r}.", code="unknown_record"
            )
        return decode_json(value)

    async def events(self, run_id: str, *, after: int = 0, limit: int = _PAGE) -> tuple[Event, ...]:
        """The next events of a run after the one numbered `after`."""
        await self._store.read(lifecycle.head, run_id)
        return await self._store.read(events.after, run_id, after, limit=limit)

    async def watch(self, run_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Give the events of a run after the one numbered `after`, as they come, to its end.

        Works from any process, and for a run that has ended. Close it (`aclosing`) when you
        leave early.
        """
        await self._store.read(lifecycle.head, run_id)
        with self._store.changes(run_id) as changes:
            while True:
                ended = (await self._store.read(lifecycle.head, run_id)).status.ended
                while page := await self._store.read(events.after, run_id, after, limit=_PAGE):
                    for event in page:
                        yield event
                        after = event.number
                if ended:
                    return
                await changes.wait()
