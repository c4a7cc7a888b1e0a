"""What agents did can be shown, checked out, merged and delivered (F4, F5)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from repository_worlds import Run, Work, fingerprint

from mas.core.errors import UserError
from mas.repositories.git import Git, GitFailed, find_git


async def test_f4_a_diff_shows_renames_binaries_counts_and_is_bounded(run: Run) -> None:
    agent = run.agent()
    agent.write({"bin": b"\0\1\2", "bad.txt": b"caf\xe9\n", "long.txt": "line\n" * 5000})
    agent.git("mv", "src/app.py", "src/main.py")
    agent.commit("work")
    await run.take()
    diff = await run.repository.diff("main", "agent-1", limit_bytes=1000)
    told = {one.path: one for one in diff.files}
    assert (told["src/main.py"].change, told["src/main.py"].before) == ("R", "src/app.py")
    assert told["bin"].binary
    assert told["long.txt"].additions == 5000
    assert diff.cut
    assert diff.total_bytes > 25_000
    assert len(diff.text) <= 1000
    whole = await run.repository.diff("main", "agent-1")
    assert "caf\N{REPLACEMENT CHARACTER}" in whole.text
    assert not whole.cut
    counts = await run.repository.diff("main", "agent-1", stat_only=True)
    assert (counts.text, counts.additions) == ("", diff.additions)


async def test_f4_agents_can_be_compared_with_each_other(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    for number in (1, 2):
        run.agent(number).write({"same.txt": "s\n", "own.txt": f"{number}\n"})
        await run.take(number)
    changes = await run.repository.changes("agent-1", "agent-2")
    assert [(one.path, one.change) for one in changes] == [("own.txt", "M")]


async def test_f4_files_of_a_commit_can_be_read(run: Run) -> None:
    read = run.repository.read
    assert await read("main", "README.md") == b"hello\n"
    assert await read(run.base, "한글 파일.txt") == "네\n".encode()
    for path in ("link", "src", "nothing", "", "/etc/passwd", "../mine/README.md", "REA*.md"):
        assert await read("main", path) is None
    assert "한글 파일.txt" in await run.repository.files("main")
    for unknown in ("nothing", "--all", "main..agent-1", "a b", ""):
        with pytest.raises(UserError) as raised:
            await run.repository.files(unknown)
        assert raised.value.code == "unknown_ref"
        assert "agent-1" in raised.value.hint


async def test_f5_merging_moves_the_base_forward(run: Run) -> None:
    sha = run.agent().commit("work", **{"a.txt": "a\n"})
    await run.take()
    merged = await run.repository.merge(1)
    assert (merged.how, merged.branch, merged.commit) == ("fast-forward", "main", sha)
    assert run.git("rev-parse", "main") == sha
    again = await run.repository.merge(1)
    assert (again.how, again.moved, again.commit) == ("contained", False, sha)


async def test_f5_a_second_agent_is_merged_beside_the_first_or_conflicts_and_moves_nothing(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=3)
    for number, name in ((1, "same.txt"), (2, "other.txt"), (3, "same.txt")):
        run.agent(number).commit(f"{number}", **{name: f"{number}\n"})
        await run.take(number)
    await run.repository.merge(1)
    second = await run.repository.merge(2, message="Both")
    assert second.how == "merge"
    assert {"same.txt", "other.txt"} <= set(await run.repository.files("main"))
    assert run.git("log", "-1", "--format=%s %P", "main").split()[0] == "Both"
    third = await run.repository.merge(3)
    assert (third.how, third.moved, third.conflicts) == ("conflict", False, ("same.txt",))
    assert run.git("rev-parse", "main") == second.commit


async def test_f5_merges_are_undone_in_reverse_and_only_once(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    for number in (1, 2):
        run.agent(number).write({f"{number}.txt": f"{number}\n"})
        await run.take(number)
    first = await run.repository.merge(1)
    second = await run.repository.merge(2)
    assert (await run.repository.merge(2)).how == "contained"  # nothing that could be undone

    done = await run.repository.undo_merges()

    assert [(one.before, one.after) for one in done.undone] == [
        (first.commit, second.commit),
        (run.base, first.commit),
    ]
    assert done.left == ()
    assert "1.txt" not in await run.repository.files("main")
    assert (await run.repository.undo_merges()).undone == ()
    # It can be merged again, and undone again.
    await run.repository.merge(1)
    assert len((await run.repository.undo_merges()).undone) == 1


async def test_f5_a_merge_on_which_something_came_is_left(
    git: Git, mine: Work, tmp_path: Path
) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    for number in (1, 2):
        run.agent(number).write({f"{number}.txt": f"{number}\n"})
        await run.take(number)
    first = await run.repository.merge(1)
    own = git.of(run.repository.folder.git_dir)
    tree = await own.line("rev-parse", "main^{tree}")
    later = await own.line("commit-tree", "-p", first.commit, "-m", "later", tree)
    await own.run("update-ref", "refs/heads/main", later)
    await run.repository.merge(2)

    done = await run.repository.undo_merges()

    assert [one.before for one in done.undone] == [later]
    assert [one.after for one in done.left] == [first.commit]
    assert await own.line("rev-parse", "main") == later
    assert (await run.repository.undo_merges()).left == done.left


async def test_f5_only_branches_that_are_no_agents_are_merged_into(run: Run) -> None:
    with pytest.raises(UserError) as unknown:
        await run.repository.merge(1, into="nowhere")
    assert unknown.value.code == "unknown_ref"
    assert "main" in unknown.value.hint
    with pytest.raises(UserError) as agents:
        await run.repository.merge(1, into="agent-1")
    assert agents.value.code == "agent_branch"
    run.git("branch", "release", "main")
    run.agent().commit("work", **{"a.txt": "a\n"})
    await run.take()
    assert (await run.repository.merge(1, into="release")).moved
    assert run.git("rev-parse", "main") == run.base


async def test_f5_a_result_is_delivered_as_a_new_branch_and_nothing_else_moves(
    run: Run, mine: Work, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    hook = mine.folder / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    sha = run.agent().commit("work", **{"a.txt": "a\n"})
    await run.take()
    mine.write({"README.md": "being edited\n"})
    before = fingerprint(mine.folder)
    deliver = run.repository.deliver
    assert await deliver("agent-1", mine.folder, "mas/run_1") == sha
    assert await deliver("agent-1", mine.folder, "mas/run_1") == sha
    after = fingerprint(mine.folder)
    changed = {name for name, told in before.items() if after.get(name) != told}
    assert changed <= {".git", ".git/refs/heads", ".git/objects/pack", ".git/logs/refs/heads"}
    mine.git("fsck", "--strict")
    assert mine.git("log", "--format=%s", "mas/run_1").split() == ["work", "second", "first"]
    assert not canary.exists()
    for name, code in (("main", "branch_exists"), ("a..b", "bad_branch"), ("-x", "bad_branch"),
                       ("main/x", "not_delivered")):  # fmt: skip
        with pytest.raises(UserError) as raised:
            await deliver("agent-1", mine.folder, name)
        assert raised.value.code == code
    with pytest.raises(UserError) as raised:
        await deliver("agent-1", tmp_path, "x")
    assert raised.value.code == "not_a_repository"


async def test_f5_a_clean_checkout_has_no_link_to_the_run(run: Run, tmp_path: Path) -> None:
    run.agent().write({"a.txt": "a\n", "x.log": "ignored\n"})
    await run.take()
    clean = Work(tmp_path / "clean")
    await run.repository.clean_checkout("agent-1", clean.folder)
    assert clean.git("status", "--porcelain", "--ignored") == ""
    assert clean.git("log", "--format=%s").split("\n") == ["Checkout"]
    assert not (clean.folder / ".git/objects/info/alternates").exists()
    assert (clean.folder / "a.txt").read_text() == "a\n"
    assert not (clean.folder / "x.log").exists()
    inside = b"".join(
        path.read_bytes() for path in (clean.folder / ".git").rglob("*") if path.is_file()
    )
    assert str(run.folder.root).encode() not in inside
    clean.git("fsck", "--strict")
    with pytest.raises(UserError) as raised:
        await run.repository.clean_checkout("agent-1", clean.folder)
    assert raised.value.code == "folder_not_empty"


async def test_f5_restored_paths_are_as_in_the_base(run: Run, tmp_path: Path) -> None:
    agent = run.agent()
    agent.write({"src/app.py": "print(9)\n", "conftest.py": "cheat\n", "keep.txt": "k\n"})
    (agent.folder / "README.md").unlink()
    agent.write({"README.md/inner": "x\n"})
    await run.take()
    clean = Work(tmp_path / "clean")
    await run.repository.clean_checkout(
        "agent-1", clean.folder,
        restore=["src", "conftest.py", "README.md", "never.txt"], restore_from=run.base,
    )  # fmt: skip
    assert (clean.folder / "src/app.py").read_text() == "print(1)\n"
    assert (clean.folder / "README.md").read_text() == "hello\n"
    assert (clean.folder / "keep.txt").exists()
    assert not (clean.folder / "conftest.py").exists()
    assert clean.git("status", "--porcelain") == ""


async def test_f5_what_a_hostile_check_leaves_can_be_removed(run: Run, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("k")
    folder = tmp_path / "left"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "f").write_text("x")
    (folder / "link").symlink_to(outside)
    os.mkfifo(folder / "a" / "pipe")
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(1100):  # deeper than any path can be named
        os.mkdir("d" * 10, dir_fd=handle)
        deeper = os.open("d" * 10, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0o500)
    await run.repository.remove(folder)
    assert not folder.exists()
    await run.repository.remove(folder)
    (tmp_path / "alias").symlink_to(outside)
    await run.repository.remove(tmp_path / "alias")
    assert (outside / "keep").read_text() == "k"


async def test_q1_a_machine_without_a_fitting_git_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError) as none:
        await find_git(str(tmp_path))
    assert none.value.code == "no_git"
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.37.9\n")
    (tmp_path / "git").chmod(0o755)
    with pytest.raises(UserError) as old:
        await find_git(str(tmp_path))
    assert old.value.code == "git_too_old"
    assert "2.38" in old.value.hint


async def test_s3_git_gets_nothing_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "secret")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    (tmp_path / "git").write_text("#!/bin/sh\nexport -p\n")
    (tmp_path / "git").chmod(0o755)
    told = await Git(program=str(tmp_path / "git"), path=os.environ["PATH"]).line("x")
    assert "secret" not in told
    assert "GIT_DIR=" not in told
    assert "GIT_CONFIG_GLOBAL='/dev/null'" in told


def runs(number: str) -> bool:
    """A process of this id is there, and is no zombie."""
    try:
        state = Path("/proc", number, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


async def test_s2_a_cancelled_git_is_gone_with_its_helpers(tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    (tmp_path / "git").write_text(f"#!/bin/sh\nsleep 300 &\necho $$ $! > {told}\nwait\n")
    (tmp_path / "git").chmod(0o755)
    git = Git(program=str(tmp_path / "git"), path=os.environ["PATH"])
    running = asyncio.create_task(git.run("x"))
    async with asyncio.timeout(60):
        numbers = (await asyncio.to_thread(told.read_text)).split()
        assert all(runs(number) for number in numbers)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(numbers) == 2
    # A helper that was killed is gone once the system gets to it; by itself it would live on.
    async with asyncio.timeout(60):
        while any(runs(number) for number in numbers):  # noqa: ASYNC110 - nothing but looking tells
            await asyncio.sleep(0.01)


async def test_s2_a_cancelled_git_may_remove_its_locks(tmp_path: Path) -> None:
    told, lock = tmp_path / "told", tmp_path / "lock"
    os.mkfifo(told)
    (tmp_path / "git").write_text(
        f"#!/bin/sh\ntrap 'rm {lock}; exit 1' TERM\n: > {lock}\necho ready > {told}\n"
        "while :; do sleep 0.05; done\n"
    )
    (tmp_path / "git").chmod(0o755)
    git = Git(program=str(tmp_path / "git"), path=os.environ["PATH"])
    running = asyncio.create_task(git.run("x"))
    async with asyncio.timeout(60):
        await asyncio.to_thread(told.read_text)
        assert lock.exists()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert not lock.exists()


async def test_f1_a_failure_of_git_tells_its_last_words(git: Git, tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as raised:
        await git.of(tmp_path / "none").run("rev-parse", "HEAD")
    assert "there is no folder" in raised.value.words
    with pytest.raises(GitFailed) as words:
        await git.at(tmp_path).run("rev-parse", "--show-toplevel")
    assert "not a git repository" in words.value.words
