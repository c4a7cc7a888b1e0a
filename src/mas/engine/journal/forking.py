"""Forking: a new run that begins with finished work of another one (R6).

A fork takes over what is finished: whole tasks with their results, and of at most a few tasks the
first records, from which they go on. Its ledger of effects stays empty until it acts itself: what
the other run has done to the world is told by the records that are taken over, and undone, where
it can be, there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from mas.adapters.stores import events, forking, graph, idempotency, records, runs
from mas.adapters.stores.transaction import now
from mas.core.errors import Transient, UserError
from mas.core.events import (
    EffectIntended,
    Event,
    EventBody,
    PlanExtended,
    RunForked,
    RunPlanned,
    RunPlanning,
    RunQueued,
    RunReopened,
    TaskDelegated,
    TaskFailed,
    TaskRecorded,
    TaskSucceeded,
    planned_tasks,
)
from mas.core.fold import RunView, fold
from mas.core.plan import BadPlan, Plan, TaskSpec, check_plan
from mas.core.run import Run, RunRequest, TaskState
from mas.engine.journal.lifecycle import Accepted, claim_key, get
from mas.engine.journal.reopening import ALL_EVENTS


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The run that is forked, as its events tell it."""

    run: Run
    view: RunView
    told: tuple[Event, ...]
    order: Mapping[tuple[str, str], int]
    """The number of the event of each record."""


@dataclass(kw_only=True)
class _Kept:
    """What is taken over: whole tasks, and of others what came before an event."""

    whole: set[str] = field(default_factory=set)
    partly: dict[str, int] = field(default_factory=dict)

    def reaches(self, task: str, event: int) -> bool:
        """Whether what a task did at an event is taken over."""
        return task in self.whole or event <= self.partly.get(task, 0)


def fork(
    conn: Connection,
    source_id: str,
    *,
    after: str | None,
    run_id: str,
    roles: Iterable[str],
    seen: int | None = None,
    refused: Callable[[], UserError] | None = None,
    key: idempotency.Key | None = None,
) -> Accepted:
    """Make the run `run_id`, which keeps `after` (`TASK` or `TASK/KEY`) and all it depends on, or
    every task that has succeeded, as things stood after the event `seen` (None: as they stand).
    `refused` gives the error for work that cannot come along. With a `key` that was used before
    nothing is made, and the fork of then is returned.

    Raises:
        UserError: There is no such run or step (`unknown_step`), it cannot be taken over
            (`cannot_fork`), or the key was used for another request (`idempotency_conflict`).
    """
    runs.locked_head(conn, source_id)
    run = get(conn, source_id)
    if runs.exists(conn, run_id):
        raise Transient("Two runs were given the same id.", hint="Try again.", code="id_taken")
    if (before := claim_key(conn, key, run_id)) is not None:
        return Accepted(run=before, made=False)
    source = _source(conn, run, seen=run.last_event if seen is None else seen)
    kept = _with_who_planned_it(source, _wanted(source, after))
    if refused is not None and (kept.whole or kept.partly):
        raise refused()
    _check_nothing_in_doubt(source, kept)
    request = RunRequest(
        text=run.request,
        team=run.team,
        language=run.language,
        options=run.options,
        budget=run.budget,
    )
    runs.add(conn, run_id, request, created_at=now(conn))
    first: list[EventBody] = [
        RunQueued(team=run.team, language=run.language),
        RunForked(source=source_id, after=after or ""),
    ]
    if kept.whole or kept.partly:
        plan = _plan(source, kept, roles)
        first += [RunPlanning(), RunPlanned(tasks=planned_tasks(plan.tasks), reason=plan.reason)]
        events.append(conn, run_id, *first)
        runs.start_planning(conn, run_id)
        runs.adopt_plan(conn, run_id, plan)
        graph.add_plan(conn, run_id, plan, done=kept.whole)
        _take_over(conn, source, kept, run_id)
    else:
        events.append(conn, run_id, *first)
    return Accepted(run=get(conn, run_id))


def _source(conn: Connection, run: Run, *, seen: int) -> _Source:
    """A run as it stood after the event `seen`."""
    told = events.after(conn, run.id, 0, limit=ALL_EVENTS)
    if any(isinstance(event.body, RunReopened) for event in told[seen:]):
        # What it had finished by then may be taken out or worked on again.
        raise _cannot(f"Run {run.id} was retried while it was forked.", hint="Fork it again.")
    return _Source(
        run=run,
        view=fold(told[:seen]),
        told=told[:seen],
        order={
            step: event for step, event in records.order_of(conn, run.id).items() if event <= seen
        },
    )


def _wanted(source: _Source, after: str | None) -> _Kept:
    """The steps that were named, with all they depend on."""
    view = source.view
    if after is None:
        return _Kept(whole=_succeeded(view))
    if after in view.tasks:
        if not view.tasks[after].met:
            raise _cannot(
                f"Task {after} of run {source.run.id} has no result to go on from.",
                hint=f"Name a step of it: --after {after}/KEY, see `mas runs show`.",
            )
        return _Kept(whole=_with_needs(view, [after]))
    task, _, key = after.partition("/")
    event = source.order.get((task, key))
    if task not in view.tasks or event is None:
        raise UserError(
            f"Run {source.run.id} has no step {after[:200]!r}.",
            hint=f"Name a task, or TASK/KEY of a record: mas runs show {source.run.id}",
            code="unknown_step",
        )
    kept = _Kept(partly={task: event})
    kept.whole = _with_needs(view, _needs_at(source, task, kept))
    return kept


def _succeeded(view: RunView) -> set[str]:
    """The tasks that have succeeded, and all that they depend on too."""
    done = {name for name, task in view.tasks.items() if task.state is TaskState.SUCCEEDED}
    while True:
        alone = {n for n in done if not done.issuperset(view.tasks[n].planned.depends_on)}
        if not alone:
            return done
        done -= alone


def _with_needs(view: RunView, names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    open_ = list(names)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += view.tasks[name].planned.depends_on
    return found


def _with_who_planned_it(source: _Source, kept: _Kept) -> _Kept:
    """A task that another one has added to the plan comes with what that one had done by then."""
    added = {
        task.id: event
        for event in source.told
        if isinstance(event.body, PlanExtended)
        for task in event.body.tasks
    }
    changed = True
    while changed:
        changed = False
        for name in sorted((kept.whole | set(kept.partly)) & set(added)):
            body, number = added[name].body, added[name].number
            assert isinstance(body, PlanExtended)  # noqa: S101 - chosen above
            if kept.reaches(body.by, number):
                continue
            changed = True
            if name in _with_needs(source.view, [body.by]):
                # It waits for what it has added: it goes on from there.
                kept.partly[body.by] = number + 1
                begun = _needs_at(source, body.by, _Kept())
                kept.whole |= _with_needs(source.view, begun)
            else:
                kept.partly.pop(body.by, None)
                kept.whole |= _with_needs(source.view, [body.by])
    return kept


def _needs_at(source: _Source, name: str, kept: _Kept) -> tuple[str, ...]:
    """What a task depends on: as it was planned, and what it has delegated as far as that is
    taken over."""
    needs: list[str] = []
    for event in source.told:
        match event.body:
            case RunPlanned(tasks=planned) | PlanExtended(tasks=planned):
                needs += [need for one in planned if one.id == name for need in one.depends_on]
            case TaskDelegated(task=task, needs=more) if task == name:
                if kept.reaches(name, event.number):
                    needs += more
            case _:
                pass
    return tuple(dict.fromkeys(needs))


def _check_nothing_in_doubt(source: _Source, kept: _Kept) -> None:
    for event in source.told:
        match event.body:
            case EffectIntended(task=task, key=key) if event.number <= kept.partly.get(task, 0):
                recorded = source.order.get((task, key))
                if task not in kept.whole and (recorded is None or recorded > kept.partly[task]):
                    raise _cannot(
                        f"At that step of run {source.run.id} the action {task}/{key} was under "
                        "way, and a fork would do it again.",
                        hint=f"Name a step before it, or {task}/{key} itself once it is done.",
                    )
            case _:
                pass


def _plan(source: _Source, kept: _Kept, roles: Iterable[str]) -> Plan:
    """The plan of the fork: as it was, without what tasks have added that begin anew."""
    dropped = {
        task.id
        for event in source.told
        if isinstance(event.body, PlanExtended) and not kept.reaches(event.body.by, event.number)
        for task in event.body.tasks
    }
    specs = tuple(
        msgspec.structs.replace(spec, depends_on=_needs_at(source, spec.id, kept))
        for spec in _specs(source)
        if spec.id not in dropped
    )
    plan = Plan(tasks=specs, reason=source.run.plan.reason if source.run.plan else "")
    try:
        check_plan(plan, roles=frozenset(roles))
    except BadPlan as exc:
        raise _cannot(
            f"What run {source.run.id} has done by then makes no plan of its own: {exc.message}",
            hint="Name a later step, or leave --after out.",
        ) from exc
    return plan


def _specs(source: _Source) -> tuple[TaskSpec, ...]:
    plan = source.run.plan
    return () if plan is None else tuple(one for one in plan.tasks if one.id in source.view.tasks)


def _take_over(conn: Connection, source: _Source, kept: _Kept, run_id: str) -> None:
    """Copy records and results, each with the event that tells of it, in the order of then."""
    bodies: dict[int, EventBody] = {}
    for event in source.told:
        body = event.body
        match body:
            case TaskRecorded(task=task, key=key):
                current = source.order.get((task, key)) == event.number
                if current and kept.reaches(task, event.number):
                    bodies[event.number] = msgspec.structs.replace(body, attempt=0)
            case TaskSucceeded(task=task) | TaskFailed(task=task, reported=True):
                if task in kept.whole:
                    bodies = {n: one for n, one in bodies.items() if not _ends(one, task)}
                    bodies[event.number] = msgspec.structs.replace(body, attempt=0)
            case _:
                pass
    if not bodies:
        return
    told = list(bodies.values())
    last = events.append(conn, run_id, *told)
    for number, body in enumerate(told, start=last - len(told) + 1):
        if isinstance(body, TaskRecorded):
            forking.copy_record(conn, source.run.id, run_id, body.task, body.key, event=number)
    free = 1
    for name in sorted(kept.whole):
        forking.copy_end(conn, source.run.id, run_id, name)
    for name in sorted(set(kept.partly) - kept.whole):
        free = forking.copy_answers(conn, source.run.id, run_id, name, first=free)


def _ends(body: EventBody, task: str) -> bool:
    return isinstance(body, TaskSucceeded | TaskFailed) and body.task == task


def _cannot(message: str, *, hint: str) -> UserError:
    return UserError(message, hint=hint, code="cannot_fork")
