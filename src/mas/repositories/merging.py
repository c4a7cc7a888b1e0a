"""Brings an agent's work to where it is wanted: another branch, or the person's repository (F5)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mas.core.errors import Transient, UserError
from mas.repositories import diffs, undoing
from mas.repositories.changes import Merged
from mas.repositories.git import Git, GitFailed
from mas.repositories.source import harmless, open_path
from mas.repositories.transfer import transfer

_HEADS: Final = "refs/heads/"
_AGENT: Final = re.compile(r"agent-\d+")
_NONE: Final = "0" * 40
_TRIES: Final = 5


async def merge(git: Git, branch: str, *, into: str, message: str = "") -> Merged:
    """Merge a branch of the run repository into another; on a conflict nothing is moved."""
    names = await diffs.branches(git)
    name = into.removeprefix(_HEADS)
    if name not in names or branch not in names:
        unknown = name if name not in names else branch
        raise UserError(
            f"The run has no branch {unknown[:100]!r}.",
            hint=f"Its branches are: {', '.join(names)}.",
            code="unknown_ref",
        )
    if _AGENT.fullmatch(name):
        raise UserError(
            f"{name} is the branch of an agent, and keeps what that agent has done.",
            hint="Merge into the base branch, or make a branch of another name first.",
            code="agent_branch",
        )
    ours = await git.line("rev-parse", "--verify", f"{_HEADS}{name}")
    theirs = await git.line("rev-parse", "--verify", f"{_HEADS}{branch}")
    if await is_ancestor(git, theirs, ours):
        return Merged(branch=name, before=ours, commit=ours, moved=False, how="contained")
    if await is_ancestor(git, ours, theirs):
        await _move(git, name, ours, theirs, "fast-forward")
        return Merged(branch=name, before=ours, commit=theirs, moved=True, how="fast-forward")
    told = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
    tried = await git.run(*told, fine=(0, 1))
    tree, *paths = tried.parts
    if tried.code == 1:
        conflicts = tuple(sorted({path.decode("utf-8", "backslashreplace") for path in paths}))
        return Merged(
            branch=name, before=ours, commit=ours, moved=False, how="conflict", conflicts=conflicts
        )
    text = message or f"Merge {branch} into {name}"
    commit = await git.line(
        "commit-tree", "-p", ours, "-p", theirs, "-F", "-", tree.decode(), stdin=text.encode()
    )
    await _move(git, name, ours, commit, "merge")
    return Merged(branch=name, before=ours, commit=commit, moved=True, how="merge")


async def is_ancestor(git: Git, old: str, new: str) -> bool:
    """The history of `new` contains `old`."""
    answer = await git.run("merge-base", "--is-ancestor", old, new, fine=(0, 1))
    return answer.code == 0


async def _move(git: Git, name: str, old: str, new: str, why: str) -> None:
    try:
        await undoing.move(git, name, before=old, after=new, why=why)
    except GitFailed as exc:
        raise Transient(
            f"The branch {name} was moved meanwhile.",
            hint="Look at it, and merge again.",
            code="branch_moved",
        ) from exc


async def deliver(git: Git, own: Git, commit: str, to: Path, name: str) -> str:
    """Put a commit of the run as a new branch into somebody's repository."""
    wanted = await diffs.resolve(own, commit)
    ref = f"{_HEADS}{name}"
    if (await git.run("check-ref-format", ref, fine=(0, 1))).code != 0 or name.startswith("-"):
        raise UserError(
            f"{name[:100]!r} is no name for a branch.",
            hint="Name it like mas/run_1.",
            code="bad_branch",
        )
    _, git_dir, _ = await open_path(git, to)
    theirs = await harmless(git, git_dir)
    there = await theirs.run("rev-parse", "-q", "--verify", ref, fine=(0, 1, 128))
    if there.code == 0:
        if there.text == wanted:
            return wanted
        raise UserError(
            f"{to} already has a branch {name}, at another commit.",
            hint="Rename or remove that branch, or give another name.",
            code="branch_exists",
        )
    try:
        await transfer(own, theirs, (wanted,), without=await _shared(own, theirs, wanted))
        await theirs.run("update-ref", "-m", "mas", ref, wanted, _NONE)
    except GitFailed as exc:
        raise UserError(
            f"git could not make the branch {name} in {to}: {exc.words[-200:]}",
            hint="Check that this user may write there, and that no branch is in its way.",
            code="not_delivered",
        ) from exc
    return wanted


async def _shared(own: Git, theirs: Git, wanted: str) -> tuple[str, ...]:
    """The newest commit on the way to the result that is there already, with all it needs."""
    way = await own.run("rev-list", "-n2000", wanted)
    held = await theirs.run("cat-file", "--batch-check=%(objectname)", stdin=way.out)
    there = [line for line in held.text.split("\n") if line and " " not in line]
    for commit in there[:_TRIES]:
        found = await theirs.run("for-each-ref", "--count=1", "--contains", commit, fine=(0, 129))
        if found.code == 0 and found.out:
            return (commit,)
    return ()
