"""Settings of the engine, with the reasons for their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from mas.core.plan import TaskLimits
from mas.core.retry import RetryPolicy
from mas.engine.journal.claiming import Limits


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """How runs are carried out."""

    limits: Limits = field(default_factory=Limits)
    task_limits: Mapping[str, TaskLimits] = field(default_factory=dict)
    """What one task may use, by role; a task that is planned with limits has those instead."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    lease: timedelta = timedelta(seconds=30)
    """How long a worker on another machine is believed to live without a sign of life.

    Renewed three times in it, so that one missed renewal is harmless. On the same machine the
    death of a process is seen within a second."""
