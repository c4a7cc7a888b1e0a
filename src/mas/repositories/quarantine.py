"""Reads an agent's clone as what it is: files that anybody may have written (Q2, F3).

git never runs on it. Its refs are read as bounded text, its objects are copied as plain files into
a repository of our own, and from there only what holds together goes on. Links, pipes, alternates,
configuration, hooks, grafts and replacements of the clone count for nothing.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.core.finishing import to_the_end
from mas.repositories.files import opened_file, opened_folder, read_bounded, remove_tree
from mas.repositories.git import Git, GitFailed
from mas.repositories.layout import RunFolder
from mas.repositories.transfer import transfer

HEAD: Final = "HEAD"
_REF_LIMIT: Final = 4_096
_PACKED_LIMIT: Final = 4_000_000
_MOST_REFS: Final = 200
_DEPTH: Final = 12
_MOST_OBJECTS: Final = 200_000
_MOST_BYTES: Final = 4_000_000_000
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_PAIR: Final = re.compile(r"[0-9a-f]{2}")
_LOOSE: Final = re.compile(r"[0-9a-f]{38}")
_PACK: Final = re.compile(r"pack-[0-9a-f]{40}\.pack")
_NAME: Final = re.compile(r"refs/(?:heads|tags)/[^\s~^:?*\[\\\x00-\x20\x7f]+|refs/stash")
_ALTERNATES: Final = ("objects", ".git/objects")
_DEADLINE: Final = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Clone:
    """What an agent's repository says of itself; none of it is believed yet."""

    there: bool
    """`.git` is a folder."""
    head: str = ""
    """The ref that HEAD stands for; empty when it is detached or says nothing."""
    refs: Mapping[str, str] = field(default_factory=dict)
    """Ids by full name; HEAD itself and those of further worktrees among them."""


def read_clone(worktree: Path) -> Clone:
    """Read HEAD and refs of a clone."""
    try:
        with opened_folder(worktree) as top, opened_folder(".git", within=top) as dot_git:
            refs = _packed(dot_git)
            for name, value in _loose_refs(dot_git):
                refs[name] = value
            said = (read_bounded(HEAD, within=dot_git, limit_bytes=_REF_LIMIT) or "").strip()
            head = said.removeprefix("ref:").strip() if said.startswith("ref:") else ""
            detached = {f"worktrees/{name}": sha for name, sha in _other_heads(dot_git)}
    except OSError:
        return Clone(there=False)
    found = {name: sha for name, sha in refs.items() if _NAME.fullmatch(name)}
    tip = found.get(head) if head else said if _SHA.fullmatch(said) else None
    return Clone(there=True, head=head, refs=found | detached | ({HEAD: tip} if tip else {}))


def _packed(dot_git: int) -> dict[str, str]:
    refs = {}
    text = read_bounded("packed-refs", within=dot_git, limit_bytes=_PACKED_LIMIT) or ""
    for line in text.splitlines():
        sha, _, name = line.partition(" ")
        if _SHA.fullmatch(sha):
            refs[name] = sha
    return refs


def _loose_refs(dot_git: int) -> Iterator[tuple[str, str]]:
    with suppress(OSError), opened_folder("refs", within=dot_git) as refs:
        stash = (read_bounded("stash", within=refs, limit_bytes=_REF_LIMIT) or "").strip()
        if _SHA.fullmatch(stash):
            yield "refs/stash", stash
        for kind in ("heads", "tags"):
            with suppress(OSError):
                yield from _refs_below(f"refs/{kind}", kind, refs, _DEPTH)


def _refs_below(shown: str, name: str, within: int, depth: int) -> Iterator[tuple[str, str]]:
    with opened_folder(name, within=within) as folder:
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                if depth:
                    with suppress(OSError):
                        yield from _refs_below(
                            f"{shown}/{entry.name}", entry.name, folder, depth - 1
                        )
            elif not entry.name.endswith(".lock"):
                text = read_bounded(entry.name, within=folder, limit_bytes=_REF_LIMIT) or ""
                if _SHA.fullmatch(text.strip()):
                    yield f"{shown}/{entry.name}", text.strip()


def _other_heads(dot_git: int) -> Iterator[tuple[str, str]]:
    """Detached heads of further worktrees that the agent has made."""
    with suppress(OSError), opened_folder("worktrees", within=dot_git) as folder:
        for entry in _entries(folder):
            with suppress(OSError), opened_folder(entry.name, within=folder) as one:
                text = read_bounded(HEAD, within=one, limit_bytes=_REF_LIMIT) or ""
                if _SHA.fullmatch(text.strip()):
                    yield entry.name, text.strip()


def _entries(folder: int) -> list[os.DirEntry[str]]:
    """What is in a folder, by name; of a huge one only a part."""
    with os.scandir(folder) as entries:
        listed = [entry for entry, _ in zip(entries, range(_MOST_OBJECTS), strict=False)]
    return sorted(listed, key=lambda entry: entry.name)


@dataclass(frozen=True, kw_only=True)
class Received:
    """What of a clone's commits has arrived in the run repository."""

    tips: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


async def receive(git: Git, folder: RunFolder, number: int, clone: Clone, base: str) -> Received:
    """Bring the commits that a clone's refs name into the run repository, without naming them.

    A ref whose history is broken, malformed or incomplete is left out and said in the notes.
    """
    first = (HEAD, clone.head, f"refs/heads/{folder.branch(number)}")
    wanted = {name: clone.refs[name] for name in (*first, *clone.refs) if name in clone.refs}
    notes = []
    if len(wanted) > _MOST_REFS:
        notes.append(f"Only {_MOST_REFS} of its {len(wanted)} branches and tags are looked at.")
        wanted = dict(list(wanted.items())[:_MOST_REFS])
    place = folder.private(number) / "quarantine.git"
    own = git.of(folder.git_dir)
    known = await _known_commits(own, wanted)
    missing = {name: sha for name, sha in wanted.items() if name not in known}
    if not missing:
        return Received(tips=known, notes=tuple(notes))
    await asyncio.to_thread(remove_tree, place)
    try:
        await git.run("init", "--bare", "-q", "--template=", str(place))
        alternates = "".join(f"{os.fspath(folder.root / one)}\n" for one in _ALTERNATES)
        (place / "objects" / "info" / "alternates").write_text(alternates)
        shallow = folder.git_dir / "shallow"
        if shallow.exists():
            shutil.copyfile(shallow, place / "shallow")
        # To its end: when the caller is cancelled, nobody may still write what is removed below.
        copying = asyncio.to_thread(
            _copy_objects, folder.worktree(number), place, folder.git_dir / "objects"
        )
        complete = await to_the_end(copying)
        if not complete:
            notes.append("Its repository is too large to be read in whole.")
        theirs = git.of(place)
        await _index_packs(theirs, place)
        arrived = await _arrived(theirs, own, missing, (base, *sorted(set(known.values()))))
    finally:
        await to_the_end(asyncio.to_thread(remove_tree, place))
    lost = sorted(name for name in missing if name not in arrived)
    if lost:
        shown = ", ".join(name.removeprefix("refs/heads/") for name in lost[:10])
        notes.append(f"Commits of {shown} are broken or incomplete, and are not taken.")
    return Received(tips=known | arrived, notes=tuple(notes))


async def _known_commits(own: Git, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those that an earlier call has brought, or that are the base's."""
    asked = "".join(f"{sha}^{{commit}}\n" for sha in wanted.values())
    if not asked:
        return {}
    answer = await own.run("cat-file", "--batch-check=%(objectname)", stdin=asked.encode())
    found = zip(wanted, answer.text.split("\n"), strict=False)
    return {name: line for name, line in found if _SHA.fullmatch(line)}


async def _arrived(
    theirs: Git, own: Git, wanted: Mapping[str, str], without: Sequence[str]
) -> dict[str, str]:
    """Commits by the refs that name them, of all whose history could be brought whole."""
    commits = await _known_commits(theirs, wanted)
    tips = sorted(set(commits.values()))
    good = set(tips)
    if tips and not await _brought(theirs, own, tips, without):
        good = {tip for tip in tips if await _brought(theirs, own, [tip], without)}
    return {name: sha for name, sha in commits.items() if sha in good}


async def _brought(theirs: Git, own: Git, tips: Sequence[str], without: Sequence[str]) -> bool:
    try:
        await transfer(theirs, own, tips, without=without, strict=True, deadline=_DEADLINE)
    except GitFailed:
        return False
    return True


async def _index_packs(theirs: Git, place: Path) -> None:
    """Compute what the packs hold; one that cannot be read whole is none."""
    for pack in sorted((place / "objects" / "pack").glob("*.pack")):
        try:
            await theirs.run("index-pack", str(pack), deadline=_DEADLINE)
        except GitFailed:
            pack.unlink()


def _copy_objects(worktree: Path, place: Path, known: Path) -> bool:
    """Copy the files of a clone's objects, new ones only; False when it was too much."""
    budget = _Budget()
    try:
        with (
            opened_folder(worktree) as top,
            opened_folder(".git", within=top) as dot_git,
            opened_folder("objects", within=dot_git) as objects,
        ):
            for entry in _entries(objects):
                if _PAIR.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                    have = known / entry.name
                    with suppress(OSError), opened_folder(entry.name, within=objects) as pair:
                        budget.copy(pair, _LOOSE, place / "objects" / entry.name, have)
            with suppress(OSError), opened_folder("pack", within=objects) as packs:
                budget.copy(packs, _PACK, place / "objects" / "pack", known / "none")
    except OSError:
        return True
    return not budget.spent


class _Budget:
    """Copies files while there is room for them."""

    def __init__(self) -> None:
        self._bytes = _MOST_BYTES
        self._files = _MOST_OBJECTS
        self.spent = False

    def copy(self, folder: int, names: re.Pattern[str], into: Path, have: Path) -> None:
        """Copy the regular files of these names that are not in `have`."""
        for entry in _entries(folder):
            if not names.fullmatch(entry.name) or (have / entry.name).exists():
                continue
            with suppress(OSError), opened_file(entry.name, within=folder) as (handle, state):
                if self._files == 0 or state.st_size > self._bytes:
                    self.spent = True
                    continue
                self._files -= 1
                self._bytes -= state.st_size
                into.mkdir(exist_ok=True)
                target = into / entry.name
                with os.fdopen(os.dup(handle), "rb") as reading, target.open("wb") as writing:
                    shutil.copyfileobj(reading, writing, 1 << 20)
