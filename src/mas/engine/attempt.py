"""One attempt at one task: the `Work` that a doer sees, and how its end is written down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import TypeVar

from mas.adapters.stores import records
from mas.adapters.stores.records import NewRecord
from mas.adapters.stores.store import Store
from mas.adapters.stores.tasks import Fence
from mas.core.errors import Bug, MasError
from mas.core.failure import Failure
from mas.core.ports import Doer
from mas.core.records import RecordKind
from mas.core.retry import RetryPolicy
from mas.core.run import Run, Task, TaskOutcome
from mas.core.usage import NOTHING, Usage
from mas.core.values import JsonValue, decode_json, encode_json
from mas.engine.journal import attempts
from mas.engine.journal.attempts import Superseded
from mas.engine.journal.claiming import Claimed

T = TypeVar("T")

SUMMARY_LIMIT = 500
"""Characters of a summary that an event carries."""

_log = logging.getLogger(__name__)


class Why(Enum):
    """Why an attempt is cancelled; without a reason it is the shutdown of the process."""

    CANCELLED = "a person has cancelled the run"
    LOST = "the task belongs to another worker now"
    UNWRITABLE = "the journal cannot be written just now"


class Attempt:
    """Does one claimed task. Implements `mas.core.ports.Work`."""

    def __init__(
        self, claimed: Claimed, run: Run, *, owner: str, store: Store, retry: RetryPolicy
    ) -> None:
        self._claimed = claimed
        self._run = run
        self._store = store
        self._retry = retry
        self._fence = Fence(
            run_id=run.id, task_id=claimed.task.id, attempt=claimed.task.attempt, owner=owner
        )
        self._recorded = set(claimed.recorded)
        self._under_way: set[str] = set()
        self._why: Why | None = None
        self._doing: asyncio.Task[None] | None = None
        self.store_failure: MasError | None = None
        """Set when the journal refused a write: then the task's end is not known to it, and the
        run has to be gone on with later."""

    @property
    def run(self) -> Run:
        return self._run

    @property
    def task(self) -> Task:
        return self._claimed.task

    @property
    def inputs(self) -> Mapping[str, JsonValue]:
        return self._claimed.inputs

    async def record(
        self,
        key: str,
        kind: RecordKind,
        body: Callable[[], Awaitable[object]],
        *,
        summary: Callable[[JsonValue], str] | None = None,
        usage: Callable[[JsonValue], Usage] | None = None,
    ) -> JsonValue:
        """See `Work.record`."""
        if key in self._recorded:
            return await self._stored(key)
        self._begin(key)
        try:
            began = time.perf_counter()
            encoded = self._encode(key, await body())
            value = decode_json(encoded)
            new = NewRecord(
                key=key,
                kind=kind,
                value=encoded,
                summary=_short(summary, value),
                usage=usage(value) if usage else NOTHING,
                took=timedelta(seconds=time.perf_counter() - began),
            )
            await self._noted(self._store.run(attempts.record, self._fence, new))
            self._recorded.add(key)
        finally:
            self._under_way.discard(key)
        return value

    async def effect(
        self,
        key: str,
        act: Callable[[str], Awaitable[object]],
        *,
        probe: Callable[[str], Awaitable[object | None]],
        intent: JsonValue = None,
        summary: Callable[[JsonValue], str] | None = None,
    ) -> JsonValue:
        """See `Work.effect`."""
        if key in self._recorded:
            return await self._stored(key)
        self._begin(key)
        try:
            began = time.perf_counter()
            idempotency_key = f"{self._run.id}/{self.task.id}/{key}"
            in_doubt = await self._noted(
                self._store.run_durable(
                    attempts.intend,
                    self._fence,
                    key,
                    idempotency_key=idempotency_key,
                    intent=encode_json(intent, what=f"The intent of {key} of task {self.task.id}"),
                    summary=_short(summary, intent),
                )
            )
            outcome = await probe(idempotency_key) if in_doubt else None
            if outcome is None:
                outcome = await act(idempotency_key)
            encoded = self._encode(key, outcome)
            value = decode_json(encoded)
            new = NewRecord(
                key=key,
                kind="action",
                value=encoded,
                summary=_short(summary, value),
                usage=NOTHING,
                took=timedelta(seconds=time.perf_counter() - began),
            )
            await self._noted(self._store.run_durable(attempts.settle, self._fence, new))
            self._recorded.add(key)
        finally:
            self._under_way.discard(key)
        return value

    def cancel(self, why: Why) -> None:
        """Stop the doer; what becomes of the task depends on `why`."""
        if self._why is None:
            self._why = why
            if self._doing is not None:
                self._doing.cancel()

    async def perform(self, doers: Mapping[str, Doer]) -> None:
        """Do the task to its end and write that end down.

        Ends quietly whatever the doer does. When cancelled without a reason, the task is put
        back before the `CancelledError` goes on.
        """
        self._doing = asyncio.current_task()
        try:
            if self._why is not None:
                raise asyncio.CancelledError
            await self._do(doers)
        except asyncio.CancelledError:
            await self._stopped()
        except Superseded:
            self._say(logging.WARNING, "stopped: another worker has taken the task up")
        except MasError as exc:
            # Only what the journal itself refuses comes as far as this.
            self.store_failure = self.store_failure or exc

    async def _do(self, doers: Mapping[str, Doer]) -> None:
        try:
            outcome = await doers[self.task.role].do(self)
            result = self._encode("result", outcome.result)
        except Superseded:
            raise
        except asyncio.CancelledError as exc:
            if self._why is not None or (self._doing is not None and self._doing.cancelling()):
                raise
            # Nobody has asked for it: putting the task back would do this again without end.
            await self._failed(self._bug(exc))
        except Exception as exc:
            if self.store_failure is not None:
                raise self.store_failure from exc
            await self._failed(_mas_error(exc) or self._bug(exc))
        else:
            await self._succeeded(outcome, result)

    def _bug(self, exc: BaseException) -> Bug:
        self._say(logging.ERROR, "failed by a fault of MAS", exc_info=True)
        return Bug(
            f"A fault inside MAS ended task {self.task.id} ({type(exc).__name__}).",
            hint="The log has the details; please report them.",
        )

    async def _succeeded(self, outcome: TaskOutcome, result: bytes) -> None:
        summary = outcome.summary[:SUMMARY_LIMIT]
        await self._noted(
            self._store.run(attempts.succeed, self._fence, result=result, summary=summary)
        )

    async def _failed(self, error: MasError) -> None:
        def delay(failures: int) -> timedelta | None:
            return self._retry.delay(error, failures)

        wait = await self._noted(
            self._store.run(attempts.fail, self._fence, Failure.of(error), delay=delay)
        )
        again = "not tried again" if wait is None else f"tried again in {wait.total_seconds():g} s"
        self._say(logging.WARNING, f"failed and is {again}: {error.message}")

    async def _stopped(self) -> None:
        """Write down that the attempt was cut short. A task that cannot be put back is taken up
        by whoever goes on with the run."""
        if self._why is Why.LOST:
            return
        transaction = attempts.stop if self._why is Why.CANCELLED else attempts.release
        try:
            await self._store.run(transaction, self._fence)
        except Superseded:
            pass
        except MasError as exc:
            self._say(logging.WARNING, f"could not be put back: {exc.message}")
        if self._why is None:
            raise asyncio.CancelledError

    async def _stored(self, key: str) -> JsonValue:
        value = await self._store.read(records.value, self._run.id, self.task.id, key)
        if value is None:
            raise Bug(f"Record {key} of task {self.task.id} has gone from the journal.")
        return decode_json(value)

    async def _noted(self, writing: Awaitable[T]) -> T:
        """Wait for a write, and note it when the journal refuses it."""
        try:
            return await writing
        except MasError as exc:
            self.store_failure = exc
            raise

    def _begin(self, key: str) -> None:
        if key in self._under_way:
            raise Bug(f"Step {key} of task {self.task.id} was begun twice at once.")
        self._under_way.add(key)

    def _encode(self, key: str, value: object) -> bytes:
        return encode_json(value, what=f"The value of {key} of task {self.task.id}")

    def _say(self, level: int, message: str, *, exc_info: bool = False) -> None:
        _log.log(
            level,
            "task %s %s",
            self.task.id,
            message,
            exc_info=exc_info,
            extra={"run": self._run.id, "task": self.task.id, "attempt": self.task.attempt},
        )


def _mas_error(exc: Exception) -> MasError | None:
    """The error that a doer has raised, also out of a task group; None for anything unexpected."""
    if isinstance(exc, MasError):
        return exc
    if isinstance(exc, ExceptionGroup):
        found = [_mas_error(inner) for inner in exc.exceptions]
        return found[0] if all(found) else None
    return None


def _short(summary: Callable[[JsonValue], str] | None, value: JsonValue) -> str:
    return summary(value)[:SUMMARY_LIMIT] if summary else ""
