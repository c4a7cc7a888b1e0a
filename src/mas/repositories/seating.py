"""Makes the clones that agents work in: each a repository of its own, on its own branch (F1, F3).

A seat is built beside its place and moved there as the last step, so that one that is there is
complete, whenever a process dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mas.core.finishing import to_the_end
from mas.repositories.changes import Base
from mas.repositories.files import is_folder, remove_tree
from mas.repositories.git import LONG, Git
from mas.repositories.include import exclude_rules, spread
from mas.repositories.layout import ALTERNATE_OF_SEAT, RunFolder

BASE_INDEX: Final = "mas-index"
"""In the run repository: the index of the base, of which each seat starts with a copy."""
SAVED_INDEX: Final = "index"
"""In an agent's private folder: the index with which its seat started."""

_WORKERS: Final = (("checkout.workers", "0"), ("checkout.thresholdForParallelism", "200"))


async def make_seat(git: Git, folder: RunFolder, number: int, base: Base) -> None:
    """Make the seat of an agent where it is not there yet; one that is there is left as it is.

    Raises:
        GitFailed: The files could not be written.
    """
    home, control, private = folder.home(number), folder.control(number), folder.private(number)
    await asyncio.to_thread(_make_folders, (home, control, private))
    await _start_branch(git.of(folder.git_dir), folder, folder.branch(number), base)
    worktree = folder.worktree(number)
    if await asyncio.to_thread(os.path.lexists, worktree):
        return
    half_made = f".making-{folder.branch(number)}-"
    await asyncio.to_thread(_remove_half_made, folder, half_made)
    making = folder.worktrees / f"{half_made}{secrets.token_hex(4)}"
    shallow = folder.git_dir / "shallow"
    await to_the_end(asyncio.to_thread(_lay_out, making, folder, number, base, shallow))
    seated = git.of(making / ".git", worktree=making).setting(*_WORKERS)
    await seated.run("checkout-index", "--all", "--index", "--quiet", deadline=LONG)
    await to_the_end(asyncio.to_thread(_finish, making, folder, number, base))


async def _start_branch(git: Git, folder: RunFolder, branch: str, base: Base) -> None:
    ref = f"refs/heads/{branch}"
    there = await git.run("show-ref", "--verify", "--quiet", ref, fine=(0, 1))
    if there.code != 0:
        await asyncio.to_thread(unlock, folder, branch)
        await git.run("update-ref", "-m", "seat", ref, base.commit, "")


def unlock(folder: RunFolder, branch: str) -> None:
    """Remove the lock of a git that was killed: nobody else moves this branch."""
    (folder.git_dir / "refs" / "heads" / f"{branch}.lock").unlink(missing_ok=True)


def _remove_half_made(folder: RunFolder, name: str) -> None:
    for left in folder.worktrees.glob(f"{name}*"):
        # The git of a MAS that was killed may still write here; this seat does not depend on it.
        with contextlib.suppress(OSError):
            remove_tree(left)


def _make_folders(folders: Sequence[Path]) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    folders[-1].chmod(0o700)


def _lay_out(making: Path, folder: RunFolder, number: int, base: Base, shallow: Path) -> None:
    """Write a repository as `git init` would, on the agent's branch, with the base's index."""
    branch = folder.branch(number)
    dot_git = making / ".git"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (dot_git / name).mkdir(parents=True)
    for name in (branch, base.branch):
        ref = dot_git / "refs" / "heads" / name
        ref.parent.mkdir(parents=True, exist_ok=True)
        ref.write_text(f"{base.commit}\n")
    (dot_git / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (dot_git / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
        "\tlogallrefupdates = true\n"
        f"[user]\n\tname = {branch}\n\temail = {branch}@mas.invalid\n"
    )
    (dot_git / "objects" / "info" / "alternates").write_text(f"{ALTERNATE_OF_SEAT}\n")
    (dot_git / "info" / "exclude").write_bytes(os.fsencode(exclude_rules(base.included)))
    if shallow.exists():
        shutil.copyfile(shallow, dot_git / "shallow")
    shutil.copyfile(folder.git_dir / BASE_INDEX, dot_git / "index")


def _finish(making: Path, folder: RunFolder, number: int, base: Base) -> None:
    """Keep the index and give the place its name."""
    spread(folder.included, base.included, making)
    saved = folder.private(number) / SAVED_INDEX
    # With its time: git takes files as old as the index for possibly changed.
    shutil.copy2(making / ".git" / "index", saved)
    worktree = folder.worktree(number)
    if not is_folder(worktree):
        making.rename(worktree)
