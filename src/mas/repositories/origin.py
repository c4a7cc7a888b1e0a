"""Brings the base's objects out of where they come from into a folder of their own (F1)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mas.core.errors import UserError
from mas.repositories.address import Address
from mas.repositories.git import LONG, Git, GitFailed
from mas.repositories.source import Source, harmless, path_said, unreachable
from mas.repositories.transfer import pack_into

README: Final = "# Workspace\n\nAn empty place to start from.\n"
_FETCHED: Final = "refs/mas/base"
_LACKING: Final = ("bad object", "bad tree", "missing", "unable to read", "could not fetch",
                   "could not read", "unable to parse")  # fmt: skip
"""What git says when objects are not there, or would have to be fetched from elsewhere."""
_UNKNOWN_THERE: Final = ("couldn't find remote ref", "not our ref", "no such remote ref")


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A base that has arrived."""

    commit: str
    objects: Path
    """A plain folder of objects that holds all of it."""
    shallow: tuple[str, ...] = ()
    """Commits whose parents are not there."""
    notes: tuple[str, ...] = ()


async def bring(git: Git, source: Source, into: Path) -> Brought:
    """Bring the source's base into the new repository `into`, which is made for it.

    Raises:
        UserError: The source lacks objects of its own (`incomplete_repository`), or what was
            named at the address is not there any more (`unknown_ref`).
        Transient: The address does not answer (`repository_unreachable`).
    """
    await git.run("init", "--bare", "-q", "--template=", str(into))
    if source.git_dir is not None and source.commit:
        return await _out_of_path(git, source, source.git_dir, into)
    if source.address is not None and source.commit:
        return await _out_of_address(git, source.address, source.fetched, into)
    commit = await _fresh(git.of(into))
    return Brought(commit=commit, objects=into / "objects")


async def _fresh(git: Git) -> str:
    blob = await git.line("hash-object", "-w", "--stdin", stdin=README.encode())
    tree = await git.line("mktree", stdin=f"100644 blob {blob}\tREADME.md\n".encode())
    return await git.line("commit-tree", "-m", "Start the workspace", tree)


async def _out_of_path(git: Git, source: Source, git_dir: Path, into: Path) -> Brought:
    """Pack the history of the base straight into the new folder: nothing is written over there."""
    theirs = await harmless(git, git_dir)
    at = await theirs.run("rev-parse", "--path-format=absolute", "--git-path", "objects")
    listed = await theirs.run("rev-parse", "--path-format=absolute", "--git-path", "shallow")
    objects = into / "objects"
    held = [path_said(at.out)]
    shallow = _lines(path_said(listed.out))
    notes: list[str] = []
    try:
        await pack_into(theirs, source.commit, held, objects)
    except GitFailed as whole:
        if not any(words in whole.words for words in _LACKING):
            raise
        # Not all of its history is there (a partial clone): its newest state may be.
        alone = into / "mas-shallow"
        alone.write_text(f"{source.commit}\n")
        try:
            await pack_into(theirs.told("--shallow-file", str(alone)), source.commit, held, objects)
        except GitFailed:
            raise _incomplete(source, whole) from whole
        shallow = (source.commit,)
        notes.append(
            f"{source.location} does not hold its whole history; its newest state is taken."
        )
    own = git.of(into)
    kept = [one for one in shallow if await _has(own, one)]
    return Brought(commit=source.commit, objects=objects, shallow=tuple(kept), notes=tuple(notes))


async def _out_of_address(git: Git, address: Address, asked: str, into: Path) -> Brought:
    own = git.of(into)
    fetching = own.having(**address.environment).setting(("fetch.unpackLimit", "1"))
    told = "fetch -q --no-tags --no-write-fetch-head --no-recurse-submodules --update-shallow"
    try:
        await fetching.run(*told.split(), "--", address.url, f"+{asked}:{_FETCHED}", deadline=LONG)
    except GitFailed as exc:
        if any(words in exc.words for words in _UNKNOWN_THERE):
            raise UserError(
                f"{address.shown} does not give {asked}.",
                hint="Name a branch or a tag that git ls-remote shows there.",
                code="unknown_ref",
            ) from exc
        raise unreachable(address, exc) from exc
    commit = await own.line("rev-parse", "--verify", f"{_FETCHED}^{{commit}}")
    return Brought(commit=commit, objects=into / "objects", shallow=_lines(into / "shallow"))


async def _has(git: Git, commit: str) -> bool:
    return (await git.run("cat-file", "-e", commit, fine=(0, 1, 128))).code == 0


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("ascii").split())
    except (FileNotFoundError, UnicodeDecodeError):
        return ()


def _incomplete(source: Source, failed: GitFailed) -> UserError:
    return UserError(
        f"The repository {source.location} lacks objects of its commit {source.commit[:10]}.",
        hint="Run git fsck there, and fetch what is missing.",
        code="incomplete_repository",
        details={"git": failed.words[-300:]},
    )
