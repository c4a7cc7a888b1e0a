"""What agents did reaches their branches, whatever state they leave their clones in (F2)."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from repository_worlds import Run, Work

from mas.repositories import quarantine
from mas.repositories.changes import FileChange
from mas.repositories.git import Git


def paths(files: tuple[FileChange, ...]) -> dict[str, str]:
    return {one.path: one.change for one in files}


async def test_f2_commits_of_an_agent_are_on_its_branch(run: Run) -> None:
    sha = run.agent().commit("work", **{"src/app.py": "print(2)\nprint(3)\n", "new.txt": "n\n"})
    taken = await run.take()
    assert taken.commit == sha == run.git("rev-parse", "agent-1")
    assert (taken.commits, taken.salvaged, taken.net_change) == (1, False, True)
    assert paths(taken.files) == {"new.txt": "A", "src/app.py": "M"}
    assert (taken.additions, taken.deletions) == (3, 1)
    assert [(one.sha, one.subject, one.author) for one in taken.log] == [(sha, "work", "somebody")]
    assert taken.notes == ()
    assert run.git("rev-parse", "main") == run.base
    run.git("fsck", "--strict")


async def test_f2_what_is_left_uncommitted_is_committed_for_the_agent(run: Run) -> None:
    agent = run.agent()
    sha = agent.commit("work", **{"a.txt": "a\n"})
    agent.write({"b.txt": "b\n", "x.log": "ignored\n", "build/out": "ignored\n"})
    (agent.folder / "README.md").unlink()
    (agent.folder / "run.sh").chmod(0o644)
    taken = await run.take()
    assert taken.salvaged
    assert taken.commits == 2
    assert paths(taken.files) == {"README.md": "D", "a.txt": "A", "b.txt": "A", "run.sh": "M"}
    assert taken.log[0].author == "agent-1"
    assert run.git("rev-parse", "agent-1^") == sha
    assert "The agent has ended." in run.git("log", "-1", "--format=%B", "agent-1")
    assert agent.git("rev-parse", "HEAD") == sha, "the agent's own clone is left alone"


async def test_f2_nothing_done_is_no_change(run: Run) -> None:
    taken = await run.take()
    assert (taken.commit, taken.commits, taken.net_change) == (run.base, 0, False)
    assert not taken.salvaged


async def test_f2_work_that_was_taken_back_is_no_change(run: Run) -> None:
    run.agent().commit("do", **{"a.txt": "a\n"})
    run.agent().git("revert", "--no-edit", "HEAD")
    taken = await run.take()
    assert (taken.commits, taken.net_change) == (2, False)


async def test_f2_taking_in_again_changes_nothing_and_takes_more_work(run: Run) -> None:
    agent = run.agent()
    agent.commit("one", **{"a.txt": "a\n"})
    agent.write({"b.txt": "b\n"})
    first = await run.take()
    assert await run.take() == first
    agent.write({"c.txt": "c\n"})
    second = await run.take()
    assert paths(second.files) == {"a.txt": "A", "b.txt": "A", "c.txt": "A"}
    assert second.salvaged
    third_sha = agent.commit("all of it")
    third = await run.take()
    assert third.commit == third_sha
    assert not third.salvaged
    kept = run.git("for-each-ref", "--format=%(objectname)", "refs/mas").split()
    assert second.commit in kept, "a salvage commit that was on the branch is not lost"


async def test_f2_a_detached_head_with_work_is_the_result(run: Run) -> None:
    run.agent().git("checkout", "-q", "--detach")
    sha = run.agent().commit("detached", **{"a.txt": "a\n"})
    assert (await run.take()).commit == sha


async def test_f2_a_head_that_looks_back_does_not_hide_newer_work(run: Run) -> None:
    agent = run.agent()
    agent.commit("one", **{"a.txt": "a\n"})
    sha = agent.commit("two", **{"b.txt": "b\n"})
    agent.git("checkout", "-q", "HEAD~1")
    assert (await run.take()).commit == sha


async def test_f2_work_on_another_branch_is_found_and_the_rest_kept(run: Run) -> None:
    agent = run.agent()
    agent.git("checkout", "-q", "-b", "try/one")
    one = agent.git("rev-parse", "HEAD")
    agent.write({"one.txt": "1\n"})
    agent.git("add", "-A")
    agent.git("commit", "-q", "-m", "one", GIT_COMMITTER_DATE="2020-01-01T00:00:00Z")
    one = agent.git("rev-parse", "HEAD")
    agent.git("checkout", "-q", "-b", "feature", run.base)
    two = agent.commit("two", **{"two.txt": "2\n"})
    agent.git("checkout", "-q", "agent-1")
    taken = await run.take()
    assert taken.commit == two
    assert run.git("rev-parse", "refs/mas/agent-1/try/one") == one
    assert taken.notes == (
        "Other commits of agent-1 (try/one) are kept as refs/mas/agent-1/try/one.",
    )
    assert (await run.take()) == taken


async def test_f2_stashes_and_further_worktrees_are_kept(run: Run) -> None:
    agent = run.agent()
    agent.write({"README.md": "stashed\n"})
    agent.git("stash")
    agent.git("worktree", "add", "-q", "--detach", "sub/tree")
    inner = Work(agent.folder / "sub" / "tree")
    sha = inner.commit("inner", **{"inner.txt": "1\n"})
    own = agent.commit("own", **{".gitignore": "sub/\n"})
    taken = await run.take()
    assert taken.commit == own
    kept = run.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/mas").split("\n")
    assert f"refs/mas/agent-1/worktrees/tree {sha}" in kept
    assert any(line.startswith("refs/mas/agent-1/stash ") for line in kept)


async def test_f2_history_that_does_not_start_at_the_base_is_put_on_it(run: Run) -> None:
    agent = run.agent()
    agent.git("checkout", "-q", "--orphan", "new")
    agent.git("rm", "-rfq", ".")
    orphan = agent.commit("orphan", **{"only.txt": "1\n"})
    taken = await run.take()
    assert run.git("log", "-1", "--format=%P", "agent-1").split() == [run.base, orphan]
    assert await run.repository.files(taken.commit) == ("only.txt",)
    assert await run.take() == taken


async def test_f2_an_orphan_branch_without_a_commit_still_gives_its_files(run: Run) -> None:
    agent = run.agent()
    agent.git("checkout", "-q", "--orphan", "new")
    agent.write({"only.txt": "1\n"})
    taken = await run.take()
    assert paths(taken.files) == {"only.txt": "A"}
    assert taken.salvaged


def _no_git(agent: Work, _: Path) -> None:
    shutil.rmtree(agent.folder / ".git")


def _foreign_link(agent: Work, other: Path) -> None:
    _no_git(agent, other)
    (agent.folder / ".git").symlink_to(other / ".git")


def _foreign_file(agent: Work, other: Path) -> None:
    _no_git(agent, other)
    (agent.folder / ".git").write_text(f"gitdir: {other}/.git\n")


def _fifo(agent: Work, other: Path) -> None:
    _no_git(agent, other)
    os.mkfifo(agent.folder / ".git")


def _fifo_head(agent: Work, other: Path) -> None:
    (agent.folder / ".git" / "HEAD").unlink()
    os.mkfifo(agent.folder / ".git" / "HEAD")


def _linked_parts(agent: Work, other: Path) -> None:
    for name in ("objects", "refs"):
        shutil.rmtree(agent.folder / ".git" / name)
        (agent.folder / ".git" / name).symlink_to(other / ".git" / name)


def _new_repository(agent: Work, other: Path) -> None:
    _no_git(agent, other)
    agent.git("init", "-q")


def _garbage(agent: Work, _: Path) -> None:
    for path in (agent.folder / ".git").rglob("*"):
        if path.is_file():
            path.write_bytes(b"\0garbage\xff" * 50)


@pytest.mark.parametrize(
    "spoil",
    [_no_git, _foreign_link, _foreign_file, _fifo, _fifo_head, _linked_parts, _new_repository,
     _garbage],
)  # fmt: skip
async def test_f2_files_survive_whatever_became_of_the_agents_repository(
    run: Run, mine: Work, spoil: Callable[[Work, Path], None]
) -> None:
    agent = run.agent()
    secret = mine.commit("secret", **{"secret.txt": "s\n"})
    agent.write({"new.txt": "n\n"})
    spoil(agent, mine.folder)
    taken = await run.take()
    assert paths(taken.files) == {"new.txt": "A"}
    assert run.git("rev-parse", "agent-1^") == run.base
    assert await run.take() == taken
    refs = run.git("for-each-ref", "--format=%(objectname)").split()
    assert secret not in refs
    run.git("fsck", "--strict", "--no-dangling")


async def test_f2_stale_locks_do_not_matter(run: Run) -> None:
    agent = run.agent()
    agent.write({"a.txt": "a\n"})
    for name in ("index.lock", "HEAD.lock", "refs/heads/agent-1.lock", "config.lock"):
        (agent.folder / ".git" / name).touch()
    (run.folder.git_dir / "refs" / "heads" / "agent-1.lock").touch()
    (run.folder.private(1) / "taking-1a2b3c4d.index.lock").touch()
    (run.folder.private(1) / "quarantine.git").mkdir()
    assert paths((await run.take()).files) == {"a.txt": "A"}


async def test_f2_stopped_while_it_reads_a_clone_it_can_be_taken_in_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.agent().commit("work", **{"a.txt": "a\n"})
    copying, go_on = threading.Event(), threading.Event()
    really = quarantine._copy_objects

    def copy(worktree: Path, place: Path, known: Path) -> bool:
        copying.set()
        assert go_on.wait(60)
        return really(worktree, place, known)

    with monkeypatch.context() as slow:
        slow.setattr(quarantine, "_copy_objects", copy)
        taking = asyncio.create_task(run.take())
        await asyncio.to_thread(copying.wait, 60)
        taking.cancel()
        await asyncio.wait({taking}, timeout=0.2)
        assert not taking.done(), "what is copied would lie about"
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await taking
    assert [path.name for path in run.folder.private(1).iterdir()] == ["index"]
    assert paths((await run.take()).files) == {"a.txt": "A"}


async def test_f2_a_nested_repository_gives_its_files(run: Run) -> None:
    agent = run.agent()
    nested = Work(agent.folder / "vendor" / "lib")
    nested.folder.mkdir(parents=True)
    nested.git("init", "-q")
    nested.commit("x", **{"lib.py": "1\n", ".gitignore": "*.o\n"})
    nested.write({"more.py": "2\n", "x.o": "3\n"})
    unborn = Work(agent.folder / "unborn")
    unborn.folder.mkdir()
    unborn.git("init", "-q")
    unborn.write({"u.py": "1\n"})
    deeper = Work(nested.folder / "deep")
    deeper.folder.mkdir()
    deeper.git("init", "-q")
    deeper.write({"d.py": "1\n"})
    taken = await run.take()
    assert set(paths(taken.files)) == {
        "vendor/lib/lib.py", "vendor/lib/.gitignore", "vendor/lib/more.py", "unborn/u.py",
        "vendor/lib/deep/d.py",
    }  # fmt: skip
    assert sum("repository of its own" in note for note in taken.notes) == 3


async def test_f2_files_and_folders_may_change_places(run: Run, tmp_path: Path) -> None:
    agent = run.agent()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "app.py").write_text("not mine\n")
    shutil.rmtree(agent.folder / "src")
    (agent.folder / "src").symlink_to(outside)
    (agent.folder / "README.md").unlink()
    agent.write({"README.md/inner.txt": "1\n"})
    (agent.folder / "out").symlink_to("/etc/passwd")
    (agent.folder / "run.sh").unlink()
    os.mkfifo(agent.folder / "run.sh")
    taken = await run.take()
    assert paths(taken.files) == {
        "README.md": "D", "README.md/inner.txt": "A", "out": "A", "run.sh": "D", "src": "A",
        "src/app.py": "D",
    }  # fmt: skip
    listed = run.git("ls-tree", "-r", "agent-1")
    assert "120000" in next(line for line in listed.split("\n") if line.endswith("\tsrc"))
    assert "not mine" not in run.git("grep", "-h", "", "agent-1")


async def test_f2_odd_names_and_closed_files_are_taken(run: Run) -> None:
    agent = run.agent()
    names = [
        "한글.txt",
        "new\nline",
        "tab\there",
        'quo"te',
        " lead",
        "-dash",
        "*",
        "a\\b",
        ":(top)x",
    ]
    agent.write(dict.fromkeys(names, "x\n"))
    (agent.folder / os.fsdecode(b"not-\xff-utf8")).write_text("x\n")
    agent.write({"closed/in.txt": "x\n", "shut.txt": "x\n"})
    (agent.folder / "shut.txt").chmod(0)
    (agent.folder / "closed").chmod(0)
    taken = await run.take()
    assert set(paths(taken.files)) == {*names, "not-\\xff-utf8", "closed/in.txt", "shut.txt"}


async def test_f2_pipes_that_never_answer_do_not_hold_it_up(run: Run) -> None:
    agent = run.agent()
    agent.write({"a/b.txt": "1\n", "n/.git/x": "", "n/f.txt": "2\n"})
    for name in ("a/.gitignore", "a/.gitattributes", "n/.git/HEAD", "pipe"):
        os.mkfifo(agent.folder / name)
    taken = await run.take()
    assert set(paths(taken.files)) == {"a/b.txt", "n/f.txt"}


async def test_q2_nothing_that_a_clone_configures_is_started(run: Run, tmp_path: Path) -> None:
    agent = run.agent()
    canary = tmp_path / "canary"
    trap = f"touch {canary}"
    settings = {
        "filter.evil.clean": f"{trap}; cat", "filter.evil.smudge": f"{trap}; cat",
        "filter.evil.process": trap, "core.fsmonitor": trap, "diff.external": trap,
        "diff.evil.textconv": trap, "merge.evil.driver": trap, "core.sshCommand": trap,
        "gpg.program": trap, "core.alternateRefsCommand": trap, "uploadpack.packObjectsHook": trap,
        "core.pager": trap, "core.editor": trap, "core.worktree": "/", "commit.gpgSign": "true",
    }  # fmt: skip
    for name, value in settings.items():
        with (agent.folder / ".git" / "config").open("a") as stream:
            section, _, key = name.rpartition(".")
            first, _, rest = section.partition(".")
            head = f'[{first} "{rest}"]' if rest else f"[{first}]"
            stream.write(f'{head}\n\t{key} = "{value}"\n')
    hooks = agent.folder / ".git" / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "post-index-change", "reference-transaction", "update"):
        (hooks / name).write_text(f"#!/bin/sh\n{trap}\n")
        (hooks / name).chmod(0o755)
    agent.write({".gitattributes": "* filter=evil diff=evil merge=evil\n", "a.py": "1\n"})
    taken = await run.take()
    diff = await run.repository.diff("main", "agent-1")
    await run.repository.clean_checkout("agent-1", tmp_path / "clean")
    await run.repository.merge(1)
    assert set(paths(taken.files)) == {".gitattributes", "a.py"}
    assert "+1" in diff.text
    assert not canary.exists()


async def test_f3_objects_of_foreign_repositories_cannot_be_pulled_in(run: Run, mine: Work) -> None:
    agent = run.agent()
    secret = mine.commit("secret", **{"secret.txt": "s\n"})
    with (agent.folder / ".git/objects/info/alternates").open("a") as stream:
        stream.write(f"{mine.folder}/.git/objects\n")
    agent.git("update-ref", "refs/heads/stolen", secret)
    agent.git("update-ref", "refs/heads/agent-1", secret)
    agent.write({"a.txt": "a\n"})
    taken = await run.take()
    assert "secret.txt" not in paths(taken.files)
    assert any("broken or incomplete" in note for note in taken.notes)
    assert not run.git("for-each-ref", "--format=%(refname)", "--contains", run.base).count("stol")
    run.git("fsck", "--strict")


@pytest.mark.parametrize("packed", [False, True])
async def test_f2_broken_objects_lose_their_ref_and_not_the_files(run: Run, packed: bool) -> None:
    agent = run.agent()
    good = agent.commit("good", **{"good.txt": "g\n"})
    agent.git("branch", "good")
    agent.commit("bad", **{"bad.txt": "b\n"})
    blob = agent.git("rev-parse", "HEAD:bad.txt")
    if packed:
        agent.git("branch", "-D", "good")
        agent.git("repack", "-adlq")
        pack = next((agent.folder / ".git/objects/pack").glob("*.pack"))
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:-30] + b"x" * 30)
    else:
        (agent.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    taken = await run.take()
    assert {"good.txt", "bad.txt"} == set(paths(taken.files))
    assert any("broken or incomplete" in note for note in taken.notes)
    if not packed:
        assert good in run.git("for-each-ref", "--format=%(objectname)", "refs/mas")
    run.git("fsck", "--strict")


async def test_f2_trees_that_no_git_would_make_are_not_taken(run: Run) -> None:
    agent = run.agent()
    blob = agent.git("hash-object", "-w", "README.md")
    raw = b"100644 .git\0" + bytes.fromhex(blob)
    (agent.folder / "x").write_bytes(raw)
    tree = agent.git("hash-object", "-w", "-t", "tree", "--literally", "x")
    (agent.folder / "x").unlink()
    sha = agent.git("commit-tree", "-p", "HEAD", "-m", "evil", tree)
    agent.git("update-ref", "refs/heads/agent-1", sha)
    taken = await run.take()
    assert not taken.net_change
    assert any("broken or incomplete" in note for note in taken.notes)


async def test_f2_forged_objects_do_not_pass_under_another_name(run: Run) -> None:
    agent = run.agent()
    agent.commit("work", **{"a.txt": "honest\n"})
    blob = agent.git("rev-parse", "HEAD:a.txt")
    agent.write({"b.txt": "forged\n"})
    other = agent.git("hash-object", "-w", "b.txt")
    objects = agent.folder / ".git" / "objects"
    target = objects / blob[:2] / blob[2:]
    target.chmod(0o644)
    target.write_bytes((objects / other[:2] / other[2:]).read_bytes())
    taken = await run.take()
    assert set(paths(taken.files)) == {"a.txt", "b.txt"}
    assert await run.text(taken.commit, "a.txt") == "honest\n"
    run.git("fsck", "--strict")


async def test_f2_a_worktree_that_is_gone_or_a_link_gives_nothing(run: Run, mine: Work) -> None:
    agent = run.agent()
    sha = agent.commit("work", **{"a.txt": "a\n"})
    assert (await run.take()).commit == sha
    shutil.rmtree(agent.folder)
    gone = await run.take()
    assert gone.commit == sha
    assert "is gone" in gone.notes[0]
    agent.folder.symlink_to(mine.folder)
    assert (await run.take()).notes == gone.notes


async def test_f2_large_files_are_left_out_and_told(run: Run) -> None:
    agent = run.agent()
    with (agent.folder / "huge.bin").open("wb") as stream:
        stream.truncate(100_000_001)
    agent.write({"small.txt": "s\n"})
    taken = await run.take()
    assert set(paths(taken.files)) == {"small.txt"}
    assert taken.notes == ("Too large, and left out: huge.bin.",)


async def test_f2_ignored_files_that_an_agent_committed_stay_in_its_work(run: Run) -> None:
    agent = run.agent()
    agent.write({"build/out.txt": "1\n"})
    agent.git("add", "-f", "build/out.txt")
    sha = agent.commit("with output")
    taken = await run.take()
    assert taken.commit == sha
    assert set(paths(taken.files)) == {"build/out.txt"}


async def test_f2_files_that_git_cannot_convert_are_taken_as_they_are(run: Run) -> None:
    agent = run.agent()
    agent.write(
        {".gitattributes": "*.u16 working-tree-encoding=UTF-16\n", "bad.u16": b"\xff\xfe\x00"}
    )
    agent.write({"fine.txt": "1\n", "zzz.txt": "2\n"})
    taken = await run.take()
    assert set(paths(taken.files)) == {".gitattributes", "bad.u16", "fine.txt", "zzz.txt"}
    assert await run.repository.read(taken.commit, "bad.u16") == b"\xff\xfe\x00"


async def test_f3_agents_take_nothing_from_each_other(git: Git, mine: Work, tmp_path: Path) -> None:
    run = await Run(git, tmp_path / "run").start(mine.folder, agents=2)
    one = run.agent(1).commit("one", **{"one.txt": "1\n"})
    run.agent(2).write({"two.txt": "2\n"})
    assert (await run.take(1)).commit == one
    assert set(paths((await run.take(2)).files)) == {"two.txt"}
    assert run.git("rev-parse", "agent-1") == one
