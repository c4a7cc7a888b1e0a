"""What commits of a run hold, and what differs between them (F4).

No program of a repository takes part: neither external diffs nor text conversions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, cast

from mas.core.errors import UserError
from mas.repositories.changes import ChangeKind, CommitInfo, Diff, FileChange
from mas.repositories.git import Git, GitFailed

_PLAIN: Final = ("--no-ext-diff", "--no-textconv", "-M", "-l1000", "--ignore-submodules=none")
_NAME: Final = re.compile(r"[^-\s~^:?*\[\\][^\s~^:?*\[\\]*")
_FILE: Final = (b"100644", b"100755", b"100664")


async def resolve(git: Git, named: str) -> str:
    """The commit of a branch or id of the run repository.

    Raises:
        UserError: There is none (`unknown_ref`); the hint names the branches.
    """
    if _NAME.fullmatch(named) and ".." not in named:
        for name in (f"refs/heads/{named}", named):
            told = ("rev-parse", "-q", "--verify", "--end-of-options", f"{name}^{{commit}}")
            found = await git.run(*told, fine=(0, 1, 128))
            if found.code == 0:
                return found.text
    raise UserError(
        f"The run has no branch or commit {named[:100]!r}.",
        hint=f"Its branches are: {', '.join(await branches(git))}.",
        code="unknown_ref",
    )


async def branches(git: Git) -> list[str]:
    """The names of all branches."""
    listed = await git.run("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
    return listed.text.split("\n")


async def files(git: Git, named: str) -> tuple[str, ...]:
    """The paths of all files of a commit, without submodules."""
    commit = await resolve(git, named)
    listed = await git.run("ls-tree", "-r", "-z", "--full-tree", commit)
    return tuple(
        _shown(part.partition(b"\t")[2]) for part in listed.parts if not part.startswith(b"160000")
    )


async def read(git: Git, named: str, path: str, *, limit_bytes: int) -> bytes | None:
    """A regular file of a commit, as it is stored."""
    commit = await resolve(git, named)
    if not path or "\0" in path or path.startswith("/"):
        return None
    try:
        listed = await git.run("ls-tree", "-z", "-l", "--full-tree", commit, "--", path)
    except GitFailed:
        return None
    for part in listed.parts:
        about, _, name = part.partition(b"\t")
        mode, _, blob, size = about.split()
        if name == path.encode("utf-8", "surrogateescape") and mode in _FILE:
            if int(size) > limit_bytes:
                return None
            return (await git.run("cat-file", "blob", blob.decode())).out
    return None


async def changes(git: Git, before: str, after: str) -> tuple[FileChange, ...]:
    """Which files differ between two commits, in the order of their paths."""
    pair = (await resolve(git, before), await resolve(git, after))
    raw = await git.run("diff-tree", "-r", "-z", "--raw", *_PLAIN, *pair)
    counted = await git.run("diff-tree", "-r", "-z", "--numstat", *_PLAIN, *pair)
    counts = dict(_counts(iter(counted.parts)))
    return tuple(
        FileChange(
            path=_shown(path),
            change=kind,
            before=None if old is None else _shown(old),
            additions=counts.get(path, (0, 0, False))[0],
            deletions=counts.get(path, (0, 0, False))[1],
            binary=counts.get(path, (0, 0, False))[2],
        )
        for kind, old, path in _kinds(iter(raw.parts))
    )


async def diff(git: Git, before: str, after: str, *, stat_only: bool, limit_bytes: int) -> Diff:
    """The difference between two commits, its text up to the limit."""
    pair = (await resolve(git, before), await resolve(git, after))
    found = await changes(git, *pair)
    text, total = "", 0
    if not stat_only:
        told = ("diff-tree", "-r", "-p", "--no-color", "--full-index", *_PLAIN, *pair)
        answer = await git.run(*told, limit_bytes=limit_bytes)
        text, total = _whole_text(answer.out), answer.total_bytes
    return Diff(
        text=text,
        total_bytes=total,
        cut=not stat_only and total > limit_bytes,
        files=found,
        additions=sum(one.additions for one in found),
        deletions=sum(one.deletions for one in found),
    )


async def log(git: Git, base: str, tip: str, *, most: int) -> tuple[int, tuple[CommitInfo, ...]]:
    """How many commits a tip has beyond the base, and the newest of them."""
    count = int(await git.line("rev-list", "--count", tip, f"^{base}"))
    listed = await git.run(
        "log", "-z", f"-n{most}", "--format=%H%n%an%n%s", "--no-show-signature", tip, f"^{base}"
    )
    infos = []
    for entry in listed.out.decode("utf-8", "replace").split("\0"):
        if entry:
            sha, author, subject = entry.split("\n", 2)
            infos.append(CommitInfo(sha=sha, subject=subject[:200].strip(), author=author[:100]))
    return count, tuple(infos)


def _kinds(parts: Iterator[bytes]) -> Iterator[tuple[ChangeKind, bytes | None, bytes]]:
    for about in parts:
        letter = about.rsplit(b" ", 1)[1][:1].decode()
        path = next(parts)
        if letter in "RC":
            old, path = path, next(parts)
            yield ("R", old, path) if letter == "R" else ("A", None, path)
        else:
            yield cast("ChangeKind", letter if letter in "AMDT" else "M"), None, path


def _counts(parts: Iterator[bytes]) -> Iterator[tuple[bytes, tuple[int, int, bool]]]:
    for entry in parts:
        added, deleted, path = entry.split(b"\t", 2)
        if not path:
            next(parts)
            path = next(parts)
        binary = added == b"-"
        yield path, (0, 0, True) if binary else (int(added), int(deleted), False)


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")


def _whole_text(data: bytes) -> str:
    """Text of bytes that may have been cut inside of a character."""
    text = data.decode("utf-8", "replace")
    return text.removesuffix("�") if not data.endswith("�".encode()) else text
