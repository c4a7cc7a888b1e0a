"""Glyph and word for how a run or a task stands (docs of the page: colour, glyph and word)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mas.core.run import RunStatus, RunSummary, TaskState


@dataclass(frozen=True, kw_only=True)
class Look:
    """`kind` is what `parts/icons.html` draws, `word` a key of the wording."""

    kind: str
    word: str


_RUNS: Mapping[RunStatus, Look] = {
    RunStatus.QUEUED: Look(kind="off", word="status.queued"),
    RunStatus.PLANNING: Look(kind="plan", word="status.planning"),
    RunStatus.AWAITING_APPROVAL: Look(kind="wait", word="status.asks"),
    RunStatus.RUNNING: Look(kind="run", word="status.running"),
    RunStatus.SUCCEEDED: Look(kind="ok", word="status.succeeded"),
    RunStatus.FAILED: Look(kind="bad", word="status.failed"),
    RunStatus.CANCELLED: Look(kind="stop", word="status.cancelled"),
}
_BUDGET = Look(kind="budget", word="status.budget")
_STUCK = Look(kind="stuck", word="status.stuck")
_STOPPING = Look(kind="run", word="status.stopping")
_TASKS: Mapping[TaskState, Look] = {
    TaskState.WAITING: Look(kind="off", word="status.not_yet"),
    TaskState.READY: Look(kind="off", word="status.queued"),
    TaskState.RUNNING: Look(kind="run", word="status.running"),
    TaskState.AWAITING: Look(kind="wait", word="status.asks"),
    TaskState.SUCCEEDED: Look(kind="ok", word="status.succeeded"),
    TaskState.FAILED: Look(kind="bad", word="status.failed"),
    TaskState.SKIPPED: Look(kind="skip", word="status.skipped"),
    TaskState.CANCELLED: Look(kind="stop", word="status.cancelled"),
}


def run_look(run: RunSummary) -> Look:
    """How a run stands; stopping at a budget and being stuck are told apart from failing."""
    if run.status is RunStatus.FAILED and run.stop_reason == "budget":
        return _BUDGET
    if run.status is RunStatus.FAILED and run.stop_reason == "blocked":
        return _STUCK
    if run.cancel_requested_at is not None and not run.status.ended:
        return _STOPPING
    return _RUNS[run.status]


def task_look(state: TaskState) -> Look:
    """How a task stands."""
    return _TASKS[TaskState(state)]


WORDS = frozenset(
    look.word for look in (*_RUNS.values(), *_TASKS.values(), _BUDGET, _STUCK, _STOPPING)
)
"""Every key of the wording that is used here."""
