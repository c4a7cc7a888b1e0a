"""Records: the finished steps of a task, which are never done again (R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mas.core.usage import NOTHING, Usage

RecordKind = Literal["stage", "model_call", "action"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One finished step, without its value, which may be large and is read on its own."""

    run_id: str
    task: str
    key: str
    """Names the step within its task, the same in every attempt: `observe`, `act/2`."""
    kind: RecordKind
    attempt: int
    """The attempt that did it."""
    summary: str
    size_bytes: int
    usage: Usage = NOTHING
    at: datetime
    took: timedelta
