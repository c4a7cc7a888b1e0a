"""A run repository and its seats are made once, wholly, and apart from each other (F1, F3, R5)."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from repository_worlds import Run, Work, fingerprint

from mas.core.errors import MasError, Permanent
from mas.repositories import seating
from mas.repositories.git import Git
from mas.repositories.source import look_at


async def test_f1_a_seat_is_a_repository_of_its_own_on_its_branch(run: Run) -> None:
    agent = run.agent()
    assert agent.git("status", "--porcelain", "--branch") == "## agent-1"
    assert agent.git("config", "user.name") == "agent-1"
    assert agent.git("config", "user.email") == "agent-1@mas.invalid"
    assert agent.git("remote") == ""
    assert agent.git("rev-parse", "--absolute-git-dir") == str(agent.folder / ".git")
    assert agent.git("branch", "--format=%(refname:short)").split() == ["agent-1", "main"]
    assert os.access(agent.folder / "run.sh", os.X_OK)
    assert (agent.folder / "link").readlink() == Path("README.md")
    agent.git("fsck", "--strict")
    assert not (agent.folder / ".git" / "hooks").exists()
    for folder in (run.folder.home(1), run.folder.control(1), run.folder.private(1)):
        assert folder.is_dir()


async def test_f1_the_run_repository_is_whole_and_has_no_remote(run: Run) -> None:
    assert run.git("branch", "--format=%(refname:short)").split() == ["agent-1", "main"]
    assert run.git("remote") == ""
    assert run.git("rev-parse", "--is-bare-repository") == "true"
    assert run.git("log", "--format=%s").split() == ["second", "first"]
    run.git("fsck", "--strict")


async def test_f1_the_run_folder_can_be_seen_at_another_place(run: Run, tmp_path: Path) -> None:
    run.agent().commit("work", **{"a.txt": "a\n"})
    moved = tmp_path / "moved"
    run.folder.root.rename(moved)
    agent = Work(moved / "worktrees" / "agent-1")
    assert agent.git("log", "--format=%s").split() == ["work", "second", "first"]
    agent.git("fsck", "--strict")


async def test_f3_an_agents_git_cannot_reach_the_run_repository_or_another_seat(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    agent = run.agent(1)
    agent.commit("work", **{"a.txt": "a\n"})
    agent.git("update-ref", "refs/heads/agent-2", "HEAD")
    agent.git("gc", "-q", "--prune=now")
    assert run.git("rev-parse", "agent-2") == run.base
    assert run.agent(2).git("rev-parse", "HEAD") == run.base
    run.agent(2).git("fsck", "--strict")


async def test_r5_making_it_again_finds_it_made(run: Run, mine: Work) -> None:
    run.agent().write({"work.txt": "w\n"})
    before = fingerprint(run.folder.root)
    mine.commit("later", **{"later.txt": "1\n"})
    base = await run.repository.create(await look_at(run.repository.git, str(mine.folder)))
    await run.repository.seat(1)
    assert base.commit == run.base
    assert fingerprint(run.folder.root) == before


@pytest.mark.parametrize("left", ["making", "objects", "objects+making", "included"])
async def test_r5_a_half_made_repository_is_made_anew(
    git: Git, mine: Work, tmp_path: Path, left: str
) -> None:
    run = Run(git, tmp_path / "run")
    root = run.folder.root
    for name in left.split("+"):
        folder = root / {"making": ".making/origin.git/objects"}.get(name, name)
        folder.mkdir(parents=True)
        (folder / "half").write_text("x")
    await run.start(mine.folder)
    assert not (root / ".making").exists()
    assert not (root / "objects" / "half").exists()
    run.agent().git("fsck", "--strict")


async def test_r5_an_error_at_any_step_of_making_leaves_nothing_that_counts_as_made(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    """A git that dies at its n-th call, for each n, stands for a process that does."""
    source = await look_at(git, str(mine.folder))
    counter = tmp_path / "count"
    fake = tmp_path / "git"
    fake.write_text(
        f"#!/bin/sh\nn=$(cat {counter}); echo $((n - 1)) > {counter}\n"
        f'[ "$n" = 0 ] && exit 137\nexec {git.program} "$@"\n'
    )
    fake.chmod(0o755)
    run = Run(Git(program=str(fake), path=git.path), tmp_path / "run")
    failures = 0
    for calls in range(100):
        counter.write_text(f"{calls}\n")
        try:
            await run.repository.create(source)
            await run.repository.seat(1)
            break
        except MasError:
            failures += 1
            counter.write_text("-1\n")
    assert failures > 5
    assert run.agent().git("status", "--porcelain") == ""
    run.git("fsck", "--strict")


async def test_r5_a_half_made_seat_is_made_anew(run: Run) -> None:
    making = run.folder.worktrees / ".making-agent-2-1a2b3c4d"
    (making / ".git").mkdir(parents=True)
    (making / "half.txt").write_text("x")
    await run.repository.seat(2)
    assert run.agent(2).git("status", "--porcelain") == ""
    assert not making.exists()
    shutil.rmtree(run.folder.private(2))
    run.agent(2).write({"work.txt": "w\n"})
    await run.repository.seat(2)
    assert [one.path for one in (await run.take(2)).files] == ["work.txt"]


async def test_r5_a_seat_does_not_wait_for_what_a_dead_mas_still_writes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    making = run.folder.worktrees / ".making-agent-2-1a2b3c4d"
    making.mkdir()
    (run.folder.git_dir / "refs" / "heads" / "agent-2.lock").touch()

    def busy(path: Path) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))

    monkeypatch.setattr(seating, "remove_tree", busy)
    await run.repository.seat(2)
    assert run.agent(2).git("status", "--porcelain") == ""
    assert making.exists()


async def test_f1_a_run_folder_that_is_gone_is_said_so(git: Git, tmp_path: Path) -> None:
    with pytest.raises(Permanent) as raised:
        await Run(git, tmp_path / "run").repository.seat(1)
    assert raised.value.code == "no_run_repository"


async def test_f3_a_seat_can_be_given_to_another_user_and_taken_in_again(
    run: Run, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    outside = tmp_path / "outside"
    outside.mkdir()
    agent = run.agent()
    (agent.folder / "out").symlink_to(outside)
    await run.repository.chown_tree(1, 1000, 1000)
    assert outside.stat().st_uid == 0
    owners = {path.lstat().st_uid for path in agent.folder.rglob("*")}
    assert owners == {1000}
    agent.write({"a.txt": "a\n"})
    assert {one.path for one in (await run.take()).files} == {"a.txt", "out"}


async def included(run: Run) -> set[str]:
    base = await run.repository.base()
    assert base is not None
    return set(base.included)


async def test_f1_worktreeinclude_brings_uncommitted_files_that_are_never_committed(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    mine.commit("rules", **{".worktreeinclude": ".env\nlocal/\n*.md\n!local/not.txt\n"})
    mine.write({".env": "A=1\n", "local/a b.txt": "x\n", "local/[1].txt": "y\n", "other": "z\n"})
    (mine.folder / "local" / "secret").symlink_to("/etc/passwd")
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    assert await included(run) == {".env", "local/a b.txt", "local/[1].txt"}
    for number in (1, 2):
        agent = run.agent(number)
        assert (agent.folder / ".env").read_text() == "A=1\n"
        assert not (agent.folder / "local" / "secret").exists()
        assert not (agent.folder / "other").exists()
        assert agent.git("status", "--porcelain") == ""
    agent = run.agent(1)
    agent.write({".env": "A=2\n", ".gitignore": "!.env\n", "a.txt": "a\n"})
    assert {one.path for one in (await run.take()).files} == {".gitignore", "a.txt"}


async def test_q2_worktreeinclude_takes_nothing_from_outside(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (mine.folder / "way").symlink_to(outside)
    mine.write({".worktreeinclude": "secret\nway/\n/way/secret\n../outside/secret\n*.big\n"})
    with (mine.folder / "x.big").open("wb") as stream:
        stream.truncate(100_000_001)
    run = await Run(git, tmp_path / "run").start(mine.folder)
    assert await included(run) == set()
    base = await run.repository.base()
    assert base is not None
    assert any("1 files that .worktreeinclude names are left out" in note for note in base.notes)
