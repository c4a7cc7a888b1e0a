"""Finds and ends the process tree of a server, also those that its own parent has left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_LOOK_EVERY: Final = 0.02

Tree = Mapping[int, str]
"""Process id → start time: together they name a process for ever, an id alone does not."""


def tree_of(leader: int) -> Tree:
    """The living processes of the leader's session, and all that descend from it.

    Empty where there is no /proc (macOS): then the process group has to do.
    """
    parents: dict[int, int] = {}
    started: dict[int, str] = {}
    found: set[int] = set()
    for entry in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            # The name in brackets may hold anything, so that fields are counted from its end.
            fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            state, parent, session = fields[0], int(fields[1]), int(fields[3])
            pid = int(entry.name)
            if state in "ZX":
                continue
            parents[pid], started[pid] = parent, fields[19]
            if pid == leader or session == leader:
                found.add(pid)
    grew = True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grew = bool(more)
    return {pid: started[pid] for pid in found}


def alive(tree: Tree) -> Tree:
    """Those that have not ended."""
    left: dict[int, str] = {}
    for pid, start in tree.items():
        with contextlib.suppress(OSError, IndexError):
            stat = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
            fields = stat.rpartition(")")[2].split()
            if fields[0] not in "ZX" and fields[19] == start:
                left[pid] = start
    return left


async def end_tree(leader: int, known: Tree, *, grace: timedelta) -> None:
    """TERM, wait up to `grace`, KILL; `known` are members seen earlier, who may be orphans now."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        tree = {**alive(known), **tree_of(leader)}
        if _PROC.is_dir() and not tree:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, sign)
        for pid in alive(tree):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sign)
        await _ended(tree, within=grace)


async def _ended(tree: Tree, *, within: timedelta) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            while alive(tree):  # noqa: ASYNC110 - nobody tells of strangers' ends
                await asyncio.sleep(_LOOK_EVERY)
