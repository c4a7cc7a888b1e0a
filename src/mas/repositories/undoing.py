"""What merges have done to branches of a run repository, noted beside them, and undone (F5).

A note is a pair of refs, made in the same transaction of git as the merge: where the branch was,
and where the merge has brought it. It keeps the commits alive, and goes with its merge.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from mas.repositories.git import Git, GitFailed

_HEADS: Final = "refs/heads/"
_MERGED: Final = "refs/mas/merged/"
_DELIVERED: Final = "refs/mas/delivered/"


@dataclass(frozen=True, kw_only=True)
class NotedMerge:
    """One merge: the branch it has moved, from where to where."""

    number: int
    branch: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class UndoneMerges:
    """What became of undoing, the latest merge first."""

    undone: tuple[NotedMerge, ...]
    left: tuple[NotedMerge, ...]
    """Their branches have been moved by something else since."""


async def move(git: Git, branch: str, *, before: str, after: str, why: str) -> None:
    """Move a branch by a merge and note it, both or neither.

    Raises:
        GitFailed: The branch is not at `before` any more.
    """
    number = max((one.number for one in await merges(git)), default=0) + 1
    note = f"{_MERGED}{number:06d}"
    await _transact(
        git,
        f"update {_HEADS}{branch} {after} {before}",
        f"create {note}/before/{branch} {before}",
        f"create {note}/after/{branch} {after}",
        why=why,
    )


async def merges(git: Git) -> tuple[NotedMerge, ...]:
    """The merges that have not been undone, the latest first."""
    found: dict[tuple[int, str], dict[str, str]] = {}
    for name, commit in (await _refs(git, _MERGED)).items():
        number, side, branch = name.split("/", 2)
        found.setdefault((int(number), branch), {})[side] = commit
    return tuple(
        NotedMerge(number=number, branch=branch, before=sides["before"], after=sides["after"])
        for (number, branch), sides in sorted(found.items(), reverse=True)
        if sides.keys() == {"before", "after"}
    )


async def brought(git: Git, one: NotedMerge) -> tuple[str, ...]:
    """The branches whose work a merge has brought."""
    told = ("--format=%(refname:lstrip=2)", f"--merged={one.after}", f"--no-merged={one.before}")
    listed = await git.run("for-each-ref", *told, _HEADS)
    return tuple(name for name in os.fsdecode(listed.out).split("\n") if name)


async def undo(git: Git) -> UndoneMerges:
    """Move branches back to where they were before their merges, as far as nothing came on top."""
    undone: list[NotedMerge] = []
    left: list[NotedMerge] = []
    for one in await merges(git):
        note = f"{_MERGED}{one.number:06d}"
        try:
            await _transact(
                git,
                f"update {_HEADS}{one.branch} {one.before} {one.after}",
                f"delete {note}/before/{one.branch} {one.before}",
                f"delete {note}/after/{one.branch} {one.after}",
                why="rollback",
            )
        except GitFailed:
            left.append(one)
        else:
            undone.append(one)
    return UndoneMerges(undone=tuple(undone), left=tuple(left))


async def note_delivery(git: Git, name: str, commit: str) -> None:
    """Note that a commit goes to somebody's repository as the branch `name`."""
    await git.run("update-ref", "-m", "delivered", f"{_DELIVERED}{name}", commit)


async def deliveries(git: Git) -> tuple[str, ...]:
    """The branches that were delivered, by name."""
    return tuple(sorted(await _refs(git, _DELIVERED)))


async def _refs(git: Git, under: str) -> dict[str, str]:
    listed = await git.run("for-each-ref", "--format=%(objectname) %(refname)", under)
    # Names of branches need not be UTF-8.
    lines = os.fsdecode(listed.out).split("\n")
    pairs = (line.split(" ", 1) for line in lines if line)
    return {name.removeprefix(under): commit for commit, name in pairs}


async def _transact(git: Git, *lines: str, why: str) -> None:
    told = "".join(f"{line}\n" for line in lines)
    await git.run("update-ref", "-m", why, "--stdin", stdin=os.fsencode(told))
