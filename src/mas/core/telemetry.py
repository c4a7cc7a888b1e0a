"""What the engine and models tell of their work, for metrics (P3). Never waited for, never durable.

Whoever implements it must not raise: work does not fail because somebody counts it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from mas.core.run import RunStatus, StopReason, TaskState
from mas.core.usage import Usage


class Telemetry(Protocol):
    """Is told what has happened in this process."""

    def task_ended(self, *, role: str, team: str, state: TaskState, took: timedelta) -> None:
        """A task has ended; `took` is the time of its last attempt."""
        ...

    def attempt_failed(self, *, role: str, code: str) -> None:
        """An attempt has failed, whether or not another follows."""
        ...

    def run_ended(
        self, *, team: str, status: RunStatus, stop_reason: StopReason | None, took: timedelta
    ) -> None:
        """A run that this process has driven is over."""
        ...

    def spent(self, *, role: str, model: str, usage: Usage) -> None:
        """A model was paid for an answer."""
        ...

    def model_call(self, *, model: str, took: timedelta, ok: bool) -> None:
        """A model was asked, with all its retries, and has answered or not."""
        ...


class NoTelemetry:
    """Nobody counts."""

    def task_ended(self, *, role: str, team: str, state: TaskState, took: timedelta) -> None:
        """See `Telemetry`."""

    def attempt_failed(self, *, role: str, code: str) -> None:
        """See `Telemetry`."""

    def run_ended(
        self, *, team: str, status: RunStatus, stop_reason: StopReason | None, took: timedelta
    ) -> None:
        """See `Telemetry`."""

    def spent(self, *, role: str, model: str, usage: Usage) -> None:
        """See `Telemetry`."""

    def model_call(self, *, model: str, took: timedelta, ok: bool) -> None:
        """See `Telemetry`."""


NO_TELEMETRY = NoTelemetry()
