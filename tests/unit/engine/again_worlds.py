"""Doers that fail as often as they are told to, and what holds after each retry and fork."""

from __future__ import annotations

from collections.abc import Callable

from engine_worlds import plan_of, spec

from mas.core.calls import StoredCall
from mas.core.errors import MasError, Permanent
from mas.core.fold import fold
from mas.core.models import ToolCall
from mas.core.ports import Work
from mas.core.run import TaskOutcome, TaskState
from mas.engine import Engine

CALL = StoredCall(
    call=ToolCall(id="c", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)
DIAMOND = plan_of(spec("a"), spec("b", "a"), spec("c", "a"), spec("d", "b", "c"))


class World:
    """Doers that note what really runs, and fail as often as they are told to."""

    def __init__(self, **failing: list[MasError]) -> None:
        self.failing = failing
        self.ran: list[str] = []

    def body(self, work: Work, key: str) -> Callable[[], object]:
        async def body(*_: object) -> object:
            self.ran.append(f"{work.task.id}/{key}")
            return f"{key} of attempt {work.task.attempt}"

        return body

    async def do(self, work: Work) -> TaskOutcome:
        """think, act (an effect), judge; fails between the last two."""
        await work.record("think", "stage", self.body(work, "think"))
        await work.effect("act", self.body(work, "act"), probe=nothing)
        told = await work.record("judge", "stage", self.body(work, "judge"))
        if errors := self.failing.get(work.task.id):
            raise errors.pop(0)
        return TaskOutcome(result=told)


async def nothing(_: str) -> None:
    return None


def no() -> MasError:
    return Permanent("No.")


async def states(engine: Engine, run_id: str) -> dict[str, TaskState]:
    return {task.id: task.state for task in await engine.tasks(run_id)}


async def check_events(engine: Engine, run_id: str) -> None:
    """The events tell what the tables hold (R9)."""
    run = await engine.get(run_id)
    view = fold([event async for event in engine.watch(run_id)])
    assert view.status is run.status
    assert view.stop_reason == run.stop_reason
    assert view.partial == run.partial
    assert view.last_event == run.last_event
    kept = [(record.task, record.key) for record in await engine.records(run_id)]
    for task in await engine.tasks(run_id):
        seen = view.tasks[task.id]
        assert (seen.state, seen.attempt) == (task.state, task.attempt)
        assert list(seen.recorded) == [key for name, key in kept if name == task.id]
