"""The workspace as clients see it: folders and files, of which none leads out of it (F6).

Agents write here, also while somebody reads: a name that is harmless now may be a link in a
moment. So no path is ever put together. Each name is opened in the folder before it, links are
never followed, and what was opened is looked at again before anything of it is sent.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from mas.core.errors import Refused, Transient, UserError
from mas.http.problems import not_found

EntryKind = Literal["file", "folder", "link", "other"]

MOST_NAMES = 100_000
"""A folder with more names is listed in part, and says so."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_INNER = _FOLDER | os.O_NOFOLLOW
# Without NONBLOCK, a pipe that an agent has put there would be waited for.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.ENXIO}
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name in a folder. `size` is in bytes, None for what is no file."""

    name: str
    kind: EntryKind
    size: int | None
    modified: datetime | None
    href: str | None
    """Where it can be got; None: not served."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A page of the names in a folder, in order."""

    path: str
    entries: tuple[Entry, ...]
    total: int
    complete: bool
    """False: the folder holds more than `total` names, and those are not counted."""


@dataclass(frozen=True, kw_only=True)
class OpenFile:
    """A regular file that is open for reading; whoever gets it closes `descriptor`."""

    name: str
    descriptor: int
    size: int
    """When it was opened; an agent may still write it."""
    modified: datetime | None


def names_of(raw: bytes) -> tuple[str, ...]:
    """The names of a percent-encoded path relative to the workspace.

    Each name is decoded once and by itself, so that none can hold a slash. Names that are no
    UTF-8 keep their bytes, as the file system functions of Python have them.

    Raises:
        UserError: The path is none that a listing shows.
    """
    parts = raw.split(b"/")
    if parts[-1] == b"":
        parts.pop()  # a folder may be named with a slash at its end
    names = tuple(unquote_to_bytes(part) for part in parts)
    if any(name in (b"", b".", b"..") or b"/" in name or b"\0" in name for name in names):
        raise _absent()
    return tuple(os.fsdecode(name) for name in names)


class Workspace:
    """Reads below one folder. Methods block: call them in a thread."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(
        self, names: Sequence[str], *, offset: int = 0, limit: int = 1000
    ) -> Folder | OpenFile:
        """Open a file, or list a folder: `limit` names from the one numbered `offset`.

        Raises:
            UserError: There is no such thing, or it is not served (`not_found`).
            Refused: The operating system does not let MAS read it (`unreadable`).
            Transient: Disk or system do not let anything be read.
        """
        if is_hidden(names):
            raise _absent()
        try:
            with self._root_folder() as top:
                if top is None:
                    return _nothing_yet(names)
                return _look(top, names, offset, limit)
        except ValueError as exc:
            raise _absent() from exc
        except PermissionError as exc:
            raise Refused(
                "The operating system does not let MAS read this.",
                hint="Its owner may change its permissions.",
                code="unreadable",
            ) from exc
        except OSError as exc:
            if exc.errno in _ABSENT:
                raise _absent() from exc
            raise Transient(
                f"The workspace cannot be read: {exc.strerror}.", code="workspace_unreadable"
            ) from exc

    @contextmanager
    def _root_folder(self) -> Iterator[int | None]:
        """The workspace itself, which a person has set and which may be a link."""
        try:
            top = os.open(self._root, _FOLDER)
        except FileNotFoundError:
            yield None
            return
        try:
            yield top
        finally:
            os.close(top)


def is_hidden(names: Sequence[str]) -> bool:
    """Whether a path is MAS's own or an agent's private: homes, control and exchanges of agents.

    Some file systems take `AGENTS` for `agents`.
    """
    return len(names) >= 3 and names[0].casefold() == "runs" and names[2].casefold() == "agents"


def shown(name: str) -> str:
    """A name as text, with a sign in place of bytes that are none."""
    return os.fsencode(name).decode("utf-8", "replace")


def address_of(names: Iterable[str]) -> str:
    """The address of a path below the workspace."""
    return "/".join(("/workspace", *(quote_from_bytes(os.fsencode(name), "") for name in names)))


def _absent() -> UserError:
    return not_found(
        "There is no such file or folder in the workspace.",
        hint="GET /workspace lists what there is; links are not followed.",
    )


def _nothing_yet(names: Sequence[str]) -> Folder:
    """A workspace that no run has made yet is empty."""
    if names:
        raise _absent()
    return Folder(path="", entries=(), total=0, complete=True)


def _look(top: int, names: Sequence[str], offset: int, limit: int) -> Folder | OpenFile:
    """Go down from `top` name by name; closes everything but a file that it returns."""
    folder = os.dup(top)
    try:
        for number, name in enumerate(names):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) and number == len(names) - 1:
                return _file(folder, name)
            if not stat.S_ISDIR(found.st_mode):
                raise _absent()
            deeper = os.open(name, _INNER, dir_fd=folder)
            os.close(folder)
            folder = deeper
        return _listed(folder, names, offset, limit)
    finally:
        os.close(folder)


def _file(folder: int, name: str) -> OpenFile:
    descriptor = os.open(name, _FILE, dir_fd=folder)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise _absent()
    except BaseException:
        os.close(descriptor)
        raise
    return OpenFile(
        name=name,
        descriptor=descriptor,
        size=found.st_size,
        modified=_time(found.st_mtime),
    )


def _listed(folder: int, names: Sequence[str], offset: int, limit: int) -> Folder:
    seen: list[os.DirEntry[str]] = []
    complete = True
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_hidden((*names, entry.name)):
                continue
            if len(seen) == MOST_NAMES:
                complete = False
                break
            seen.append(entry)
        seen.sort(key=lambda one: one.name)
        page = seen[offset : offset + limit]
        # Within the context: the folder has to be open for what is asked of its entries.
        listed = tuple(filter(None, (_entry(one, names) for one in page)))
    return Folder(
        path="/".join(map(shown, names)), entries=listed, total=len(seen), complete=complete
    )


def _entry(entry: os.DirEntry[str], names: Sequence[str]) -> Entry | None:
    """None: it has gone since."""
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    kind = _kind(found.st_mode)
    served = kind in ("file", "folder")
    return Entry(
        name=shown(entry.name),
        kind=kind,
        size=found.st_size if kind == "file" else None,
        modified=_time(found.st_mtime),
        href=address_of((*names, entry.name)) if served else None,
    )


def _kind(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"


def _time(seconds: float) -> datetime | None:
    """None for a time that no calendar has; anybody can give a file any time."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
