"""Progress of a run for MCP clients: by its events, and only ever growing (U4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.core.events import (
    EventBody,
    PlanExtended,
    PlannedTask,
    ReopenedTask,
    RunPlanned,
    RunReopened,
    TaskAwaiting,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.mcp_servers.mas.following import Steps
from mas.mcp_servers.mas.shapes import conclusion

NAMES = ("a", "b", "c")
PLAN = RunPlanned(tasks=tuple(PlannedTask(id=one, role="r", title=one.upper()) for one in NAMES))


def started(task: str, attempt: int = 1) -> TaskStarted:
    return TaskStarted(task=task, attempt=attempt, worker="w")


def done(task: str) -> TaskSucceeded:
    return TaskSucceeded(task=task, attempt=1)


def test_u4_each_task_is_told_when_it_starts_and_when_it_ends() -> None:
    steps = Steps()
    assert steps.total is None
    assert steps.take(PLAN) is None
    assert steps.take(started("b")) == "Task 2 of 3: B (has started)"
    assert steps.take(started("b", 2)) is None, "another attempt is no progress"
    assert steps.take(done("b")) == "Task 2 of 3: B (has succeeded)"
    assert (steps.done, steps.total) == (1, 3)
    assert steps.take(TaskSkipped(task="c", cause="a")) == "Task 3 of 3: C (was skipped)"
    assert steps.done == 2


def test_u4_a_task_waits_for_a_person_until_it_starts_again() -> None:
    steps = Steps()
    for body in (PLAN, started("a"), TaskAwaiting(task="a", attempt=1)):
        steps.take(body)
    assert steps.somebody_waits
    steps.take(started("a", 2))
    assert not steps.somebody_waits


BODIES = st.one_of(
    st.sampled_from([f(name) for f in (started, done) for name in NAMES]),
    st.sampled_from([TaskSkipped(task=name, cause="a") for name in NAMES]),
    st.sampled_from([RunReopened(tasks=(ReopenedTask(id=name),)) for name in NAMES]),
    st.just(PlanExtended(by="a", tasks=(PlannedTask(id="d", role="r", title="D"),))),
)


@given(st.lists(BODIES, max_size=40))
def test_u4_what_is_reported_grows_whatever_happens(bodies: list[EventBody]) -> None:
    steps, told = Steps(), []
    for body in (PLAN, *bodies):
        if steps.take(body) is not None:
            told.append(steps.done)
    assert told == sorted(set(told))
    assert all(done <= (steps.total or 0) for done in told)


def test_u4_the_conclusion_is_the_last_section() -> None:
    assert conclusion("# A\n\n## B\n\nno\n\n## Conclusion\n\nDo it.\n") == "Do it."
    assert conclusion("Nothing.") == ""
