"""Control groups for the trees of commands, where this machine lets us make some (S2).

Version 2 where an ancestor group hands on the controllers and may be written, version 1 for root.
A group is named for the supervisor that removes it, so that others can tell when nobody will.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mas.core.executors import Limits

_MOUNTS: Final = Path("/proc/self/mountinfo")
_OWN: Final = Path("/proc/self/cgroup")
_NAME: Final = re.compile(r"mas-(\d+)-(\d+)-(\d+)$")
_PERIOD_US: Final = 100_000
_WRAPPERS: Final = 3
"""Processes of ours in the tree, which are not the command's."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups of one command. What they do not limit has to be watched."""

    folders: tuple[Path, ...] = ()
    counter: Path | None = None
    """Where kills for want of memory are counted, as `oom_kill N`."""
    limits_memory: bool = False
    limits_processes: bool = False


def make(limits: Limits, supervisor: int) -> Groups:
    """Make groups with these limits, as far as that is possible; they belong to `supervisor`."""
    name = _name(supervisor)
    if name is None or limits == Limits(file_bytes=limits.file_bytes):
        return Groups()
    for parent in _parents_v2():
        made = _make_v2(parent / name, limits)
        if made is not None:
            return made
    return _make_v1(name, limits)


def sweep() -> tuple[str, ...]:
    """Remove groups whose supervisors are gone, with whoever is in them; returns their names."""
    found = []
    for parent in (*_parents_v2(), *(folder for folder in _parents_v1().values())):
        for folder in parent.glob("mas-*"):
            if _is_stale(folder.name):
                with contextlib.suppress(OSError):
                    _kill_members(folder)
                    folder.rmdir()
                    found.append(folder.name)
    return tuple(dict.fromkeys(found))


def _make_v2(folder: Path, limits: Limits) -> Groups | None:
    settings = {
        "memory.max": limits.memory_bytes,
        "memory.swap.max": None if limits.memory_bytes is None else 0,
        "memory.oom.group": None if limits.memory_bytes is None else 1,
        "pids.max": None if limits.processes is None else limits.processes + _WRAPPERS,
        "cpu.max": None
        if limits.cpus is None
        else f"{round(limits.cpus * _PERIOD_US)} {_PERIOD_US}",
    }
    if not _made(folder, settings, needed=("memory.max", "pids.max")):
        return None
    return Groups(
        folders=(folder,),
        counter=folder / "memory.events",
        limits_memory=True,
        limits_processes=True,
    )


def _make_v1(name: str, limits: Limits) -> Groups:
    parents = _parents_v1()
    settings: dict[str, dict[str, int | str | None]] = {
        "memory": {
            "memory.limit_in_bytes": limits.memory_bytes,
            "memory.memsw.limit_in_bytes": limits.memory_bytes,
        },
        "pids": {"pids.max": None if limits.processes is None else limits.processes + _WRAPPERS},
        "cpu": {
            "cpu.cfs_quota_us": None if limits.cpus is None else round(limits.cpus * _PERIOD_US)
        },
    }
    made: dict[str, Path] = {}
    for controller, files in settings.items():
        parent = parents.get(controller)
        if parent is None or all(value is None for value in files.values()):
            continue
        folder = parent / name
        if _made(folder, files, needed=tuple(files)[:1]):
            made[controller] = folder
    return Groups(
        folders=tuple(made.values()),
        counter=made["memory"] / "memory.oom_control" if "memory" in made else None,
        limits_memory="memory" in made,
        limits_processes="pids" in made,
    )


def _made(folder: Path, settings: dict[str, int | str | None], *, needed: tuple[str, ...]) -> bool:
    """Make a group with these settings; without one that is needed, there is none."""
    try:
        folder.mkdir()
    except OSError:
        return False
    for name, value in settings.items():
        if value is None:
            continue
        try:
            (folder / name).write_text(str(value), encoding="ascii")
        except OSError:
            if name in needed:
                with contextlib.suppress(OSError):
                    folder.rmdir()
                return False
    return True


def _parents_v2() -> Iterator[Path]:
    """Groups from the own one upwards that hand on memory and processes to their children."""
    for mount, kind, _ in _mounts():
        if kind != "cgroup2":
            continue
        own = next((path for number, _, path in _own() if number == "0"), None)
        if own is None:
            return
        folder = _below(mount, own)
        while folder.is_relative_to(mount):
            handed_on = _text(folder / "cgroup.subtree_control").split()
            if {"memory", "pids"} <= set(handed_on) and os.access(folder, os.W_OK):
                yield folder
            folder = folder.parent


def _parents_v1() -> dict[str, Path]:
    """The own group of each controller of version 1, where children can be made in it."""
    found = {}
    own = {name: path for _, names, path in _own() for name in names.split(",")}
    for mount, kind, options in _mounts():
        if kind == "cgroup":
            for controller in {"memory", "pids", "cpu"} & set(options):
                folder = _below(mount, own.get(controller, "/"))
                if os.access(folder, os.W_OK):
                    found[controller] = folder
    return found


def _below(mount: Path, own: str) -> Path:
    """The own group; in a container its path may be that of the machine, and the mount is it."""
    folder = mount / own.lstrip("/")
    return folder if ".." not in own and folder.is_dir() else mount


def _mounts() -> Iterator[tuple[Path, str, list[str]]]:
    for line in _text(_MOUNTS).splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        yield Path(before.split(" ")[4]), kind, options.split(",")


def _own() -> Iterator[list[str]]:
    for line in _text(_OWN).splitlines():
        yield line.split(":", 2)


def _name(supervisor: int) -> str | None:
    started = _started(supervisor)
    try:
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None
    return None if started is None else f"mas-{space}-{supervisor}-{started}"


def _started(pid: int) -> int | None:
    """When a process was started, in ticks since the machine was; None: there is none."""
    text = _text(Path(f"/proc/{pid}/stat"))
    fields = text.rpartition(")")[2].split()
    return int(fields[19]) if len(fields) > 19 and fields[0] not in "ZX" else None


def _is_stale(name: str) -> bool:
    match = _NAME.match(name)
    if match is None:
        return False
    space, pid, started = (int(part) for part in match.groups())
    # Of processes in another namespace nothing can be said.
    ours = Path("/proc/self/ns/pid").stat().st_ino == space
    return ours and _started(pid) != started


def _kill_members(folder: Path) -> None:
    for line in _text(folder / "cgroup.procs").split():
        with contextlib.suppress(OSError):
            os.kill(int(line), signal.SIGKILL)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
