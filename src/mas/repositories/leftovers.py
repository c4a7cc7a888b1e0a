"""What lies in an agent's worktree, as a tree of the run repository (F2, Q2).

Computed with an index and a configuration of our own, so that nothing which the agent has written
starts a program. Ignored files stay out, and so do pipes, sockets and what is too large. A
repository inside of the worktree gives its files, as they would be lost otherwise.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.core.finishing import to_the_end
from mas.repositories.changes import Base
from mas.repositories.files import is_folder, opened_folder, read_bounded
from mas.repositories.git import Git, GitFailed
from mas.repositories.include import exclude_rules
from mas.repositories.layout import RunFolder
from mas.repositories.seating import SAVED_INDEX

MOST_FILE_BYTES: Final = 100_000_000
_MOST_BYTES: Final = 2_000_000_000
_MOST_FILES: Final = 200_000
_TEMPORARY: Final = "taking-"
_MOST_NESTED: Final = 200
_DEADLINE: Final = timedelta(minutes=10)
_NOTHING: Final = b"0 " + b"0" * 40 + b"\t"
_SHOWN: Final = 5


@dataclass(kw_only=True)
class _Found:
    """Paths of a worktree that are not as the index has them, sorted out."""

    add: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    large: list[bytes] = field(default_factory=list)
    odd: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Leftovers:
    """The tree of a worktree, and what could not be put into it."""

    tree: str
    notes: tuple[str, ...] = ()


async def tree_of(git: Git, folder: RunFolder, number: int, base: Base, head: str) -> Leftovers:
    """The tree of an agent's worktree; `head` is the commit that tells which files are tracked.

    Raises:
        GitFailed: The run repository could not be written.
    """
    private, worktree = folder.private(number), folder.worktree(number)
    index = temporary_index(private)
    rules = index.with_suffix(".exclude")
    own = git.of(folder.git_dir, worktree=worktree, index=index)
    try:
        await asyncio.to_thread(_prepare, private / SAVED_INDEX, index, rules, base)
        # Entries that are the same in `head` keep what is known of their files.
        await own.run("read-tree", "-i", "-m", head)
        changed = await own.run(
            "diff-files", "-z", "--name-only", "--no-renames", "--ignore-submodules=all",
            deadline=_DEADLINE,
        )  # fmt: skip
        untracked, notes = await _untracked(own, worktree, rules)
        included = {os.fsencode(path) for path in base.included}
        candidates = [*changed.parts, *(path for path in untracked if path not in included)]
        found = await asyncio.to_thread(_sort_out, worktree, candidates, set(changed.parts))
        await _drop(own, found.gone)
        notes += await _add(own, found.add)
        tree = await own.line("write-tree")
    finally:
        await to_the_end(asyncio.to_thread(_tidy, private))
    return Leftovers(tree=tree, notes=(*notes, *_left_out(found)))


def temporary_index(private: Path) -> Path:
    """A file in an agent's private folder that is gone once its work is taken in, under a name of
    its own: the git of a MAS that was killed may still write under the last one."""
    return private / f"{_TEMPORARY}{secrets.token_hex(4)}.index"


def _prepare(saved: Path, index: Path, rules: Path, base: Base) -> None:
    _tidy(index.parent)
    if saved.is_file():
        shutil.copy2(saved, index)
    rules.write_bytes(os.fsencode(exclude_rules(base.included)))


def _tidy(private: Path) -> None:
    for path in private.glob(f"{_TEMPORARY}*"):
        path.unlink(missing_ok=True)


async def _untracked(git: Git, worktree: Path, rules: Path) -> tuple[list[bytes], list[str]]:
    """Files that no commit of the agent's holds and that are not ignored."""
    told = ["ls-files", "-z", "-o", f"--exclude-from={rules}", "--exclude-per-directory=.gitignore"]
    paths: list[bytes] = []
    notes: list[str] = []
    waiting: list[bytes] = []
    try:
        listed = await git.run(*told, deadline=_DEADLINE)
    except GitFailed:
        del told[-1]
        listed = await git.run(*told, deadline=_DEADLINE)
        notes.append("Its .gitignore could not be read: files that it may name are taken too.")
    for path in listed.parts:
        (waiting if path.endswith(b"/") else paths).append(path)
    for _ in range(_MOST_NESTED):
        if not waiting:
            break
        nested = waiting.pop()
        shown = _shown(nested)
        inside = worktree / os.fsdecode(nested)
        if not await asyncio.to_thread(is_folder, inside):
            continue
        if await asyncio.to_thread(_is_linked, inside):
            notes.append(f"{shown} is a worktree of its own repository; what it has not committed "
                         "stays there.")  # fmt: skip
            continue
        notes.append(f"{shown} is a repository of its own: its files are taken, not its history.")
        there = git.of(Path(str(git.variables["GIT_DIR"])), worktree=inside).having(
            GIT_INDEX_FILE=f"{rules}.none"
        )
        for path in (await there.run(*told, deadline=_DEADLINE)).parts:
            (waiting if path.endswith(b"/") else paths).append(nested + path)
    return paths, notes


def _is_linked(folder: Path) -> bool:
    """A folder that a clone has made as a further worktree of itself."""
    try:
        with opened_folder(folder) as handle:
            text = read_bounded(".git", within=handle, limit_bytes=4096) or ""
    except OSError:
        return False
    return text.startswith("gitdir:") and "/.git/worktrees/" in text


def _sort_out(worktree: Path, paths: Sequence[bytes], tracked: set[bytes]) -> _Found:
    """Look at each path itself: none is followed anywhere."""
    found = _Found()
    folders: dict[bytes, bool] = {b"": True}
    top = os.fsencode(worktree)
    room = _MOST_BYTES
    for path in dict.fromkeys(paths):
        kind, size = _look(top, path, folders)
        if kind == "none":
            if path in tracked:
                found.gone.append(path)
        elif kind == "odd":
            found.odd.append(path)
            if path in tracked:
                found.gone.append(path)
        elif size > min(MOST_FILE_BYTES, room) or len(found.add) >= _MOST_FILES:
            found.large.append(path)
        else:
            room -= size
            found.add.append(path)
    return found


def _look(top: bytes, path: bytes, folders: dict[bytes, bool]) -> tuple[str, int]:
    """`file`, `odd` or `none`, and the size; what lies behind a link is none."""
    if not _real_folder(top, path.rpartition(b"/")[0], folders):
        return "none", 0
    try:
        state = os.lstat(os.path.join(top, path))  # noqa: PTH118 - bytes
    except OSError:
        return "none", 0
    if stat.S_ISREG(state.st_mode):
        return "file", state.st_size
    if stat.S_ISLNK(state.st_mode):
        return "file", 0
    return ("none" if stat.S_ISDIR(state.st_mode) else "odd"), 0


def _real_folder(top: bytes, path: bytes, folders: dict[bytes, bool]) -> bool:
    known = folders.get(path)
    if known is None:
        known = _real_folder(top, path.rpartition(b"/")[0], folders) and is_folder(
            Path(os.fsdecode(os.path.join(top, path)))  # noqa: PTH118 - bytes
        )
        folders[path] = known
    return known


async def _drop(git: Git, paths: Sequence[bytes]) -> None:
    if paths:
        told = b"".join(_NOTHING + path + b"\0" for path in paths)
        await git.run("update-index", "-z", "--index-info", stdin=told, deadline=_DEADLINE)


async def _add(git: Git, paths: Sequence[bytes]) -> list[str]:
    """Put files into the index; one that git refuses as it is meant to be is taken as it is."""
    if not paths:
        return []
    told = ("update-index", "--add", "--replace", "-z", "--stdin")
    try:
        await git.run(*told, stdin=b"\0".join(paths) + b"\0", deadline=_DEADLINE)
    except GitFailed:
        if len(paths) > 1:
            middle = len(paths) // 2
            return [*await _add(git, paths[:middle]), *await _add(git, paths[middle:])]
        return await _add_as_it_is(git, paths[0])
    return []


async def _add_as_it_is(git: Git, path: bytes) -> list[str]:
    name = os.fsdecode(path)
    try:
        blob = await git.line("hash-object", "-w", "--no-filters", "--", name)
        entry = f"100644 {blob}\t".encode() + path + b"\0"
        await git.run("update-index", "--add", "--replace", "-z", "--index-info", stdin=entry)
    except GitFailed:
        return [f"{_shown(path)} could not be read, and is left out."]
    return []


def _left_out(found: _Found) -> Iterable[str]:
    if found.large:
        yield f"Too large, and left out: {_listed(found.large)}."
    if found.odd:
        yield f"No files, and left out: {_listed(found.odd)}."


def _listed(paths: Sequence[bytes]) -> str:
    shown = ", ".join(_shown(path) for path in paths[:_SHOWN])
    more = len(paths) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")[:300]
