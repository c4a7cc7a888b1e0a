"""Run ids: sortable by time, short enough to type, unique without asking anybody (R1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_RUN_ID = re.compile(r"\d{8}_\d{6}_[0-9a-f]{8}", re.ASCII)


def run_id(created_at: datetime, token: str) -> str:
    """Return `YYYYMMDD_HHMMSS_<token>`, in UTC; `token` is eight hex digits of chance."""
    name = f"{created_at.astimezone(UTC):%Y%m%d_%H%M%S}_{token}"
    if not is_run_id(name):
        raise ValueError(f"{token!r} is not eight lower-case hex digits")
    return name


def is_run_id(text: str) -> bool:
    """Whether `text` has the shape of a run id."""
    return _RUN_ID.fullmatch(text) is not None
