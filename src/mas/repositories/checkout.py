"""Clean checkouts for checks: the files of one commit, with no way back to the run (F5, F3)."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mas.core.errors import UserError
from mas.repositories import diffs
from mas.repositories.git import LONG, Git
from mas.repositories.transfer import pack_into

_WORKERS: Final = (("checkout.workers", "0"), ("checkout.thresholdForParallelism", "200"))


async def clean_checkout(
    git: Git,
    named: str,
    folder: Path,
    *,
    restore: Sequence[str] = (),
    restore_from: str | None = None,
) -> None:
    """Check out into a folder that becomes a repository of one commit of its own."""
    commit = await diffs.resolve(git, named)
    older = await diffs.resolve(git, restore_from) if restore_from is not None else None
    await asyncio.to_thread(_empty_folder, folder)
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=".index-", dir=folder.parent))
    try:
        own = git.having(GIT_INDEX_FILE=str(scratch / "index"))
        await own.run("read-tree", commit)
        if older is not None and restore:
            await _restore(own, restore, older)
        tree = await own.line("write-tree")
        single = await own.line("commit-tree", "-m", "Checkout", tree)
        made = await _single(git, single, folder)
        await asyncio.to_thread(shutil.copyfile, scratch / "index", folder / ".git" / "index")
        await made.setting(*_WORKERS).run(
            "checkout-index", "--all", "--index", "--quiet", deadline=LONG
        )
    finally:
        await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def _empty_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UserError(
            f"{folder} is not empty.", hint="Name a new folder.", code="folder_not_empty"
        )


async def _single(git: Git, commit: str, folder: Path) -> Git:
    """Make the folder a repository that holds one commit, and nothing that tells of others."""
    dot_git = folder / ".git"
    await (
        git.having(GIT_DIR=None, GIT_INDEX_FILE=None)
        .at(folder)
        .run("init", "-q", "--template=", "-b", "main", str(folder))
    )
    made = git.of(dot_git, worktree=folder)
    own = Path(str(git.variables["GIT_DIR"]))
    # Its alternates are followed from there.
    await pack_into(git, commit, [own / "objects"], dot_git / "objects")
    await made.run("update-ref", "refs/heads/main", commit)
    return made


async def _restore(git: Git, paths: Sequence[str], older: str) -> None:
    """Put paths in the index back to what they were; a folder's path stands for all in it."""
    wanted = [path for path in paths if path and "\0" not in path]
    now = await git.run("ls-files", "-z", "--cached", "--", *wanted)
    before = await git.run("ls-tree", "-r", "-z", "--full-tree", older, "--", *wanted)
    gone = b"".join(b"0 " + b"0" * 40 + b"\t" + path + b"\0" for path in now.parts)
    back = b"".join(part + b"\0" for part in before.parts)
    if gone or back:
        # Lines of ls-tree are of the form that --index-info reads.
        await git.run("update-index", "-z", "--replace", "--index-info", stdin=gone + back)
