"""The repository of one run: its base, the seats of its agents, what became of them (F1)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from mas.core.errors import Permanent, UserError
from mas.repositories import checkout, diffs, merging, undoing
from mas.repositories.changes import Base, Diff, FileChange, Merged, Taken
from mas.repositories.files import give_tree, remove_tree, write_new
from mas.repositories.git import Git
from mas.repositories.include import Included, copy_files, has_rules, named_files
from mas.repositories.layout import ALTERNATE_OF_REPOSITORY, RunFolder
from mas.repositories.origin import Brought, bring
from mas.repositories.salvage import take_in
from mas.repositories.seating import BASE_INDEX, make_seat
from mas.repositories.source import Source, harmless
from mas.repositories.undoing import NotedMerge, UndoneMerges

_BASE: Final = "mas-base.json"
_MAKING: Final = ".making"
_READ_LIMIT_BYTES: Final = 10_000_000


class RunRepository:
    """One run's repository in its folder.

    Everything can be called again after a crash at any point: what is done is found done, what
    is half done is done anew. Two calls for the same agent at once are the caller's mistake.
    """

    def __init__(self, git: Git, folder: RunFolder) -> None:
        """`git` is bound to no repository; `find_git` gives one."""
        self.git = git
        self.folder = folder

    @property
    def _own(self) -> Git:
        return self.git.of(self.folder.git_dir)

    async def base(self) -> Base | None:
        """What the agents start from; None before it was made."""
        return await asyncio.to_thread(_read_base, self.folder.git_dir / _BASE)

    async def create(self, source: Source) -> Base:
        """Make the repository with its base; once made, it stays as it is.

        Raises:
            UserError: The source lacks objects (`incomplete_repository`), or what was named at
                the address is gone (`unknown_ref`).
            Transient: The address does not answer (`repository_unreachable`).
            GitFailed: git could not do its part, for want of space for example.
        """
        base = await self.base()
        if base is not None:
            return base
        folder = self.folder
        making = folder.root / _MAKING
        await asyncio.to_thread(_clear, folder, making)
        brought = await bring(self.git, source, making / "origin.git")
        included = await self._include(source, making / "included")
        await asyncio.to_thread(_place_objects, brought, folder)
        made = making / "run.git"
        await asyncio.to_thread(_lay_out, made, source.branch, brought)
        own = self.git.of(made).having(GIT_OBJECT_DIRECTORY=str(folder.objects))
        await own.having(GIT_INDEX_FILE=str(made / BASE_INDEX)).run("read-tree", brought.commit)
        base = Base(
            branch=source.branch,
            commit=brought.commit,
            notes=(
                *source.notes,
                *brought.notes,
                *included.notes,
                *await _oddities(own, brought.commit),
            ),
            included=included.paths,
        )
        await asyncio.to_thread(_finish, made, making, folder, base)
        return base

    async def _include(self, source: Source, into: Path) -> Included:
        worktree = source.folder
        if worktree is None or source.git_dir is None:
            return Included()
        if not await asyncio.to_thread(has_rules, worktree):
            return Included()
        theirs = await harmless(self.git, source.git_dir, worktree)
        paths, note = await named_files(theirs, worktree)
        included = await asyncio.to_thread(copy_files, worktree, paths, into)
        return replace(included, notes=(note,)) if note else included

    async def seat(self, number: int) -> None:
        """Make the place of agent `number`; one in which an agent may have worked is left alone.

        Raises:
            GitFailed: Its files could not be written.
        """
        await make_seat(self.git, self.folder, number, await self._made())

    async def take_in(self, number: int, *, reason: str) -> Taken:
        """Bring what an agent has done to its branch; its processes have to be gone.

        What is not committed is committed for it, with `reason` in the message. May be called
        again, also after more work was done.

        Raises:
            GitFailed: The run repository could not be written.
        """
        return await take_in(self.git, self.folder, number, await self._made(), reason=reason)

    async def files(self, commit: str) -> tuple[str, ...]:
        """The paths of all files of a commit."""
        return await diffs.files(self._own, commit)

    async def read(self, commit: str, path: str) -> bytes | None:
        """A regular file of a commit; None where there is none, or one of more than 10 MB."""
        return await diffs.read(self._own, commit, path, limit_bytes=_READ_LIMIT_BYTES)

    async def changes(self, before: str, after: str) -> tuple[FileChange, ...]:
        """Which files differ between two commits or branches, renames found."""
        return await diffs.changes(self._own, before, after)

    async def diff(
        self, before: str, after: str, *, stat_only: bool = False, limit_bytes: int = 1_000_000
    ) -> Diff:
        """The difference between two commits or branches of the run.

        Raises:
            UserError: There is no such branch or commit (`unknown_ref`).
        """
        return await diffs.diff(
            self._own, before, after, stat_only=stat_only, limit_bytes=limit_bytes
        )

    async def merge(self, number: int, *, into: str | None = None, message: str = "") -> Merged:
        """Merge an agent's branch into the base branch, or another one that is no agent's.

        Raises:
            UserError: There is no such branch (`unknown_ref`), or it is an agent's
                (`agent_branch`).
        """
        base = await self._made()
        return await merging.merge(
            self._own,
            self.folder.branch(number),
            into=into if into is not None else base.branch,
            message=message,
        )

    async def merges(self) -> tuple[tuple[NotedMerge, tuple[str, ...]], ...]:
        """The merges that have not been undone, the latest first, each with the branches whose
        work it has brought."""
        noted = await undoing.merges(self._own)
        return tuple([(one, await undoing.brought(self._own, one)) for one in noted])

    async def undo_merges(self) -> UndoneMerges:
        """Move branches back to where they were before their merges, the latest first, as far as
        nothing came on top. Again it does nothing more."""
        return await undoing.undo(self._own)

    async def delivered(self) -> tuple[str, ...]:
        """The branches that were brought to the person's own repository."""
        return await undoing.deliveries(self._own)

    async def deliver(self, commit: str, to: Path, name: str) -> str:
        """Put a result into the person's own repository as the new branch `name`.

        Checkout, HEAD and index there stay as they are. Returns the commit.

        Raises:
            UserError: There is no repository (`not_a_repository`), the name is none for a branch
                (`bad_branch`) or is taken by another commit (`branch_exists`), or there is no
                such result (`unknown_ref`).
        """
        delivered = await merging.deliver(self.git, self._own, commit, to, name)
        await undoing.note_delivery(self._own, name, delivered)
        return delivered

    async def clean_checkout(
        self,
        commit: str,
        folder: Path,
        *,
        restore: Sequence[str] = (),
        restore_from: str | None = None,
    ) -> None:
        """Check a commit out into a new or empty folder that has no link to any other repository.

        Paths in `restore` are as they are in `restore_from`; those that are not there are removed.

        Raises:
            UserError: There is no such commit (`unknown_ref`).
            GitFailed: The files could not be written.
        """
        await checkout.clean_checkout(
            self._own, commit, folder, restore=restore, restore_from=restore_from
        )

    async def remove(self, folder: Path) -> None:
        """Remove a folder with whatever a check has put there; one that is not there is fine."""
        await asyncio.to_thread(remove_tree, folder)

    async def chown_tree(self, number: int, user: int, group: int) -> None:
        """Give an agent's clone and home to a user of the system; links are not followed.

        Raises:
            UserError: This process may not do that (`not_permitted`).
        """
        try:
            for path in (self.folder.worktree(number), self.folder.home(number)):
                await asyncio.to_thread(give_tree, path, user, group)
        except PermissionError as exc:
            raise UserError(
                f"The files of agent {number} cannot be given to the user {user}.",
                hint="Run MAS as that user, or as root.",
                code="not_permitted",
            ) from exc

    async def _made(self) -> Base:
        base = await self.base()
        if base is None:
            raise Permanent(
                f"There is no run repository in {self.folder.root}.",
                hint="Start a new run: this one's folder was removed or moved.",
                code="no_run_repository",
            )
        return base


def _read_base(path: Path) -> Base | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Base)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _clear(folder: RunFolder, making: Path) -> None:
    """Remove what a process has left that died while it made the repository."""
    for path in (making, folder.git_dir, folder.objects, folder.included):
        remove_tree(path)
    making.mkdir(parents=True)


def _place_objects(brought: Brought, folder: RunFolder) -> None:
    for path, _, names in os.walk(brought.objects):
        for name in names:
            Path(path, name).chmod(0o444)
    brought.objects.rename(folder.objects)


def _lay_out(made: Path, branch: str, brought: Brought) -> None:
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (made / name).mkdir(parents=True)
    ref = made / "refs" / "heads" / branch
    ref.parent.mkdir(parents=True, exist_ok=True)
    ref.write_text(f"{brought.commit}\n")
    (made / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (made / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
        "\tlogAllRefUpdates = true\n[gc]\n\tauto = 0\n"
    )
    (made / "objects" / "info" / "alternates").write_text(f"{ALTERNATE_OF_REPOSITORY}\n")
    if brought.shallow:
        (made / "shallow").write_text("".join(f"{one}\n" for one in brought.shallow))


def _finish(made: Path, making: Path, folder: RunFolder, base: Base) -> None:
    for path in (folder.worktrees, folder.checks):
        path.mkdir(exist_ok=True)
    if (making / "included").exists():
        (making / "included").rename(folder.included)
    write_new(made / _BASE, msgspec.json.encode(base).decode())
    made.rename(folder.git_dir)
    remove_tree(making)


async def _oddities(git: Git, commit: str) -> list[str]:
    """What a person should know of a base: parts of it that are not brought along."""
    listed = (await git.run("ls-tree", "-r", "-z", "--full-tree", commit)).parts
    links = sum(part.startswith(b"160000") for part in listed)
    paths = [os.fsdecode(part.partition(b"\t")[2]) for part in listed]
    attributes = [path for path in paths if path.rpartition("/")[2] == ".gitattributes"]
    notes = []
    if links:
        notes.append(f"{links} submodules stay empty: only the repository itself is taken.")
    if attributes:
        asked = ("grep", "-q", "-F", "-e", "filter=lfs", commit, "--", *attributes[:100])
        if (await git.run(*asked, fine=(0, 1))).code == 0:
            notes.append("Files that Git LFS holds are pointers: LFS is not run.")
    return notes
