"""One attempt at one task: how it is done, and how its end is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import partial

from sqlalchemy import Connection

from mas.adapters.stores.store import Store
from mas.adapters.stores.tasks import Fence
from mas.core.errors import BudgetReached, Bug, MasError
from mas.core.failure import Failure
from mas.core.plan import TaskLimits
from mas.core.ports import Doer, LiveOutput
from mas.core.retry import RetryPolicy
from mas.core.run import Run, TaskOutcome, TaskState
from mas.core.telemetry import NO_TELEMETRY, Telemetry
from mas.engine.journal import attempts, waiting
from mas.engine.journal.claiming import OUT_OF_TIME, Claimed
from mas.engine.journal.fencing import Superseded
from mas.engine.work import SUMMARY_LIMIT, AttemptWork

_log = logging.getLogger(__name__)


class Why(Enum):
    """Why an attempt is cancelled; without a reason it is the shutdown of the process."""

    CANCELLED = "a person has cancelled the run"
    LOST = "the task belongs to another worker now"
    UNWRITABLE = "the journal cannot be written just now"
    LATE = "the time of the run's budget is over"
    ASKS = "a call waits for a person"
    WAITS = "the task waits for others, and the journal knows"


class Attempt:
    """Does one claimed task."""

    def __init__(
        self,
        claimed: Claimed,
        run: Run,
        *,
        owner: str,
        store: Store,
        retry: RetryPolicy,
        doers: Mapping[str, Doer],
        limits: TaskLimits | None = None,
        live: LiveOutput | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._telemetry = telemetry
        self._now = now
        self._began = now()
        self._run = run
        self._task = claimed.task
        self._store = store
        self._retry = retry
        self._limits = limits
        self._doers = doers
        self._fence = Fence(
            run_id=run.id, task_id=claimed.task.id, attempt=claimed.task.attempt, owner=owner
        )
        self._work = AttemptWork(
            claimed,
            run,
            fence=self._fence,
            store=store,
            roles=doers.keys(),
            limits=limits,
            suspend=lambda hold: self.cancel(Why.ASKS if hold else Why.WAITS),
            live=live,
        )
        self._why: Why | None = None
        self._doing: asyncio.Task[None] | None = None
        self.store_failure: MasError | None = None
        """Set when the journal refused a write: then the task's end is not known to it, and the
        run has to be gone on with later."""

    def cancel(self, why: Why) -> None:
        """Stop the doer; what becomes of the task depends on `why`."""
        if self._why is None:
            self._why = why
            if self._doing is not None:
                self._doing.cancel()

    async def perform(self) -> None:
        """Do the task to its end and write that end down.

        Ends quietly whatever the doer does. When cancelled without a reason, the task is put
        back before the `CancelledError` goes on.
        """
        self._doing = asyncio.current_task()
        try:
            if self._why is not None:
                raise asyncio.CancelledError
            await self._do()
        except asyncio.CancelledError:
            await self._stopped()
        except Superseded:
            self._say(logging.WARNING, "stopped: another worker has taken the task up")
        except MasError as exc:
            # Only what the journal itself refuses comes as far as this.
            self.store_failure = self._work.store_failure or exc

    async def _do(self) -> None:
        limits = self._limits
        try:
            async with asyncio.timeout(limits.seconds if limits else None) as timer:
                outcome = await self._doers[self._task.role].do(self._work)
            result = self._work.encode("result", outcome.result)
        except Superseded:
            raise
        except asyncio.CancelledError as exc:
            if self._why is not None or (self._doing is not None and self._doing.cancelling()):
                raise
            # Nobody has asked for it: putting the task back would do this again without end.
            await self._failed(self._bug(exc))
        except Exception as exc:
            if self._work.store_failure is not None:
                raise self._work.store_failure from exc
            late = isinstance(exc, TimeoutError) and timer.expired()
            await self._failed(_late(limits) if late else _mas_error(exc) or self._bug(exc))
        else:
            await self._reported(outcome, result)

    def _bug(self, exc: BaseException) -> Bug:
        self._say(logging.ERROR, "failed by a fault of MAS", exc_info=True)
        return Bug(
            f"A fault inside MAS ended task {self._task.id} ({type(exc).__name__}).",
            hint="The log has the details; please report them.",
        )

    async def _reported(self, outcome: TaskOutcome, result: bytes) -> None:
        problem = await self._work.noted(
            self._store.run(
                attempts.report,
                self._fence,
                result=result,
                summary=outcome.summary[:SUMMARY_LIMIT],
                failure=outcome.failure,
                more=outcome.extend,
                roles=self._doers.keys(),
            )
        )
        if problem is not None:
            await self._failed(problem)
            return
        if outcome.failure is not None:
            self._count_failure(outcome.failure.code)
        self._count_end(TaskState.SUCCEEDED if outcome.failure is None else TaskState.FAILED)

    async def _failed(self, error: MasError, *, left: bytes | None = None) -> None:
        def delay(failures: int) -> timedelta | None:
            return self._retry.delay(error, failures)

        wait = await self._work.noted(
            self._store.run(attempts.fail, self._fence, Failure.of(error), delay=delay, left=left)
        )
        self._count_failure(error.code)
        if wait is None:
            self._count_end(TaskState.FAILED)
        again = "not tried again" if wait is None else f"tried again in {wait.total_seconds():g} s"
        self._say(logging.WARNING, f"failed and is {again}: {error.message}")

    async def _stopped(self) -> None:
        """Write down that the attempt was cut short. A task that cannot be put back is taken up
        by whoever goes on with the run."""
        if self._why in (Why.LOST, Why.WAITS):
            return
        try:
            if self._why is Why.LATE:
                await self._failed(OUT_OF_TIME.to_error(), left=self._work.left)
            else:
                await self._store.run(self._ending(), self._fence)
                if self._why is Why.CANCELLED:
                    self._count_end(TaskState.CANCELLED)
        except Superseded:
            pass
        except MasError as exc:
            self._say(logging.WARNING, f"could not be put back: {exc.message}")
        if self._why is None:
            raise asyncio.CancelledError

    def _ending(self) -> Callable[[Connection, Fence], None]:
        """The transaction that writes down why the attempt was cut short."""
        if self._why is Why.CANCELLED:
            return partial(attempts.stop, left=self._work.left)
        return waiting.hold if self._why is Why.ASKS else attempts.release

    def _count_failure(self, code: str) -> None:
        self._telemetry.attempt_failed(role=self._task.role, code=code)

    def _count_end(self, state: TaskState) -> None:
        took = self._now() - self._began
        self._telemetry.task_ended(
            role=self._task.role, team=self._run.team, state=state, took=took
        )

    def _say(self, level: int, message: str, *, exc_info: bool = False) -> None:
        _log.log(
            level,
            "task %s %s",
            self._task.id,
            message,
            exc_info=exc_info,
            extra={"run": self._run.id, "task": self._task.id, "attempt": self._task.attempt},
        )


def _mas_error(exc: Exception) -> MasError | None:
    """The error that a doer has raised, also out of a task group; None for anything unexpected."""
    if isinstance(exc, MasError):
        return exc
    if isinstance(exc, ExceptionGroup):
        found = [_mas_error(inner) for inner in exc.exceptions]
        return found[0] if all(found) else None
    return None


def _late(limits: TaskLimits | None) -> BudgetReached:
    seconds = limits.seconds if limits and limits.seconds is not None else 0
    return BudgetReached(
        f"The task has used up its {seconds:g} seconds.",
        hint="Give its role more seconds (`limits` in the role's file); what it did is kept.",
    )
