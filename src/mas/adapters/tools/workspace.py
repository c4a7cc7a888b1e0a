"""Files of one workspace: nothing outside of it can be named, also not through links (Q2).

A path is walked folder by folder, each opened without following links, so that what is checked is
what is used, also while somebody changes the folders. Links are followed only as far as their
text stays inside.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MOST_LINKS: Final = 20
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE_MODE: Final = 0o644


class PathRefused(Exception):
    """A path cannot be used; the text says why and what to do, for a model."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a folder. `size` is in bytes."""

    name: str
    kind: str
    """`file`, `folder`, `link` or `other`."""
    size: int


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a path leads: an open folder, a name in it, and the path without links."""

    folder: int
    name: str
    path: str


class Workspace:
    """The files below one folder, which is made when something is written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def clean(self, path: str) -> str:
        """The path relative to the workspace, normalised but with its links.

        Raises:
            PathRefused: It leads outside.
        """
        return "/".join(self._parts(path)) or "."

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a regular file for reading.

        Raises:
            PathRefused: There is none, it is something else, or it is outside.
        """
        with self._at(path) as place:
            try:
                number = os.open(place.name, _FILE, dir_fd=place.folder)
            except OSError as exc:
                raise _refused(path, exc) from exc
            mode = os.fstat(number).st_mode
            if not stat.S_ISREG(mode):
                os.close(number)
                what = "a folder: use files.list" if stat.S_ISDIR(mode) else "no regular file"
                raise PathRefused(f"{path} is {what}.")
            with os.fdopen(number, "rb") as stream:
                yield stream

    def write(self, path: str, data: bytes) -> bool:
        """Write a whole file, which appears at once or not at all; folders are made.

        Returns:
            Whether the file is new.

        Raises:
            PathRefused: It cannot be written there.
        """
        self._keep_off_git(path)
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            with self._at(path, make=True) as place:
                self._keep_off_git(place.path)
                return self._replace(place, data)
        except OSError as exc:
            raise _refused(path, exc) from exc

    def entries(self, path: str) -> list[Entry]:
        """The entries of a folder by name, folders first.

        Raises:
            PathRefused: There is no such folder, or it is outside.
        """
        with self._folder(path) as number:
            entries = []
            with os.scandir(number) as found:
                for one in found:
                    try:
                        entries.append(_entry(one))
                    except FileNotFoundError:
                        continue
        return sorted(entries, key=lambda one: (one.kind != "folder", one.name))

    def resolve(self, path: str) -> str:
        """The path without links, relative to the workspace; `.` is the workspace.

        Raises:
            PathRefused: There is nothing, or it is outside.
        """
        if not self._parts(path):
            return "."
        with self._at(path) as place:
            try:
                os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            except OSError as exc:
                raise _refused(path, exc) from exc
            return place.path

    def _keep_off_git(self, path: str) -> None:
        """Git's own files say which programs git starts."""
        if any(part.lower() == ".git" for part in self._parts(path)):
            raise PathRefused(f"{path} belongs to git itself: use the git tools.")

    def _parts(self, path: str) -> list[str]:
        """The path's parts; an absolute path is allowed where it names a place inside."""
        if "\0" in path:
            raise PathRefused("A path cannot hold a zero character.")
        root = str(self._root)
        if path == root or path.startswith(f"{root}/"):
            path = path[len(root) :].lstrip("/")
        if path.startswith(("/", "~")):
            raise PathRefused(
                f"{path} is outside of the workspace: give a path relative to the workspace."
            )
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise PathRefused(
                f"{path} holds '..': give a path relative to the workspace, without '..'."
            )
        return parts

    @contextlib.contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        if not self._parts(path):
            try:
                number = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except FileNotFoundError as exc:
                raise PathRefused("The workspace is empty: nothing was written yet.") from exc
            try:
                yield number
            finally:
                os.close(number)
            return
        with self._at(path) as place:
            try:
                number = os.open(place.name, _FOLDER, dir_fd=place.folder)
            except OSError as exc:
                raise _refused(path, exc) from exc
            try:
                yield number
            finally:
                os.close(number)

    @contextlib.contextmanager
    def _at(self, path: str, *, make: bool = False) -> Iterator[_Place]:
        """Walk to where a path leads, following links that stay inside."""
        parts = self._parts(path)
        if not parts:
            raise PathRefused("A path of a file is needed, not of the workspace itself.")
        for _ in range(_MOST_LINKS):
            with contextlib.ExitStack() as stack:
                found = self._walk(path, parts, stack, make=make)
                if isinstance(found, _Place):
                    yield found
                    return
                parts = found
        raise PathRefused(f"{path} goes through too many links.")

    def _walk(
        self, path: str, parts: list[str], stack: contextlib.ExitStack, *, make: bool
    ) -> _Place | list[str]:
        """The place, or the parts to go on with when a link was met."""
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as exc:
            raise PathRefused(f"There is no {path}: nothing was written to the workspace.") from exc
        stack.callback(os.close, folder)
        for at, name in enumerate(parts):
            target = _link(name, folder)
            if target is not None:
                return _joined(path, parts[:at], target, parts[at + 1 :])
            if at == len(parts) - 1:
                break
            try:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=folder)
                folder = os.open(name, _FOLDER, dir_fd=folder)
            except OSError as exc:
                raise _refused(path, exc) from exc
            stack.callback(os.close, folder)
        return _Place(folder=folder, name=parts[-1], path="/".join(parts))

    def _replace(self, place: _Place, data: bytes) -> bool:
        """Write beside the file, then put it in place."""
        try:
            before: os.stat_result | None = os.stat(
                place.name, dir_fd=place.folder, follow_symlinks=False
            )
        except FileNotFoundError:
            before = None
        if before is not None and not stat.S_ISREG(before.st_mode):
            raise PathRefused(f"{place.path} is there already and is no regular file.")
        draft = f".{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        mode = stat.S_IMODE(before.st_mode) if before else _NEW_FILE_MODE
        number = os.open(draft, flags, mode, dir_fd=place.folder)
        try:
            with os.fdopen(number, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(number)
            os.rename(draft, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft, dir_fd=place.folder)
            raise
        return before is None


def _link(name: str, folder: int) -> str | None:
    """The text of a link; None when it is none."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _joined(path: str, before: list[str], target: str, after: list[str]) -> list[str]:
    """Parts with a link's text in its place. Everything before it was found to be no link."""
    if target.startswith("/"):
        raise PathRefused(f"{path} is a link that leads out of the workspace.")
    parts = list(before)
    for part in target.split("/"):
        if part == "..":
            if not parts:
                raise PathRefused(f"{path} is a link that leads out of the workspace.")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts + after


def _entry(one: os.DirEntry[str]) -> Entry:
    found = one.stat(follow_symlinks=False)
    kind = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}.get(
        stat.S_IFMT(found.st_mode), "other"
    )
    return Entry(name=one.name, kind=kind, size=found.st_size)


def _refused(path: str, exc: OSError) -> PathRefused:
    if isinstance(exc, FileNotFoundError):
        return PathRefused(f"There is no {path}: look with files.list.")
    if isinstance(exc, NotADirectoryError) or exc.errno == errno.ELOOP:
        return PathRefused(f"{path} is not there: a part of it is no folder.")
    if isinstance(exc, IsADirectoryError):
        return PathRefused(f"{path} is a folder.")
    return PathRefused(f"{path} cannot be used: {exc.strerror or exc}.")
