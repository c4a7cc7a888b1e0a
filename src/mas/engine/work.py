"""What a doer sees of one attempt: durable steps, budgets, approvals, messages, delegation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import NoReturn, TypeVar

from mas.adapters.stores import records
from mas.adapters.stores.records import NewRecord
from mas.adapters.stores.store import Store
from mas.adapters.stores.tasks import Fence
from mas.core.approvals import Approval
from mas.core.budget import NO_BUDGET, Budget
from mas.core.calls import StoredCall
from mas.core.errors import Bug, MasError, Refused
from mas.core.finishing import to_the_end
from mas.core.messages import Intent, Message
from mas.core.plan import TaskLimits, TaskSpec
from mas.core.ports import LiveOutput
from mas.core.records import RecordKind
from mas.core.run import Run, Task
from mas.core.usage import MICROS_PER_USD, NOTHING, Usage
from mas.core.values import JsonValue, decode_json, encode_json
from mas.engine.journal import attempts, messages, waiting
from mas.engine.journal.claiming import Claimed

T = TypeVar("T")

SUMMARY_LIMIT = 500
"""Characters of a summary that an event carries."""


class AttemptWork:
    """Implements `mas.core.ports.Work` on the journal."""

    def __init__(
        self,
        claimed: Claimed,
        run: Run,
        *,
        fence: Fence,
        store: Store,
        roles: Collection[str],
        limits: TaskLimits | None,
        suspend: Callable[[bool], None],
        live: LiveOutput | None,
    ) -> None:
        """`suspend` ends the attempt without a failure; True: it has to be put on hold yet."""
        self._claimed = claimed
        self._run = run
        self._fence = fence
        self._store = store
        self._roles = roles
        self._budget = _budget(limits)
        self._suspend = suspend
        self._live = live
        self._recorded = set(claimed.recorded)
        self._under_way: set[str] = set()
        self.left: bytes | None = None
        """What stands as the result of an attempt that is cut short."""
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
        most: Usage | None = None,
    ) -> JsonValue:
        """See `Work.record`."""
        if key in self._recorded:
            return await self._stored(key)
        self._begin(key)
        try:
            began = time.perf_counter()
            encoded = self.encode(key, await self._within_budget(key, body, most))
            value = decode_json(encoded)
            new = NewRecord(
                key=key,
                kind=kind,
                value=encoded,
                summary=_short(summary, value),
                usage=usage(value) if usage else NOTHING,
                took=timedelta(seconds=time.perf_counter() - began),
            )
            # What is done is noted, also when the attempt is stopped just now.
            writing = self._store.run(attempts.record, self._fence, new, reserved=most is not None)
            await to_the_end(self.noted(writing))
            self._recorded.add(key)
        finally:
            self._under_way.discard(key)
        return value

    async def _within_budget(
        self, key: str, body: Callable[[], Awaitable[object]], most: Usage | None
    ) -> object:
        """Run a step under a reservation, which its record settles; one that fails gives it up."""
        if most is None:
            return await body()
        refused = await self.noted(
            self._store.run(attempts.reserve, self._fence, key, most, own=self._budget)
        )
        if refused is not None:
            raise refused
        try:
            return await body()
        except Exception:
            await self.noted(self._store.run(attempts.give_up_reservation, self._fence, key))
            raise

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
            in_doubt = await self.noted(
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
            encoded = self.encode(key, outcome)
            value = decode_json(encoded)
            new = NewRecord(
                key=key,
                kind="action",
                value=encoded,
                summary=_short(summary, value),
                usage=NOTHING,
                took=timedelta(seconds=time.perf_counter() - began),
            )
            writing = self._store.run_durable(attempts.settle, self._fence, new)
            await to_the_end(self.noted(writing))
            self._recorded.add(key)
        finally:
            self._under_way.discard(key)
        return value

    async def approval(self, key: str, call: StoredCall) -> Approval:
        """See `Work.approval`."""
        found = await self.noted(self._store.run_durable(waiting.ask, self._fence, key, call))
        if found.state == "approved":
            return found
        if found.state == "waiting":
            await self._end_here(hold=True)
        said = f": {found.comment}" if found.comment else ""
        raise Refused(
            f"A person has rejected {found.call.call.tool} on {found.call.target or '-'}{said}.",
            hint="Ask again with other words, or let the policy allow it.",
            code="rejected",
        )

    async def inbox(self, key: str) -> tuple[Message, ...]:
        """See `Work.inbox`. Without a new message nothing is written."""
        new, taken = await self._store.read(messages.look, self._fence, key)
        if not new:
            return taken
        return await self.noted(self._store.run(messages.take, self._fence, key))

    async def send(self, key: str, *, to: str, intent: Intent, content: str) -> None:
        """See `Work.send`."""
        await self.noted(
            self._store.run(messages.send, self._fence, key, to=to, intent=intent, content=content)
        )

    async def delegate(self, key: str, tasks: Sequence[TaskSpec]) -> Mapping[str, JsonValue]:
        """See `Work.delegate`. The tasks' own ids tell whether they were added before."""
        del key
        problem, results = await self.noted(
            self._store.run(waiting.delegate, self._fence, tasks, roles=self._roles)
        )
        if problem is not None:
            raise problem
        if results is None:
            await self._end_here(hold=False)
        return results

    def leave(self, result: JsonValue) -> None:
        """See `Work.leave`."""
        self.left = self.encode("result", result)

    def live(self, text: str) -> None:
        """See `Work.live`."""
        if self._live is not None:
            self._live.write(self._run.id, self.task.id, text)

    def encode(self, key: str, value: object) -> bytes:
        """A value as the journal keeps it."""
        return encode_json(value, what=f"The value of {key} of task {self.task.id}")

    async def noted(self, writing: Awaitable[T]) -> T:
        """Wait for a write, and note it when the journal refuses it."""
        try:
            return await writing
        except MasError as exc:
            self.store_failure = exc
            raise

    async def _end_here(self, *, hold: bool) -> NoReturn:
        """End the attempt: it is cancelled while it waits here, and never comes back."""
        self._suspend(hold)
        await asyncio.Event().wait()
        raise Bug("An attempt went on after it had been suspended.")

    async def _stored(self, key: str) -> JsonValue:
        value = await self._store.read(records.value, self._run.id, self.task.id, key)
        if value is None:
            raise Bug(f"Record {key} of task {self.task.id} has gone from the journal.")
        return decode_json(value)

    def _begin(self, key: str) -> None:
        if key in self._under_way:
            raise Bug(f"Step {key} of task {self.task.id} was begun twice at once.")
        self._under_way.add(key)


def _budget(limits: TaskLimits | None) -> Budget:
    if limits is None:
        return NO_BUDGET
    cost = None if limits.cost_usd is None else round(limits.cost_usd * MICROS_PER_USD)
    return Budget(tokens=limits.tokens, cost_micros=cost)


def _short(summary: Callable[[JsonValue], str] | None, value: JsonValue) -> str:
    return summary(value)[:SUMMARY_LIMIT] if summary else ""
