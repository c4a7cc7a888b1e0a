"""What the person named as the base: looked at, and left exactly as it is (F1, Q1)."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from mas.core.errors import Transient, UserError
from mas.repositories.address import Address, address_of, without_secret
from mas.repositories.git import Git, GitFailed

SourceKind = Literal["fresh", "path", "url"]

DEFAULT_BRANCH: Final = "main"
_REMOTE_DEADLINE: Final = timedelta(minutes=2)
_HEADS: Final = "refs/heads/"
_AGENT: Final = re.compile(r"agent-\d+")
_FULL: Final = re.compile(r"[0-9a-f]{40}")
_FILTER: Final = re.compile(r"filter\.(?P<name>.+)\.(?:clean|smudge|process)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the base comes from, and where it stands there."""

    kind: SourceKind
    location: str = ""
    """The folder or address as people may see it."""
    branch: str = DEFAULT_BRANCH
    """What the base branch is called."""
    commit: str = ""
    """Empty for a fresh one."""
    subfolder: str = ""
    """The folder inside of the repository that was named; the whole repository is taken."""
    dirty: bool = False
    """It has uncommitted changes, which are not taken along."""
    notes: tuple[str, ...] = ()
    folder: Path | None = None
    """Its working tree, for a path that has one."""
    git_dir: Path | None = None
    """Where its objects are, for a path."""
    fetched: str = ""
    """What is asked for at an address: a full name of a ref, or a commit."""
    address: Address | None = None


async def look_at(
    git: Git,
    named: str | None,
    *,
    ref: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Source:
    """Look at what was named: nothing (a fresh repository), a folder, or an address.

    Nothing is written anywhere, and nothing that a repository names is started. `environment`
    is the person's own, for their git configuration where something is fetched.

    Raises:
        UserError: There is no such folder (`no_repository`), it is none of a repository
            (`not_a_repository`) or of one of another kind (`unsupported_repository`), the address
            is not taken (`bad_repository`), or there is no such branch, tag or commit
            (`unknown_ref`).
        Transient: The address does not answer (`repository_unreachable`).
    """
    if named is None:
        if ref is not None:
            raise _unknown_ref(ref, "a fresh repository", ())
        return Source(kind="fresh")
    if not named.strip() or "\0" in named:
        raise UserError(
            "The repository has an empty name.",
            hint="Name a folder or an address, or leave it out for a fresh repository.",
            code="no_repository",
        )
    path = _path(named)
    if path is None or not await asyncio.to_thread(os.path.lexists, path):
        found = address_of(named, environment or {})
        if isinstance(found, Address):
            return await _look_at_address(git, found, ref)
        if found is not None:
            return replace(await _look_at_path(git, found, ref), kind="url", folder=None)
    return await _look_at_path(git, path or Path(named), ref)


def _path(named: str) -> Path | None:
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        return None


async def _look_at_path(git: Git, path: Path, ref: str | None) -> Source:
    top, git_dir, subfolder = await open_path(git, path)
    reading = await harmless(git, git_dir, top)
    shown = str(top or git_dir)
    head = await reading.run("symbolic-ref", "-q", "HEAD", fine=(0, 1, 128))
    current = head.text.removeprefix(_HEADS) if head.code == 0 else ""
    born = (
        await reading.run("rev-parse", "-q", "--verify", "HEAD^{commit}", fine=(0, 1, 128))
    ).code
    notes = []
    if subfolder:
        notes.append(f"{path} lies in the repository {shown}, and the whole of it is taken.")
    if ref is None and born != 0:
        return Source(
            kind="fresh",
            location=shown,
            branch=_base_name(current),
            notes=(*notes, f"{shown} has no commit yet, so that the run starts from a fresh one."),
        )
    branch, commit = await _resolve(reading, ref, current, shown)
    dirty = top is not None and await _is_dirty(reading)
    if dirty:
        notes.append(f"{shown} has uncommitted changes, which are not taken along.")
    return Source(
        kind="path",
        location=shown,
        branch=_base_name(branch),
        commit=commit,
        subfolder=subfolder,
        dirty=dirty,
        notes=tuple(notes),
        folder=top,
        git_dir=git_dir,
    )


async def open_path(git: Git, path: Path) -> tuple[Path | None, Path, str]:
    """Working tree, git folder and subfolder of the repository that a path lies in.

    Raises:
        UserError: There is no such folder (`no_repository`), or it is none of a repository
            (`not_a_repository`).
    """
    try:
        mode = (await asyncio.to_thread(path.stat)).st_mode
    except (OSError, ValueError):
        mode = 0
    if not mode:
        raise UserError(
            f"There is no folder {path}.",
            hint="Check the path, or leave it out for a fresh repository.",
            code="no_repository",
        )
    asked = ("rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--absolute-git-dir")
    try:
        if not stat.S_ISDIR(mode):
            raise GitFailed(asked, 128, "it is no folder")
        answer = await git.at(path).run(*asked)
        _, inside, git_dir = answer.out.split(b"\n", 2)
        found = path_said(git_dir)
        if inside != b"true":
            return None, found, ""
        top = await git.at(path).run("rev-parse", "--show-toplevel")
        prefix = await git.at(path).run("rev-parse", "--show-prefix")
    except GitFailed as exc:
        raise UserError(
            f"{path} is no git repository.",
            hint="Run git init and commit there, name another folder, or leave it out.",
            code="not_a_repository",
            details={"git": exc.words[-300:]},
        ) from exc
    return path_said(top.out), found, prefix.text.rstrip("/")


def path_said(said: bytes) -> Path:
    """A path as git prints it: any bytes, a line end among them, and a line end behind."""
    return Path(os.fsdecode(said.removesuffix(b"\n")))


async def harmless(git: Git, git_dir: Path, worktree: Path | None = None) -> Git:
    """A git on somebody's repository that starts nothing which its configuration names.

    Raises:
        UserError: The repository is of a kind that is not supported (`unsupported_repository`).
    """
    reading = git.of(git_dir, worktree=worktree)
    try:
        listed = await reading.run("config", "--list", "--name-only", "-z")
        names = {part.decode("utf-8", "replace") for part in listed.parts}
        hashing = await reading.line("rev-parse", "--show-object-format")
    except GitFailed as exc:
        raise UserError(
            f"git cannot read the repository {worktree or git_dir}.",
            hint="Run git fsck there.",
            code="unsupported_repository",
            details={"git": exc.words[-300:]},
        ) from exc
    if hashing != "sha1":
        raise UserError(
            f"The repository {worktree or git_dir} names its objects by {hashing}.",
            hint="Use a repository of git's usual format, sha1.",
            code="unsupported_repository",
        )
    filters = {found["name"] for name in names if (found := _FILTER.fullmatch(name))}
    for name in sorted(filters):
        reading = reading.setting(
            *((f"filter.{name}.{what}", "") for what in ("clean", "smudge", "process")),
            (f"filter.{name}.required", "false"),
        )
    return reading


async def _resolve(git: Git, ref: str | None, current: str, shown: str) -> tuple[str, str]:
    """Branch name (empty: none) and commit of what was asked for."""
    wanted = ref if ref is not None else "HEAD"
    branch = current if ref is None else ""
    if ref is not None and ref not in ("HEAD", "@"):
        heads = (ref.removeprefix(_HEADS), f"{_HEADS}{ref.removeprefix(_HEADS)}")
        found = await git.run(
            "rev-parse", "-q", "--verify", f"{heads[1]}^{{commit}}", fine=(0, 1, 128)
        )
        if found.code == 0:
            return heads[0], found.text
    elif ref is not None:
        branch = current
    told = ("rev-parse", "-q", "--verify", "--end-of-options", f"{wanted}^{{commit}}")
    found = await git.run(*told, fine=(0, 1, 128))
    if found.code != 0 or not _FULL.fullmatch(found.text):
        listed = await git.run("for-each-ref", "--count=20", "--format=%(refname:short)", _HEADS)
        raise _unknown_ref("HEAD" if ref is None else ref, shown, listed.text.split("\n"))
    return branch, found.text


async def _is_dirty(git: Git) -> bool:
    told = ("status", "--porcelain", "-z", "--ignore-submodules=dirty", "--no-renames")
    try:
        return bool(
            (await git.run(*told, limit_bytes=1, deadline=timedelta(minutes=2))).total_bytes
        )
    except GitFailed:
        # An index that git cannot read: whatever is in the tree, it is not what was committed.
        return True


async def _look_at_address(git: Git, address: Address, ref: str | None) -> Source:
    asking = git.having(**address.environment)
    told = ("ls-remote", "--symref", "--", address.url)
    try:
        answer = await asking.run(*told, deadline=_REMOTE_DEADLINE)
    except GitFailed as exc:
        raise unreachable(address, exc) from exc
    refs, head = _refs(answer.text)
    if not refs and ref is None:
        return Source(
            kind="fresh",
            location=address.shown,
            notes=(f"{address.shown} has no commit yet, so that the run starts from a fresh one.",),
        )
    full = _remote_ref(ref, refs)
    if full is None:
        branches = [name.removeprefix(_HEADS) for name in refs if name.startswith(_HEADS)]
        raise _unknown_ref("HEAD" if ref is None else ref, address.shown, branches)
    named = full if full != "HEAD" else head
    return Source(
        kind="url",
        location=address.shown,
        branch=_base_name(named.removeprefix(_HEADS) if named.startswith(_HEADS) else ""),
        commit=refs.get(f"{full}^{{}}", refs.get(full, full)),
        fetched=full,
        address=address,
    )


def _refs(text: str) -> tuple[dict[str, str], str]:
    """The refs of an address, and what its HEAD stands for."""
    refs: dict[str, str] = {}
    head = ""
    for line in text.splitlines():
        left, _, name = line.partition("\t")
        if left.startswith("ref: ") and name == "HEAD":
            head = left.removeprefix("ref: ")
        elif _FULL.fullmatch(left):
            refs[name] = left
    return refs, head


def _remote_ref(ref: str | None, refs: Mapping[str, str]) -> str | None:
    if ref is None or ref in ("HEAD", "@"):
        if "HEAD" in refs:
            return "HEAD"
        return f"{_HEADS}{DEFAULT_BRANCH}" if f"{_HEADS}{DEFAULT_BRANCH}" in refs else None
    for name in (ref, f"{_HEADS}{ref}", f"refs/tags/{ref}"):
        if name in refs and name.startswith("refs/"):
            return name
    # A commit without a name there: servers may give it or not, which the fetch will show.
    return ref if _FULL.fullmatch(ref) else None


def unreachable(address: Address, failed: GitFailed) -> Transient:
    """The address does not answer, or does not let the person in."""
    words = without_secret(" ".join(failed.words.replace(address.url, address.shown).split()))
    return Transient(
        f"{address.shown} cannot be fetched from: {words[-300:] or failed.message}",
        hint="Check the address, and that git ls-remote with it works without a question.",
        code="repository_unreachable",
    )


def _base_name(branch: str) -> str:
    """The base branch's name here: agents' names are taken, and some branch there has to be."""
    if not branch:
        return DEFAULT_BRANCH
    return "base" if _AGENT.fullmatch(branch.split("/", 1)[0]) else branch


def _unknown_ref(ref: str, shown: str, known: object) -> UserError:
    names = [name for name in known if name] if isinstance(known, (list, tuple)) else []
    hint = f"There are: {', '.join(names[:20])}." if names else "Leave it out."
    return UserError(
        f"There is no branch, tag or commit {ref[:100]!r} in {shown}.",
        hint=hint,
        code="unknown_ref",
    )
