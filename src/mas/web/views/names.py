"""Ids of elements and addresses, for names that may hold any sign. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

_OTHER = re.compile(r"[^A-Za-z0-9_.-]")


def css_id(kind: str, name: str) -> str:
    """The id of an element: `task-build`. Different names have different ids."""
    return f"{kind}-" + _OTHER.sub(lambda sign: f":{ord(sign[0]):x}:", name)


def run_address(run_id: str) -> str:
    """Where a run is shown."""
    return f"/runs/{quote(run_id, safe='')}"


def task_address(run_id: str, task_id: str) -> str:
    """Where a task is shown with all its steps."""
    return f"{run_address(run_id)}/tasks/{quote(task_id, safe='')}"
