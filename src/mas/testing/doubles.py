"""Teams and doers made of functions, and a store in memory."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.plan import Plan
from mas.core.ports import Clock, Work
from mas.core.run import Run, RunResult, Task, TaskOutcome


def memory_store(clock: Clock | None = None) -> SqliteStore:
    """A store that lives as long as its context; known to one process only."""
    return SqliteStore(None, clock=clock or SystemClock())


@dataclass(frozen=True, kw_only=True)
class FixedTeam:
    """A team that plans the same for every request and answers with its tasks' results."""

    plans: Plan
    name: str = "fixed"

    def plan(self, run: Run) -> Plan:  # noqa: ARG002 - the same for every run
        return self.plans

    def review(self, run: Run, tasks: Sequence[Task]) -> RunResult:
        results = {task.id: task.result for task in tasks}
        states = ", ".join(f"{task.id}: {task.state.value}" for task in tasks)
        return RunResult(result=results, report=f"# {run.request}\n\n{states}\n")


@dataclass(frozen=True)
class FunctionDoer:
    """A doer that calls a function."""

    function: Callable[[Work], Awaitable[TaskOutcome]]

    async def do(self, work: Work) -> TaskOutcome:
        return await self.function(work)
