"""Names that one command holds at a time, and folders for the time of one command (S2).

Both are locks on open files, which the supervisor gets too: they are held until the tree of the
command is gone, whoever dies first, and a lock that nobody holds is free or left over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.adapters import file_lock
from mas.adapters.executors.usage import remove_tree

_LOCKS: Final = "agents/.locks"
_SCRATCH: Final = "agents/.sandboxes"
_CLOSED: Final = 0o700
_PASSABLE: Final = 0o711
_UNFINISHED: Final = "new-"


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """A folder that is removed when the descriptor is closed by all who have it."""

    folder: Path
    descriptor: int


@contextlib.asynccontextmanager
async def held_name(root: Path, name: str, patience: timedelta) -> AsyncIterator[int | None]:
    """The descriptor of the lock of a name, once no command has it.

    Raises:
        TimeoutError: Another had it for all of `patience`.
    """
    if not name:
        yield None
        return
    folder = root / _LOCKS
    folder.mkdir(parents=True, exist_ok=True, mode=_CLOSED)
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await file_lock.lock(descriptor, patience=patience)
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.asynccontextmanager
async def shared_name(root: Path, name: str) -> AsyncIterator[Callable[[], bool]]:
    """Hold a name together with others; what it yields says whether nobody else has it now."""
    folder = root / _LOCKS
    folder.mkdir(parents=True, exist_ok=True, mode=_CLOSED)
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await file_lock.lock(descriptor, fcntl.LOCK_SH)
        yield lambda: file_lock.try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def scratch(root: Path) -> Iterator[Scratch]:
    """A fresh folder that other users can pass through, but not look into."""
    above = root / _SCRATCH
    above.mkdir(parents=True, exist_ok=True)
    above.chmod(_PASSABLE)
    token = secrets.token_hex(8)
    folder = above / f"{_UNFINISHED}{token}"
    folder.mkdir()
    folder.chmod(_PASSABLE)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Nobody else takes it for longer than a look, so this does not wait.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Only now can it be taken for one that was left behind.
        folder = folder.rename(above / token)
        yield Scratch(folder=folder, descriptor=descriptor)
    finally:
        remove_tree(os.fsencode(folder))
        os.close(descriptor)


def sweep(root: Path, *, older_than: timedelta = timedelta(minutes=5)) -> tuple[str, ...]:
    """Remove folders that nobody holds any more; returns their names."""
    found = []
    for folder in (root / _SCRATCH).glob("*"):
        if _is_left(folder, older_than):
            remove_tree(os.fsencode(folder))
            found.append(folder.name)
    return tuple(found)


def _is_left(folder: Path, older_than: timedelta) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        age = time.time() - os.fstat(descriptor).st_mtime
        if folder.name.startswith(_UNFINISHED) and age <= older_than.total_seconds():
            # Its maker is about to lock it: a lock here, however short, would be in the way.
            return False
        return file_lock.try_lock(descriptor)
    finally:
        os.close(descriptor)
