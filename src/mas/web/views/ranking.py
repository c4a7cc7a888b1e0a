"""The agents of a fan-out in their order, with what each has done; while they work, as they stand.
Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from mas.app.fanout import MergedWork
from mas.core.coding import AgentMessage, AgentStatus
from mas.core.failure import Failure
from mas.core.language import Language, plain
from mas.core.run import Run, Task, TaskState
from mas.core.usage import MICROS_PER_USD
from mas.teams.fanout.answer import RunInfo
from mas.teams.fanout.notes import note_in
from mas.teams.fanout.order import Order, order_of
from mas.teams.fanout.results import AgentOutcome, ChangedFile, CommitLine, Placed, ShownCheck
from mas.web.views.faults import told_failure
from mas.web.views.statuses import Look, task_look

SHOWN_FILES = 60
SHOWN_MESSAGES = 200

_LOOKS: Mapping[AgentStatus, Look] = {
    "success": Look(kind="ok", word="fanout.status.success"),
    "no_changes": Look(kind="same", word="fanout.status.no_changes"),
    "failed": Look(kind="bad", word="fanout.status.failed"),
    "error": Look(kind="bad", word="fanout.status.error"),
    "timeout": Look(kind="bad", word="fanout.status.timeout"),
    "killed": Look(kind="bad", word="fanout.status.killed"),
    "cancelled": Look(kind="stop", word="fanout.status.cancelled"),
}
_CHECKING = Look(kind="run", word="fanout.status.checking")


@dataclass(frozen=True, kw_only=True)
class AgentView:
    """One agent. Without `outcome` its work has not ended."""

    number: int
    coder: str
    look: Look
    place: int | None = None
    """None: not ranked, or not yet."""
    took: timedelta | None = None
    """How long its tasks have been worked on; None: not yet."""
    since: datetime | None = None
    """The moment that a clock for `took` counts from; None: it stands still."""
    outcome: AgentOutcome | None = None
    branch: str
    worktree: str
    checks: tuple[ShownCheck, ...] = ()
    why: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    edited_checks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> int:
        """Checks that passed."""
        return sum(one.passed for one in self.checks)

    @property
    def sound(self) -> bool:
        """Whether it has done the task and every check agrees."""
        done = self.outcome is not None and self.outcome.status == "success"
        return done and self.passed == len(self.checks)

    @property
    def tokens(self) -> int:
        """All tokens that it has used."""
        usage = self.outcome.usage if self.outcome else None
        return usage.input_tokens + usage.output_tokens if usage else 0

    @property
    def micros(self) -> int:
        """What it has cost, in millionths of a dollar."""
        return round(self.outcome.usage.cost_usd * MICROS_PER_USD) if self.outcome else 0

    @property
    def changed(self) -> bool:
        """Whether there is anything of it to look at or to merge."""
        return self.outcome is not None and self.outcome.net_change

    @property
    def files(self) -> tuple[ChangedFile, ...]:
        """The first files that it has changed."""
        return self.outcome.files[:SHOWN_FILES] if self.outcome else ()

    @property
    def commits(self) -> tuple[CommitLine, ...]:
        """Its commits that are told of."""
        return self.outcome.commits if self.outcome else ()

    @property
    def messages(self) -> tuple[AgentMessage, ...]:
        """The last that it said or did."""
        return self.outcome.messages[-SHOWN_MESSAGES:] if self.outcome else ()

    @property
    def earlier_messages(self) -> int:
        """How many more there were before."""
        return max(0, len(self.outcome.messages) - SHOWN_MESSAGES) if self.outcome else 0


@dataclass(frozen=True, kw_only=True)
class RankingView:
    """All agents, the best first; before there is a ranking by their numbers."""

    run_id: str
    ended: bool
    language: Language
    """Of the sentences that the run has written."""
    agents: tuple[AgentView, ...]
    compared: bool
    """Whether the last task has compared them, whatever has come of it."""
    base_branch: str
    base_commit: str
    run_dir: str
    isolation: str
    commands: tuple[str, ...]
    """The checks that judge all."""
    base_summary: str
    """How the base fared in them; empty: it was not told."""
    notes: tuple[str, ...]
    deliverable: bool
    """Whether the run came from a repository that a result can be delivered to."""
    counts: tuple[tuple[str, int], ...]
    """Keys of the wording of each status, and how many agents have it."""
    merges: tuple[MergedWork, ...] = ()
    """Whose work is where by merging, the latest first."""

    @property
    def ranked(self) -> bool:
        """Whether anybody has a place."""
        return self.best is not None

    @property
    def done(self) -> bool:
        """Whether any agent did the task."""
        return any(one.outcome and one.outcome.status == "success" for one in self.agents)

    @property
    def say_more(self) -> bool:
        """Whether another request may help: agents have read it through and changed nothing."""
        idle = (one.outcome and one.outcome.status == "no_changes" for one in self.agents)
        return self.compared and any(idle)

    @property
    def best(self) -> AgentView | None:
        """The first of the ranking; None: nobody was ranked."""
        return next((one for one in self.agents if one.place is not None), None)

    @property
    def suggested(self) -> AgentView | None:
        """Whom to merge first; None: nobody was ranked, or something is merged already."""
        return None if self.merges else self.best

    @property
    def comparable(self) -> tuple[AgentView, ...]:
        """Agents whose branches differ from the base."""
        return tuple(one for one in self.agents if one.changed)

    @property
    def mergeable(self) -> bool:
        """Whether there is anything to merge."""
        return self.ended and bool(self.comparable)


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of the result of a run."""

    run_info: RunInfo
    results: tuple[AgentOutcome, ...]
    ranking: tuple[Placed, ...] = ()
    checks: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    isolation: str = ""
    tasks: tuple[Mapping[str, Any], ...] = ()


def ranking_view(
    run: Run,
    tasks: Sequence[Task],
    reader: Language,
    *,
    now: datetime | None = None,
    merges: Sequence[MergedWork] = (),
) -> RankingView:
    """The view of a run of `fanout`, whether it has ended or not. `now` is what the time of an
    agent that works is counted to; the latest of `merges` comes first."""
    shown = _result(run)
    order = order_of(run)
    known = {task.id: task for task in tasks}
    if shown is None:
        return _under_way(run, order, known, reader, now)
    placed = {one.agent_id: one for one in shown.ranking}
    results = {one.agent_id: one for one in shown.results}
    ranked = [number for number in placed if number in results]
    numbers = [*ranked, *(number for number in results if number not in placed)]
    agents = tuple(
        _timed(_agent(results[number], placed.get(number), reader), known, now)
        for number in numbers
    )
    base = next((one for one in shown.tasks if one.get("id") == "check-base"), {})
    return RankingView(
        run_id=run.id,
        ended=run.status.ended,
        language=run.language,
        agents=agents,
        compared=bool(shown.ranking),
        base_branch=shown.run_info.base.get("branch", ""),
        base_commit=shown.run_info.base.get("commit", ""),
        run_dir=shown.run_info.run_dir,
        isolation=plain(shown.isolation, limit=300),
        commands=tuple(str(one.get("command", "")) for one in shown.checks),
        base_summary=plain(str(base.get("summary", "")), limit=300),
        notes=tuple(note_in(note, reader) for note in shown.notes),
        deliverable=order.origin.named is not None and "://" not in order.origin.named,
        counts=_counts(agents),
        merges=tuple(merges),
    )


def _result(run: Run) -> _Shown | None:
    if not isinstance(run.result, Mapping) or "results" not in run.result:
        return None
    try:
        return msgspec.convert(run.result, _Shown)
    except msgspec.ValidationError:
        return None


def _agent(outcome: AgentOutcome, placed: Placed | None, reader: Language) -> AgentView:
    return AgentView(
        number=outcome.agent_id,
        coder=coder_name(outcome.coder),
        look=_LOOKS[outcome.status],
        place=placed.place if placed else None,
        outcome=outcome,
        branch=outcome.workspace.branch_name,
        worktree=outcome.workspace.worktree_path,
        checks=placed.checks if placed else (),
        why=_why(outcome, placed),
        regressions=placed.regressions if placed else (),
        edited_checks=placed.edited_checks if placed else (),
        notes=tuple(note_in(note, reader) for note in outcome.notes),
    )


def _why(outcome: AgentOutcome, placed: Placed | None) -> tuple[str, ...]:
    """Why it stands where it stands: what went wrong with it first."""
    wrong = (outcome.error,) if outcome.error and outcome.status != "no_changes" else ()
    reasons = placed.reasons if placed else ()
    if not wrong and not reasons and outcome.error:
        wrong = (outcome.error,)
    return (*wrong, *reasons)


def _under_way(
    run: Run, order: Order, tasks: Mapping[str, Task], reader: Language, now: datetime | None
) -> RankingView:
    agents = tuple(
        _timed(_working(number, order, tasks, reader), tasks, now)
        for number in range(1, order.agents + 1)
    )
    return RankingView(
        run_id=run.id,
        ended=run.status.ended,
        language=run.language,
        agents=agents,
        compared=False,
        base_branch="",
        base_commit="",
        run_dir="",
        isolation="",
        commands=order.checks,
        base_summary="",
        notes=(),
        deliverable=False,
        counts=_counts(agents),
    )


def _working(number: int, order: Order, tasks: Mapping[str, Task], reader: Language) -> AgentView:
    """An agent before there is a result of the run: by its own task and that of its checks."""
    task, check = tasks.get(f"agent-{number}"), tasks.get(f"check-{number}")
    outcome = _outcome(task)
    if outcome is not None:
        made = _agent(outcome, None, reader)
        if check is not None and check.state is TaskState.RUNNING:
            return replace(made, look=_CHECKING)
        return made
    state = TaskState.WAITING if task is None else task.state
    return AgentView(
        number=number,
        coder=coder_name(order.coder_of(number)),
        look=task_look(state),
        branch=f"agent-{number}",
        worktree="",
        why=() if task is None or task.failure is None else _failed(task.failure, reader),
    )


def _timed(agent: AgentView, tasks: Mapping[str, Task], now: datetime | None) -> AgentView:
    """The agent with the time of its task and that of its checks, as everywhere on the page.

    What a coder tells of its own time lacks whatever came before and after it.
    """
    known = (tasks.get(f"agent-{agent.number}"), tasks.get(f"check-{agent.number}"))
    begun = [(one, one.started_at) for one in known if one is not None and one.started_at]
    took = sum((one.finished_at - at for one, at in begun if one.finished_at), timedelta())
    since = next((at - took for one, at in begun if one.state is TaskState.RUNNING), None)
    if since is not None:
        return replace(agent, took=max((now or since) - since, timedelta()), since=since)
    told = agent.outcome.usage.seconds if agent.outcome is not None else 0.0
    return replace(agent, took=took or (timedelta(seconds=told) if told else None))


def _failed(failure: Failure, reader: Language) -> tuple[str, ...]:
    told = told_failure(failure, reader)
    return tuple(filter(None, (told.sentence, told.hint)))


def _outcome(task: Task | None) -> AgentOutcome | None:
    if task is None or not isinstance(task.result, Mapping):
        return None
    try:
        return msgspec.convert(task.result, AgentOutcome)
    except msgspec.ValidationError:
        return None


def _counts(agents: Sequence[AgentView]) -> tuple[tuple[str, int], ...]:
    found: dict[str, int] = {}
    for one in agents:
        found[one.look.word] = found.get(one.look.word, 0) + 1
    return tuple(found.items())


def coder_name(named: str) -> str:
    """A coder in short: the kind, without file or command."""
    return plain(named.partition(":")[0], limit=40)


WORDS = frozenset(look.word for look in (*_LOOKS.values(), _CHECKING))
"""Every key of the wording that is used here."""
