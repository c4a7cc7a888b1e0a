"""What a person names as the base is understood, and left as it is (F1, Q1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repository_worlds import Run, Work, fingerprint

from mas.core.errors import UserError
from mas.repositories.git import Git
from mas.repositories.source import look_at


async def refused(git: Git, named: str, ref: str | None = None) -> UserError:
    with pytest.raises(UserError) as raised:
        await look_at(git, named, ref=ref)
    assert raised.value.hint
    return raised.value


async def test_f1_nothing_named_is_a_fresh_repository(git: Git, tmp_path: Path) -> None:
    run = await Run(git, tmp_path / "run").start(None)
    assert await run.repository.files("main") == ("README.md",)
    assert run.agent().git("status", "--porcelain") == ""
    assert run.agent().git("branch", "--show-current") == "agent-1"


async def test_f1_a_folder_inside_stands_for_its_repository(git: Git, mine: Work) -> None:
    source = await look_at(git, str(mine.folder / "src"))
    assert (source.folder, source.subfolder, source.branch) == (mine.folder, "src", "main")
    assert source.commit == mine.git("rev-parse", "HEAD")
    assert "the whole of it is taken" in source.notes[0]


async def test_f1_uncommitted_changes_are_told_and_not_taken(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    mine.write({"README.md": "changed\n", "new.txt": "new\n"})
    source = await look_at(git, str(mine.folder))
    assert source.dirty
    assert "uncommitted changes" in source.notes[0]
    run = await Run(git, tmp_path / "run").start(mine.folder)
    assert (run.agent().folder / "README.md").read_text() == "hello\n"
    assert not (run.agent().folder / "new.txt").exists()


async def test_f1_the_persons_repository_stays_as_it_is_byte_for_byte(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    mine.write({"stashed.txt": "1\n"})
    mine.git("stash", "-u")
    mine.write({".gitattributes": "*.py filter=evil\n", "src/app.py": "print(2)\n"})
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        hook = mine.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
        hook.chmod(0o755)
    mine.git("config", "filter.evil.clean", f"touch {canary}; cat")
    mine.git("config", "filter.evil.required", "true")
    mine.git("config", "core.fsmonitor", f"touch {canary}; false")
    os.utime(mine.folder / "README.md", (1, 1))  # the index has to be refreshed
    before = fingerprint(mine.folder)
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    run.agent().commit("work", **{"a.txt": "a\n"})
    await run.take()
    assert fingerprint(mine.folder) == before
    assert not canary.exists()


async def test_f1_a_run_shares_no_inode_with_the_person(run: Run, mine: Work) -> None:
    def inodes(folder: Path) -> set[int]:
        return {path.lstat().st_ino for path in folder.rglob("*") if path.is_file()}

    assert not inodes(mine.folder) & inodes(run.folder.root)
    shared = [path for path in run.folder.objects.rglob("*") if path.is_file()]
    assert shared
    assert all(path.stat().st_mode & 0o777 == 0o444 for path in shared)


async def test_f1_bare_repositories_linked_worktrees_and_detached_heads_are_bases(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    head = mine.git("rev-parse", "HEAD")
    mine.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    mine.git("worktree", "add", "-q", "-b", "feature/x", str(tmp_path / "linked"))
    inside = Work(tmp_path / "linked").commit("there", **{"there.txt": "1\n"})
    mine.git("checkout", "-q", "--detach", "HEAD~1")
    bare = await look_at(git, str(tmp_path / "bare.git"))
    linked = await look_at(git, str(tmp_path / "linked"))
    detached = await look_at(git, str(mine.folder))
    assert (bare.branch, bare.commit, bare.folder) == ("main", head, None)
    assert (linked.branch, linked.commit) == ("feature/x", inside)
    assert (detached.branch, detached.commit) == ("main", mine.git("rev-parse", "HEAD"))
    run = await Run(git, tmp_path / "run").start(tmp_path / "linked")
    assert run.agent().git("log", "--format=%s", "feature/x").split() == [
        "there",
        "second",
        "first",
    ]


@pytest.mark.parametrize("ref", ["v1", "other", "HEAD~1", "short", "refs/heads/other"])
async def test_f1_a_branch_tag_or_commit_can_be_the_base(git: Git, mine: Work, ref: str) -> None:
    first = mine.git("rev-parse", "HEAD~1")
    mine.git("tag", "-a", "v1", "-m", "one", first)
    mine.git("branch", "other", first)
    source = await look_at(git, str(mine.folder), ref=first[:9] if ref == "short" else ref)
    assert source.commit == first
    assert source.branch == ("other" if "other" in ref else "main")


async def test_f1_a_branch_with_the_name_of_an_agent_becomes_base(git: Git, mine: Work) -> None:
    mine.git("checkout", "-q", "-b", "agent-2")
    assert (await look_at(git, str(mine.folder))).branch == "base"


async def test_f1_a_repository_without_a_commit_is_like_a_fresh_one(
    git: Git, tmp_path: Path
) -> None:
    empty = Work(tmp_path / "empty")
    empty.folder.mkdir()
    empty.git("init", "-q", "-b", "trunk")
    source = await look_at(git, str(empty.folder))
    assert (source.kind, source.branch) == ("fresh", "trunk")
    assert "no commit yet" in source.notes[0]
    run = await Run(git, tmp_path / "run").start(empty.folder)
    assert await run.repository.files("trunk") == ("README.md",)


async def test_f1_a_shallow_repository_stays_shallow(git: Git, mine: Work, tmp_path: Path) -> None:
    mine.git("clone", "-q", "--depth=1", f"file://{mine.folder}", str(tmp_path / "shallow"))
    run = await Run(git, tmp_path / "run").start(tmp_path / "shallow")
    assert run.agent().git("log", "--format=%s") == "second"
    run.agent().commit("mine", **{"a.txt": "a\n"})
    taken = await run.take()
    assert [one.subject for one in taken.log] == ["mine"]
    run.git("fsck", "--strict")


async def test_f1_a_partial_clone_gives_its_newest_state(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    mine.commit("third", **{"README.md": "newer\n"})
    mine.git("config", "uploadpack.allowFilter", "true")
    mine.git("clone", "-q", "--filter=blob:none", f"file://{mine.folder}", str(tmp_path / "part"))
    before = fingerprint(tmp_path / "part")
    run = await Run(git, tmp_path / "run").start(tmp_path / "part")
    assert run.agent().git("log", "--format=%s") == "third"
    base = await run.repository.base()
    assert base is not None
    assert "does not hold its whole history" in base.notes[0]
    assert fingerprint(tmp_path / "part") == before


async def test_f1_submodules_and_lfs_pointers_are_told(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    other = Work(tmp_path / "other")
    other.folder.mkdir()
    other.git("init", "-q")
    other.commit("x", **{"x.txt": "x\n"})
    mine.git("submodule", "--quiet", "add", str(other.folder), "sub")
    mine.commit("sub", **{".gitattributes": "*.bin filter=lfs diff=lfs\n"})
    run = await Run(git, tmp_path / "run").start(mine.folder)
    base = await run.repository.base()
    assert base is not None
    assert [note.split()[1] for note in base.notes] == ["submodules", "that"]
    assert list((run.agent().folder / "sub").iterdir()) == []
    taken = await run.take()
    assert not taken.net_change


async def test_q1_what_is_no_repository_is_said_so(git: Git, mine: Work, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "file").write_text("x")
    assert (await refused(git, str(tmp_path / "missing"))).code == "no_repository"
    assert (await refused(git, str(tmp_path / "plain"))).code == "not_a_repository"
    assert (await refused(git, str(tmp_path / "file"))).code == "not_a_repository"
    assert (await refused(git, " ")).code == "no_repository"
    unknown = await refused(git, str(mine.folder), "nowhere")
    assert unknown.code == "unknown_ref"
    assert "main" in unknown.hint
    assert (await refused(git, str(mine.folder), "--output=/tmp/x")).code == "unknown_ref"
    assert (await refused(git, str(mine.folder), "HEAD:README.md")).code == "unknown_ref"


async def test_q1_repositories_of_another_format_are_refused(git: Git, tmp_path: Path) -> None:
    work = Work(tmp_path / "new")
    work.folder.mkdir()
    work.git("init", "-q", "--object-format=sha256")
    work.commit("x", **{"x.txt": "x\n"})
    assert (await refused(git, str(work.folder))).code == "unsupported_repository"


async def test_q1_a_repository_that_lacks_objects_is_refused_and_leaves_nothing_made(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    blob = mine.git("rev-parse", "HEAD:README.md")
    (mine.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    run = Run(git, tmp_path / "run")
    with pytest.raises(UserError) as raised:
        await run.start(mine.folder)
    assert raised.value.code == "incomplete_repository"
    assert await run.repository.base() is None


@pytest.mark.parametrize(
    "named", ["ext::sh -c 'touch /tmp/x'", "fd::3", "ftp://host/x", "javascript://x", "a+b::c"]
)
async def test_q2_addresses_that_could_start_a_program_are_refused(git: Git, named: str) -> None:
    assert (await refused(git, named)).code == "bad_repository"


async def test_f1_a_file_address_is_the_folder_it_names(git: Git, mine: Work) -> None:
    source = await look_at(git, f"file://{mine.folder}")
    assert (source.kind, source.commit) == ("url", mine.git("rev-parse", "HEAD"))
    assert source.folder is None
