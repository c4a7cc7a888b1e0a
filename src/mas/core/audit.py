"""The audit log: who has done what, when, and from where (U3). Rows are added and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mas.core.actors import AccessRole

AuditAction = Literal[
    "run.start",
    "run.cancel",
    "run.resume",
    "run.retry",
    "run.fork",
    "run.merge",
    "run.rollback",
    "call.approve",
    "call.reject",
    "agent.tell",
    "memory.wipe",
    "memory.checkpoint",
    "memory.restore",
    "lesson.remove",
    "session.login",
    "session.logout",
    "session.refused",
]


@dataclass(frozen=True, kw_only=True)
class AuditNote:
    """What is about to be written to the audit log."""

    actor: str
    role: AccessRole
    origin: str
    action: AuditAction
    run_id: str | None = None
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One line of the audit log. `number` counts from 1 over all."""

    number: int
    at: datetime
    actor: str
    role: AccessRole
    origin: str
    action: AuditAction
    run_id: str | None = None
    subject: str = ""
    """What it was done to: an approval, task, agent or lesson."""
    detail: str = ""
    """A comment or the beginning of a request, masked."""
