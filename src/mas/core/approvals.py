"""Approvals: a call that waits for a person, and what the person said (R7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from mas.core.calls import StoredCall

ApprovalState = Literal["waiting", "approved", "rejected", "withdrawn"]


Place: TypeAlias = tuple[int, str, str]
"""When a call was asked about, in microseconds since 1970; its run; its id."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A stored call and where it stands. `withdrawn`: its task ended without it.

    `id` is unique within the run (`a1`, `a2`, ...), `key` names the step of the task.
    """

    run_id: str
    id: str
    task: str
    key: str
    call: StoredCall
    state: ApprovalState
    comment: str = ""
    asked_at: datetime
    decided_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Where it stands among all that wait."""
        return (self.asked_at - _EPOCH) // timedelta(microseconds=1), self.run_id, self.id
