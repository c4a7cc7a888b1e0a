"""What an isolated command uses: watched, limited, and given back (S2).

Loaded by the supervisor alone, which is a script without packages: only the standard library, and
little of it. Control groups limit by themselves; where there are none, memory and processes of
the tree are looked at a few times a second.
"""
# ruff: noqa: PTH101, PTH106, PTH108, PTH112, PTH114, PTH123

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

_REMOVE_SECONDS: Final = 3.0
"""A group is busy until the last of its processes is quite gone."""
_ENTERED: Final = 0o700


class Usage:
    """The limits of one command, and what has to be removed after it."""

    def __init__(self, options: dict[bytes, list[bytes]]) -> None:
        """`options` are those of the supervisor."""
        self._groups = options.get(b"group", [])
        self._removed = options.get(b"remove", [])
        self._counter = options.get(b"oom", [b""])[0]
        self._memory = int(options.get(b"memory", [b"0"])[0])
        self._processes = int(options.get(b"processes", [b"0"])[0])
        self._page = os.sysconf("SC_PAGE_SIZE")
        self._too_much = False

    def exceeded(self, members: Callable[[], list[int]]) -> bool:
        """Whether the command has to be ended because of what it uses."""
        if self.out_of_memory():
            return True
        if not self._memory and not self._processes:
            return False
        living = members()
        if self._memory and self._used(living) > self._memory:
            self._too_much = True
        return self._too_much or bool(self._processes and len(living) > self._processes)

    def out_of_memory(self) -> bool:
        """Whether memory was the reason."""
        if self._too_much or not self._counter:
            return self._too_much
        for line in _read(self._counter).splitlines():
            if line.startswith(b"oom_kill "):
                return int(line.split()[1]) > 0
        return False

    def kill(self) -> None:
        """Kill all of the groups at once, and let nobody be born in them."""
        for group in self._groups:
            _write(group + b"/pids.max", b"0")
            _write(group + b"/cgroup.kill", b"1")

    def remove(self) -> None:
        """Remove groups and folders of the command, when its tree is gone."""
        until = time.monotonic() + _REMOVE_SECONDS
        for group in self._groups:
            while os.path.isdir(group) and not _removed(group) and time.monotonic() < until:
                time.sleep(0.01)
        for folder in self._removed:
            remove_tree(folder)

    def _used(self, living: list[int]) -> int:
        """Memory that these processes have for themselves, in bytes."""
        pages = 0
        for pid in living:
            numbers = _read(b"/proc/%d/statm" % pid).split()
            if numbers:
                pages += int(numbers[1]) - int(numbers[2])
        return pages * self._page


def remove_tree(folder: bytes) -> None:
    """Remove a folder with everything in it, also what was made unreadable; follows no links."""
    _enter(folder)
    try:
        with os.scandir(folder) as entries:
            below = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
    except OSError:
        below = []
    for path, is_folder in below:
        if is_folder:
            remove_tree(path)
        else:
            try:
                os.unlink(path)
            except OSError:
                continue
    _removed(folder)


def _enter(folder: bytes) -> None:
    if not os.path.islink(folder):
        try:
            os.chmod(folder, _ENTERED)
        except OSError:
            return


def _removed(folder: bytes) -> bool:
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True


def _read(path: bytes) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:
            return stream.read()
    except OSError:
        return b""


def _write(path: bytes, text: bytes) -> None:
    try:
        with open(path, "r+b", buffering=0) as stream:
            stream.write(text)
    except OSError:
        return
