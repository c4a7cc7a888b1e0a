"""Lends folders to a user of their own while a command runs, and takes them back (S3); for root."""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mas.adapters.executors.isolation import FIRST_USER, USERS
from mas.core.errors import UserError

_PASSABLE: Final = 0o001
_CLOSED: Final = 0o700
_USUAL: Final = 0o755


def user_of(writable: Sequence[Path], root: Path) -> int:
    """The number of the user that these folders are lent to: the same each time."""
    named = "\0".join(map(str, sorted(writable) or [root]))
    return FIRST_USER + zlib.crc32(named.encode("utf-8", "surrogateescape")) % USERS


def check_reach(folders: Sequence[Path]) -> None:
    """Refuse folders that another user cannot get to.

    Raises:
        UserError: A folder above is closed to others (`no_isolation`).
    """
    for folder in folders:
        for above in folder.parents:
            if above.exists() and not above.stat().st_mode & _PASSABLE:
                raise UserError(
                    f"The user that commands run as cannot get to {folder}: {above} is closed.",
                    hint="Install bubblewrap, or put the workspace outside of closed folders.",
                    code="no_isolation",
                )


def lend(folders: Sequence[Path], user: int, kept: Sequence[Path]) -> None:
    """Give folders to a user, close them to all others but root, and close what lies beside them.

    `kept` stays open, and so does what leads there.
    """
    for folder in folders:
        for beside in folder.parent.iterdir():
            leads_on = any(one.is_relative_to(beside) for one in kept)
            if leads_on or beside.is_symlink():
                continue
            # Its own command may be moving or removing it just now.
            with contextlib.suppress(FileNotFoundError):
                beside.chmod(stat.S_IMODE(beside.stat().st_mode) & _CLOSED)
    for folder in folders:
        _give(folder, user)
        folder.chmod(_CLOSED)


def take_back(folders: Sequence[Path], modes: Sequence[int]) -> None:
    """Give folders back to the user of this process, with the modes they had."""
    for folder, mode in zip(folders, modes, strict=True):
        _give(folder, os.geteuid())
        folder.chmod(mode)


def modes(folders: Sequence[Path], user: int) -> list[int]:
    """The modes of folders, to be given back; of those that are lent already, a usual one."""
    found = [folder.stat() for folder in folders]
    return [_USUAL if one.st_uid == user else stat.S_IMODE(one.st_mode) for one in found]


def _give(top: Path, user: int) -> None:
    """Change the owner of everything below; follows no links.

    A file with a second name may be one that was linked here from elsewhere: it stays as it is.
    """
    os.chown(top, user, user, follow_symlinks=False)
    for _, folders, files, place in os.fwalk(top, follow_symlinks=False):
        for name in (*folders, *files):
            # Another command of the same user may be at work here.
            with contextlib.suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=place, follow_symlinks=False)
                linked = found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode)
                if found.st_uid != user and not linked:
                    os.chown(name, user, user, dir_fd=place, follow_symlinks=False)
