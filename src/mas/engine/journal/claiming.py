"""The transaction of a driver's turn: take up what the dead have left, start what may start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mas.adapters.stores import events, graph, records, runs, tasks, workers
from mas.adapters.stores.transaction import now
from mas.adapters.stores.turns import CLAIMING, take_turn_at
from mas.adapters.stores.workers import Worker
from mas.core.events import TaskStarted
from mas.core.failure import Failure
from mas.core.retry import RetryPolicy
from mas.core.run import RunStatus, Task, TaskState
from mas.core.values import JsonValue
from mas.engine.journal.lifecycle import out_of_time, settle_cancel, unknown_run
from mas.engine.journal.recovery import Held, IsDead, take_up

OUT_OF_TIME = Failure(
    kind="budget",
    code="budget",
    message="The time of the budget is used up.",
    hint="Start it again with more time; what was done so far is kept.",
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many tasks may run at once.

    `slots` counts this worker's tasks; `total` and `by_role` count over all runs and processes,
    None and absence being no limit.
    """

    slots: int = 8
    total: int | None = None
    by_role: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A task that this worker has just started, with what the attempt needs."""

    task: Task
    inputs: Mapping[str, JsonValue]
    recorded: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What a driver learns in its turn."""

    status: RunStatus
    cancelling: bool = False
    late: bool = False
    """Whether the time of the run's budget is over."""
    claimed: tuple[Claimed, ...] = ()
    held: frozenset[Held] = frozenset()
    """The attempts of this run that the worker owns, the new ones among them."""
    open: int = 0
    """Tasks that have not ended, whoever works on them."""
    others: bool = False
    """Whether other workers own tasks of this run."""
    starved: bool = False
    """Whether a task may start and a limit stands against it."""
    timer: timedelta | None = None
    """How long until the next retry is due, or the time of the budget is over. A duration by the
    database's clock, because this machine's may be another."""


def take_turn(
    conn: Connection,
    run_id: str,
    *,
    worker: Worker,
    holding: Collection[Held],
    limits: Limits,
    retry: RetryPolicy,
    lease: timedelta,
    is_dead: IsDead,
) -> Turn:
    """Carry a run on as far as this worker can: recover, cancel or start tasks.

    `holding` are the attempts of this run that the worker is really about. Ready tasks are
    started in the plan's order, as far as the limits allow.
    """
    head = runs.locked_head(conn, run_id)
    if head is None:
        raise unknown_run(run_id)
    if not head.status.under_way:
        return Turn(status=head.status)
    take_up(conn, run_id, is_dead=is_dead, retry=retry, me=worker.id, holding=holding)
    if head.cancelling:
        settle_cancel(conn, run_id)
        return _turn(conn, run_id, worker, status=head.status, cancelling=True)
    if head.deadline is not None and head.deadline <= now(conn):
        out_of_time(conn, run_id, OUT_OF_TIME)
        return _turn(conn, run_id, worker, status=head.status, late=True)
    ready = tasks.ready(conn, run_id)
    chosen: list[Task] = []
    if ready:
        # Tasks are only owned under a lease that holds: this process may just have been held up.
        # It comes first, for it locks the worker: its other runs must not count at the same time.
        workers.renew(conn, worker, lease=lease)
        chosen = _within_limits(
            conn, ready, owner=worker.id, limits=limits, alone_after=retry.alone_after
        )
    claimed = tuple(_start(conn, run_id, task, worker=worker) for task in chosen)
    turn = _turn(conn, run_id, worker, status=head.status, deadline=head.deadline)
    return replace(turn, claimed=claimed, starved=len(chosen) < len(ready))


def _turn(
    conn: Connection,
    run_id: str,
    worker: Worker,
    *,
    status: RunStatus,
    cancelling: bool = False,
    late: bool = False,
    deadline: datetime | None = None,
) -> Turn:
    running = tasks.running(conn, run_id)
    due = (tasks.next_timer(conn, run_id), deadline)
    timer = min((at for at in due if at is not None), default=None)
    return Turn(
        status=status,
        cancelling=cancelling,
        late=late,
        held=frozenset((task.id, task.attempt) for task in running if task.owner == worker.id),
        open=tasks.count_open(conn, run_id),
        others=any(task.owner != worker.id for task in running),
        timer=None if timer is None or late else max(timer - now(conn), timedelta()),
    )


def _within_limits(
    conn: Connection, ready: Sequence[Task], *, owner: str, limits: Limits, alone_after: int
) -> list[Task]:
    owned, crashes = tasks.owned_by(conn, owner)
    if crashes >= alone_after:
        return []
    candidates = [task for task in ready if task.crashes < alone_after]
    if not candidates and owned == 0:
        candidates = list(ready[:1])
    free = limits.slots - owned
    by_role: dict[str, int] = {}
    if limits.total is not None or limits.by_role:
        take_turn_at(conn, CLAIMING)
        by_role = tasks.running_by_role(conn)
    if limits.total is not None:
        free = min(free, limits.total - sum(by_role.values()))
    chosen: list[Task] = []
    for task in candidates:
        if len(chosen) >= free:
            break
        running = by_role.get(task.role, 0)
        if running < limits.by_role.get(task.role, running + 1):
            by_role[task.role] = running + 1
            chosen.append(task)
    return chosen


def _start(conn: Connection, run_id: str, task: Task, *, worker: Worker) -> Claimed:
    attempt = task.attempt + 1
    events.append(conn, run_id, TaskStarted(task=task.id, attempt=attempt, worker=worker.id))
    tasks.start(conn, run_id, task.id, owner=worker.id)
    return Claimed(
        task=replace(task, state=TaskState.RUNNING, attempt=attempt, started_at=now(conn)),
        inputs=graph.inputs(conn, run_id, task.id) if task.spec.depends_on else {},
        # A task that was never started may still have records: those of a run it was forked from.
        recorded=records.keys(conn, run_id, task.id),
    )
