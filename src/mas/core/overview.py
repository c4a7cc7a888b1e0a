"""What is at work over all runs: for status pages and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mas.core.run import RunStatus, TaskState


@dataclass(frozen=True, kw_only=True)
class WorkingTask:
    """A task that an agent works on now, or for which it waits for a person."""

    run_id: str
    id: str
    role: str
    title: str
    state: TaskState
    """`running` or `awaiting`."""
    started_at: datetime | None = None
    """Start of the latest attempt."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many there are. What there is none of is not in it."""

    runs: Mapping[tuple[str, RunStatus], int]
    """By team and status, all runs."""
    tasks: Mapping[tuple[str, TaskState], int]
    """By role and state, of the runs that have not ended."""
