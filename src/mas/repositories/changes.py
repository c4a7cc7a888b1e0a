"""What differs between two commits, and what an agent's work amounts to, as plain data."""

from __future__ import annotations

from typing import Literal

import msgspec

ChangeKind = Literal["A", "M", "D", "R", "T"]
"""Added, modified, deleted, renamed, or of another type (file, link, submodule)."""


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One path that differs. Bytes of a path that are not UTF-8 are shown as `\\xNN`."""

    path: str
    change: ChangeKind
    before: str | None = None
    """Its name before, for a renamed file."""
    additions: int = 0
    deletions: int = 0
    """Lines; 0 for a binary file."""
    binary: bool = False


class CommitInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One commit in short."""

    sha: str
    subject: str
    author: str


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between two commits."""

    text: str
    """A unified diff up to the limit; undecodable bytes replaced. Empty when only counts were
    asked for."""
    total_bytes: int
    """Of the whole text."""
    cut: bool = False
    """There is more than `text` holds."""
    files: tuple[FileChange, ...]
    additions: int = 0
    deletions: int = 0


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has done, as it now stands on its branch of the run repository."""

    commit: str
    commits: int = 0
    """How many there are beyond the base."""
    log: tuple[CommitInfo, ...] = ()
    """The newest of them first, at most 100."""
    salvaged: bool = False
    """The newest commit was made for what was left uncommitted."""
    files: tuple[FileChange, ...] = ()
    """Against the base, at most 5,000."""
    file_count: int = 0
    """All that differ."""
    additions: int = 0
    deletions: int = 0
    net_change: bool = False
    """The files differ from the base."""
    notes: tuple[str, ...] = ()
    """Sentences about what was left out, or kept elsewhere."""


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a merge."""

    branch: str
    """The branch that was merged into."""
    before: str
    """Where that branch was."""
    commit: str
    """Where that branch is now."""
    moved: bool
    how: Literal["fast-forward", "merge", "contained", "conflict"]
    conflicts: tuple[str, ...] = ()
    """Paths in conflict: nothing was moved."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What all agents of a run start from."""

    branch: str
    commit: str
    notes: tuple[str, ...] = ()
    """What the person should know of what was taken, those of the source included."""
    included: tuple[str, ...] = ()
    """Uncommitted files that every seat gets."""
