"""File work on folders that somebody else has filled: no link is followed, nothing is trusted."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_ALL = stat.S_IRWXU


def is_folder(path: Path) -> bool:
    """There is a folder under this name itself, no link to one."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


@contextlib.contextmanager
def opened_folder(path: Path | str, *, within: int | None = None) -> Iterator[int]:
    """A folder's descriptor; `within` is that of the folder that it lies in.

    Raises:
        OSError: There is none, or it is a link.
    """
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=within)
    try:
        yield handle
    finally:
        os.close(handle)


@contextlib.contextmanager
def opened_file(name: str, *, within: int) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file's descriptor and state.

    Raises:
        OSError: There is none, or it is a link, a pipe or the like.
    """
    handle = os.open(name, os.O_RDONLY | _NO_LINK, dir_fd=within)
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(f"{name} is no regular file")
        yield handle, state
    finally:
        os.close(handle)


def read_bounded(name: str, *, within: int, limit_bytes: int) -> str | None:
    """The text of a small regular file; None where there is none or it is too large."""
    try:
        with opened_file(name, within=within) as (handle, state):
            if state.st_size > limit_bytes:
                return None
            return os.read(handle, limit_bytes + 1)[:limit_bytes].decode("utf-8", "replace")
    except OSError:
        return None


def write_new(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file that is there in whole or not at all."""
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text.encode())
    made.replace(path)


def remove_tree(path: Path) -> None:
    """Remove whatever is under this name, however it was made.

    Folders that nobody may enter are opened up first, and folders within folders are moved up
    before they are emptied, so that no depth is too deep. Links are removed, not followed.

    Raises:
        OSError: Something belongs to another user, or is held by the system.
    """
    try:
        state = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(state.st_mode):
        path.unlink()
        return
    path.chmod(_ALL)
    with opened_folder(path) as top:
        _empty(top)
    path.rmdir()


def _empty(top: int) -> None:
    """Remove all that is in a folder."""
    waiting = [""]
    made = 0
    while waiting:
        name = waiting.pop()
        with opened_folder(name or ".", within=top) as folder:
            for entry in _names(folder):
                if not _is_folder(entry, folder):
                    os.unlink(entry, dir_fd=folder)
                    continue
                os.chmod(entry, _ALL, dir_fd=folder)
                moved = entry
                if name:
                    made += 1
                    moved = f".removing-{os.getpid()}-{made}"
                    os.rename(entry, moved, src_dir_fd=folder, dst_dir_fd=top)
                waiting.append(moved)
        if name:
            os.rmdir(name, dir_fd=top)


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _is_folder(name: str, within: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=within, follow_symlinks=False).st_mode)


def give_tree(path: Path, user: int, group: int) -> None:
    """Make everything below a folder, and itself, a user's. Links are given, not followed.

    Raises:
        OSError: This process may not do that.
    """
    os.chown(path, user, group, follow_symlinks=False)
    if not is_folder(path):
        return
    for _, folders, names, handle in os.fwalk(path, follow_symlinks=False):
        for name in (*folders, *names):
            os.chown(name, user, group, dir_fd=handle, follow_symlinks=False)


def calm_tree(path: Path) -> None:
    """Make a tree of somebody safe to read: no pipe that never answers, nothing shut.

    Pipes, sockets and the like are removed: they hold nothing once their processes are gone.
    """
    shut = os.geteuid() != 0
    waiting = [path]
    while waiting:
        folder = waiting.pop()
        with contextlib.suppress(OSError):
            if shut:
                _allow(folder, _ALL)
            with os.scandir(folder) as entries:
                for entry in entries:
                    _calm(entry, waiting, shut=shut)


def _calm(entry: os.DirEntry[str], waiting: list[Path], *, shut: bool) -> None:
    if entry.is_dir(follow_symlinks=False):
        waiting.append(Path(entry.path))
    elif entry.is_file(follow_symlinks=False):
        if shut:
            _allow(Path(entry.path), stat.S_IRUSR)
    elif not entry.is_symlink():
        Path(entry.path).unlink()


def _allow(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(os.lstat(path).st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
