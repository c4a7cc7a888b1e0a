"""Uncommitted files that every agent gets: what `.worktreeinclude` of the person names (F1).

It is written like `.gitignore`. Files that git tracks are in the base anyway, and never come from
here; links are not followed, and nothing outside of the working tree is taken.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from mas.repositories.files import opened_file, opened_folder
from mas.repositories.git import Git, GitFailed

NAME: Final = ".worktreeinclude"
MOST_FILES: Final = 1000
MOST_BYTES: Final = 100_000_000
_MOST_RULES: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class Included:
    """What was copied, as paths in the working tree, and what was left out."""

    paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def has_rules(worktree: Path) -> bool:
    """The working tree says which uncommitted files are wanted."""
    try:
        state = os.lstat(worktree / NAME)
    except OSError:
        return False
    return stat.S_ISREG(state.st_mode) and 0 < state.st_size <= _MOST_RULES


async def named_files(git: Git, worktree: Path) -> tuple[list[str], str]:
    """Untracked files of a working tree that its rules name, and a note when git could not tell.

    `git` is bound to the person's repository, and harmless.
    """
    told = ("ls-files", "-z", "-o", "-i", f"--exclude-from={worktree / NAME}")
    try:
        answer = await git.at(worktree).run(*told)
    except GitFailed as exc:
        return [], f"git could not tell what {NAME} names: {exc.words[-200:]}"
    return [os.fsdecode(part) for part in answer.parts], ""


def copy_files(worktree: Path, paths: Sequence[str], into: Path) -> Included:
    """Copy regular files, with their folders, up to the limits."""
    copied: list[str] = []
    odd = beyond = total = 0
    with opened_folder(worktree) as top:
        for path in paths:
            if not _plain(path):
                odd += 1
                continue
            if len(copied) == MOST_FILES:
                beyond += 1
                continue
            try:
                with _opened(path, top) as (handle, state):
                    if total + state.st_size > MOST_BYTES:
                        beyond += 1
                        continue
                    _copy(handle, state.st_mode, into / path)
            except OSError:
                odd += 1
                continue
            total += state.st_size
            copied.append(path)
    notes = []
    if beyond:
        notes.append(
            f"{beyond} files that {NAME} names are left out: more than {MOST_FILES} files or "
            f"{MOST_BYTES // 1_000_000} MB."
        )
    if odd:
        notes.append(f"{odd} files that {NAME} names are left out: they are no plain files.")
    return Included(paths=tuple(copied), notes=tuple(notes))


def spread(included: Path, paths: Sequence[str], worktree: Path) -> None:
    """Put the copied files into a fresh clone, beside what is there."""
    for path in paths:
        target = worktree / path
        if not os.path.lexists(target) and _is_within(worktree, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(included / path, target, follow_symlinks=False)


def exclude_rules(paths: Sequence[str]) -> str:
    """Lines for `info/exclude` that match exactly these paths."""
    return "".join(f"/{_escaped(path)}\n" for path in paths if "\n" not in path)


def _plain(path: str) -> bool:
    parts = PurePosixPath(path).parts
    readable = not any("\ud800" <= char <= "\udfff" for char in path)
    beside = any(part in ("..", ".git") for part in parts)
    return readable and not path.startswith("/") and not beside


@contextmanager
def _opened(path: str, top: int) -> Iterator[tuple[int, os.stat_result]]:
    """Open a file below a folder, going through no link."""
    *folders, name = PurePosixPath(path).parts
    with ExitStack() as stack:
        at = top
        for folder in folders:
            at = stack.enter_context(opened_folder(folder, within=at))
        yield stack.enter_context(opened_file(name, within=at))


def _copy(handle: int, mode: int, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.dup(handle), "rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)
    target.chmod(stat.S_IMODE(mode) & 0o755 | stat.S_IRUSR | stat.S_IWUSR)


def _is_within(worktree: Path, target: Path) -> bool:
    """No folder on the way is a link: the base may hold links out of the clone."""
    folder = target.parent
    while folder != worktree:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            return False
        folder = folder.parent
    return True


def _escaped(path: str) -> str:
    return "".join(f"\\{char}" if char in "\\*?[]!# " else char for char in path)
