"""Work inside of a task: the agent loop as one step of something larger."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from mas.core.approvals import Approval
from mas.core.calls import StoredCall
from mas.core.messages import Intent, Message
from mas.core.plan import TaskSpec
from mas.core.ports import Work
from mas.core.records import RecordKind
from mas.core.run import Run, Task
from mas.core.usage import Usage
from mas.core.values import JsonValue


class InnerWork:
    """A `Work` whose steps have names of their own within a task, and that has another goal."""

    def __init__(self, work: Work, *, prefix: str, goal: str) -> None:
        """`prefix` goes before every key; `goal` is what the inner agent is told to do."""
        self._work = work
        self._prefix = prefix
        spec = msgspec.structs.replace(work.task.spec, goal=goal, inputs={})
        self._task = replace(work.task, spec=spec)

    @property
    def run(self) -> Run:
        """See `Work.run`."""
        return self._work.run

    @property
    def task(self) -> Task:
        """The task, with the inner goal."""
        return self._task

    @property
    def inputs(self) -> Mapping[str, JsonValue]:
        """Nothing: what the inner agent needs to know is in its goal."""
        return {}

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
        return await self._work.record(
            self._prefix + key, kind, body, summary=summary, usage=usage, most=most
        )

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
        return await self._work.effect(
            self._prefix + key, act, probe=probe, intent=intent, summary=summary
        )

    async def approval(self, key: str, call: StoredCall) -> Approval:
        """See `Work.approval`."""
        return await self._work.approval(self._prefix + key, call)

    async def inbox(self, key: str) -> tuple[Message, ...]:
        """See `Work.inbox`."""
        return await self._work.inbox(self._prefix + key)

    async def send(self, key: str, *, to: str, intent: Intent, content: str) -> None:
        """See `Work.send`."""
        await self._work.send(self._prefix + key, to=to, intent=intent, content=content)

    async def delegate(self, key: str, tasks: Sequence[TaskSpec]) -> Mapping[str, JsonValue]:
        """See `Work.delegate`."""
        return await self._work.delegate(self._prefix + key, tasks)

    def leave(self, result: JsonValue) -> None:
        """See `Work.leave`."""
        self._work.leave(result)

    def live(self, text: str) -> None:
        """See `Work.live`."""
        self._work.live(text)
