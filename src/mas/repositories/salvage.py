"""Takes in what an agent has done: its commits, and what it left uncommitted (F2).

The agent's processes are gone when this begins. Its clone is hostile data (`quarantine`), its files
are read with an index of ours (`leftovers`); the run repository changes in one step at the end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mas.repositories import diffs
from mas.repositories.changes import Base, Taken
from mas.repositories.files import calm_tree, is_folder
from mas.repositories.git import Git, GitFailed
from mas.repositories.include import NAME
from mas.repositories.layout import RunFolder
from mas.repositories.leftovers import temporary_index, tree_of
from mas.repositories.merging import is_ancestor
from mas.repositories.quarantine import HEAD, read_clone, receive
from mas.repositories.seating import unlock

__all__ = ["Taken", "take_in"]

_HEADS: Final = "refs/heads/"
_SALVAGE: Final = "Salvage of"
_LOGGED: Final = 100
_MOST_FILES: Final = 5_000


@dataclass(frozen=True, kw_only=True)
class _Commit:
    """What counts of a commit here."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    time: int


async def take_in(git: Git, folder: RunFolder, number: int, base: Base, *, reason: str) -> Taken:
    """Bring an agent's work to its branch, and say what it is."""
    own = git.of(folder.git_dir)
    branch = folder.branch(number)
    worktree = folder.worktree(number)
    await asyncio.to_thread(unlock, folder, branch)
    current = await _current(own, branch, base)
    if not await asyncio.to_thread(is_folder, worktree):
        gone = f"The worktree of {branch} is gone: only what was taken before is there."
        return await _taken(own, base, current, salvaged=True, notes=(gone,))
    await asyncio.to_thread(calm_tree, worktree)
    clone = await asyncio.to_thread(read_clone, worktree)
    received = await receive(git, folder, number, clone, base.commit)
    notes = [*received.notes]
    if not clone.there:
        notes.append(f"{branch} has no repository any more; its files are taken.")
    tips = received.tips
    head = tips.get(HEAD) or tips.get(f"{_HEADS}{branch}") or current
    left = await tree_of(git, folder, number, base, head)
    choosing = _Choosing(own, base, branch, current, tips)
    chosen = await choosing.choose(head, left.tree, reason)
    final = await choosing.without_included(chosen, temporary_index(folder.private(number)))
    if final != chosen:
        notes.append(
            f"Files that {NAME} names were committed: "
            "the branch has the work without them in one commit."
        )
    await own.run("update-ref", "-m", "take in", f"{_HEADS}{branch}", final, current)
    kept = await choosing.keep_others(final)
    return await _taken(
        own, base, final, salvaged=final not in tips.values(), notes=(*notes, *left.notes, *kept)
    )


async def _current(own: Git, branch: str, base: Base) -> str:
    ref = f"{_HEADS}{branch}"
    found = await own.run("rev-parse", "-q", "--verify", f"{ref}^{{commit}}", fine=(0, 1, 128))
    if found.code == 0:
        return found.text
    await own.run("update-ref", ref, base.commit)
    return base.commit


class _Choosing:
    """Decides which commit stands for an agent's work."""

    def __init__(
        self, own: Git, base: Base, branch: str, current: str, tips: Mapping[str, str]
    ) -> None:
        self._own = own
        self._base = base
        self._branch = branch
        self._current = current
        self._tips = tips

    async def choose(self, head: str, tree: str, reason: str) -> str:
        """The commit; made here where files were left uncommitted, or the base is not in it."""
        if tree != (await self._commit(head)).tree:
            words = f"{_SALVAGE} {self._branch}: what was not committed\n\n{reason}\n"
            return await self._made(tree, head, words)
        tip = await self._tip(head)
        if await is_ancestor(self._own, self._base.commit, tip):
            return tip
        words = f"Put the work of {self._branch} on the base\n\nIts history did not start there.\n"
        return await self._made((await self._commit(tip)).tree, tip, words, joined=True)

    async def without_included(self, final: str, index: Path) -> str:
        """The same work without the person's uncommitted files, which no branch shall hold.

        An agent that makes its repository anew commits them easily. Its commits are joined to one,
        as a later commit would leave them in the history.
        """
        named = self._base.included
        if not named:
            return final
        listed = ("ls-tree", "-r", "-z", "--name-only", "--full-tree")
        ours = (await self._own.run(*listed, self._base.commit, "--", *named)).parts
        secret = [path for path in named if os.fsencode(path) not in ours]
        told = ("rev-list", "-n1", "--full-history", final, f"^{self._base.commit}", "--", *secret)
        if not secret or not (await self._own.run(*told)).out:
            return final
        work = self._own.having(GIT_INDEX_FILE=str(index))
        try:
            await work.run("read-tree", final)
            gone = b"".join(b"0 " + b"0" * 40 + b"\t" + os.fsencode(one) + b"\0" for one in secret)
            await work.run("update-index", "-z", "--index-info", stdin=gone)
            tree = await work.line("write-tree")
        finally:
            await asyncio.to_thread(index.unlink, missing_ok=True)
        words = f"{_SALVAGE} {self._branch}: without files that {NAME} names\n"
        return await self._made(tree, self._base.commit, words)

    async def _tip(self, head: str) -> str:
        """Of all that was committed, what is most likely meant: the first that changes anything."""
        own = self._tips.get(f"{_HEADS}{self._branch}")
        order = []
        if own is None or await is_ancestor(self._own, own, head):
            order.append(head)
        if own is not None:
            order.append(own)
        others = [
            await self._commit(sha)
            for name, sha in self._tips.items()
            if name.startswith(_HEADS) and sha not in order
        ]
        newest = sorted(others, key=lambda one: (one.time, one.sha), reverse=True)
        before = (await self._commit(self._base.commit)).tree
        for sha in (*order, head, *(one.sha for one in newest)):
            if (await self._commit(sha)).tree != before:
                return sha
        return head

    async def _made(self, tree: str, tip: str, words: str, *, joined: bool = False) -> str:
        """A commit of `tree` after `tip`, with the base in its history; the present one if it is
        just that, so that taking in twice changes nothing."""
        parents = [tip]
        if joined or not await is_ancestor(self._own, self._base.commit, tip):
            parents.insert(0, self._base.commit)
        present = await self._commit(self._current)
        if present.tree == tree and present.parents == tuple(parents):
            return present.sha
        author = self._own.having(
            GIT_AUTHOR_NAME=self._branch, GIT_AUTHOR_EMAIL=f"{self._branch}@mas.invalid"
        )
        told = [word for parent in parents for word in ("-p", parent)]
        return await author.line("commit-tree", *told, "-F", "-", tree, stdin=words.encode())

    async def keep_others(self, final: str) -> list[str]:
        """Keep what else was committed under `refs/mas/`; nothing that was done is lost."""
        notes = []
        kept = {final}
        earlier = {f"earlier-{self._current[:10]}": self._current}
        for name, sha in (earlier | dict(self._tips)).items():
            if sha in kept or await self._is_held(sha, final):
                continue
            kept.add(sha)
            ref = await self._keep(name.removeprefix(_HEADS).removeprefix("refs/"), sha)
            if name not in earlier:
                shown = name.removeprefix(_HEADS)
                notes.append(f"Other commits of {self._branch} ({shown}) are kept as {ref}.")
        return notes

    async def _is_held(self, sha: str, final: str) -> bool:
        return await is_ancestor(self._own, sha, final) or await is_ancestor(
            self._own, sha, self._base.commit
        )

    async def _keep(self, name: str, sha: str) -> str:
        for ref in (f"refs/mas/{self._branch}/{name}", f"refs/mas/{self._branch}/kept-{sha[:10]}"):
            told = ("rev-parse", "-q", "--verify", ref)
            there = await self._own.run(*told, fine=(0, 1, 128))
            if there.code == 0 and there.text == sha:
                return ref
            if there.code == 0 and not await is_ancestor(self._own, there.text, sha):
                continue
            try:
                await self._own.run("update-ref", ref, sha)
            except GitFailed:
                continue
            return ref
        await self._own.run("update-ref", f"refs/mas/kept-{sha}", sha)
        return f"refs/mas/kept-{sha}"

    async def _commit(self, sha: str) -> _Commit:
        line = await self._own.line("rev-list", "-n1", "--no-walk", "--format=%T %ct %P", sha)
        tree, time, *parents = line.split("\n")[-1].split()
        return _Commit(sha=sha, tree=tree, parents=tuple(parents), time=int(time))


async def _taken(
    own: Git, base: Base, commit: str, *, salvaged: bool, notes: Sequence[str]
) -> Taken:
    files = await diffs.changes(own, base.commit, commit)
    count, log = await diffs.log(own, base.commit, commit, most=_LOGGED)
    more = len(files) - _MOST_FILES
    ours = bool(log) and log[0].subject.startswith(_SALVAGE)
    return Taken(
        commit=commit,
        commits=count,
        log=log,
        salvaged=salvaged and ours,
        files=files[:_MOST_FILES],
        file_count=len(files),
        additions=sum(one.additions for one in files),
        deletions=sum(one.deletions for one in files),
        net_change=bool(files),
        notes=(*notes, *((f"{more} more files differ than are listed.",) if more > 0 else ())),
    )
