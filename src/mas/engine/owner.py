"""Who owns a task: the process, told apart from any other that ever had its number.

A process can be looked up by those who see the same process table: same machine, same start of
it, same process name space. Then its death is known at once, without waiting for a lease.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from mas.adapters.stores.workers import Worker

_PROC = Path("/proc")
_STAT_STATE = 0
_STAT_STARTED = 19
"""Positions in `/proc/<pid>/stat` after the name: state, and start in ticks since boot."""


def this_process(token: str) -> Worker:
    """A worker in this process; `token` tells several of them apart."""
    pid = os.getpid()
    return Worker(
        id=f"{pid}-{token}",
        machine=_machine(),
        pid=pid,
        process_started=started(pid) or "unknown",
    )


def is_dead(worker: Worker, *, here: Worker) -> bool:
    """Whether the worker's process is known to be gone; False when that cannot be known."""
    if worker.machine != here.machine or "unknown" in (worker.machine, worker.process_started):
        return False
    return started(worker.pid) != worker.process_started


def _machine() -> str:
    boot = _PROC / "sys/kernel/random/boot_id"
    try:
        return f"{boot.read_text().strip()}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        # No /proc: macOS. The host's name keeps two machines apart that share a disk.
        session = _said_by("sysctl", "-n", "kern.bootsessionuuid")
        return f"{session}/{platform.node()}" if session else "unknown"


def started(pid: int) -> str | None:
    """When a process has started, as text to compare; None when there is none any more."""
    if not (_PROC / "self/stat").exists():
        return _said_by("ps", "-o", "lstart=", "-p", str(pid)) or None
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name stands in parentheses and may hold anything, parentheses too.
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STAT_STATE] in "ZX" else fields[_STAT_STARTED]


def _said_by(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands of the system, no shell
            command, capture_output=True, text=True, timeout=5, check=False, env={"LC_ALL": "C"}
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
