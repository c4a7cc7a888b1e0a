"""Fanout runs whose agents, checks and deaths are hostile, through the command line."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from support.command import Mas
from support.fanout_world import (
    CALC,
    FIXED,
    JUDGED,
    by_agent,
    fingerprint,
    git,
    living,
    persons_repository,
    run_folder,
    script_file,
)
from support.killed_mas import die

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LIMIT = 120.0
MOMENTS = [(moment, number) for number in range(6, 105, 14) for moment in ("before", "after")]
LEFT, HIDDEN, DEAF = (str(8_000_000 + 3 * os.getpid() + number) for number in range(3))
"""Seconds by which processes of this test alone are found."""
FIX = {"write": "calc.py", "text": FIXED}


def shell(line: str) -> dict[str, object]:
    return {"run": ["sh", "-c", line], "any_exit": True}


def until(holds: Callable[[], object]) -> None:
    """Wait for what another process does; nothing but looking tells."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def armed_repository(folder: Path, canary: Path) -> Path:
    """A repository in which every setting that names a program names one that leaves a trace."""
    persons_repository(folder)
    trace = f"touch '{canary}'"
    for name in ("reference-transaction", "post-checkout", "post-index-change", "pre-commit"):
        hook = folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{trace}\n")
        hook.chmod(0o755)
    for name in (
        *("core.fsmonitor", "core.sshCommand", "core.alternateRefsCommand", "core.editor"),
        *("filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.x.textconv"),
        *("diff.external", "merge.x.driver", "uploadpack.packObjectsHook", "gpg.program"),
    ):
        git(folder, "config", name, trace)
    (folder / ".gitattributes").write_text("* filter=x diff=x merge=x\n")
    return folder


def test_q1_a_repository_of_any_kind_is_only_read_and_nothing_in_it_runs(
    mas: Mas, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    plain = armed_repository(tmp_path / "sp ace\nline 한", canary)
    (plain / "deep" / "er").mkdir(parents=True)
    detached = armed_repository(tmp_path / "detached", canary)
    (detached / ".git" / "HEAD").write_text(git(detached, "rev-parse", "HEAD") + "\n")
    origin = persons_repository(tmp_path / "origin")
    git(origin, "commit", "-q", "-a", "-m", "Second")
    git(origin, "worktree", "add", "-q", str(tmp_path / "linked"), "other")
    git(origin, "clone", "-q", "--depth", "1", f"file://{origin}", str(tmp_path / "shallow"))
    git(origin, "clone", "-q", "--shared", str(origin), str(tmp_path / "shared"))
    git(origin, "clone", "-q", "--bare", str(origin), str(tmp_path / "bare.git"))
    coder = script_file(tmp_path, {"steps": [{"write": "a.txt", "text": "a\n"}]})
    named = [
        *(plain, plain / "deep" / "er", detached, tmp_path / "linked"),
        *(tmp_path / "shallow", tmp_path / "shared", tmp_path / "bare.git", f"file://{origin}"),
    ]
    watched = [plain, detached, origin, *(tmp_path / one for one in ("linked", "shallow"))]
    watched += [tmp_path / "shared", tmp_path / "bare.git"]
    before = [fingerprint(one) for one in watched]

    for repository in map(str, named):
        words = ("ask", "Do it.", "--agents", "1", "--repo", repository, "--coder", coder)
        asked = mas(*words, "--json")
        assert asked.code == 0, (repository, asked.err)
        (result,) = asked.json["result"]["results"]
        assert [one["path"] for one in result["files"]] == ["a.txt"]

    assert [fingerprint(one) for one in watched] == before
    assert not canary.exists()


def hostile_agents(canary: Path, foreign: Path) -> dict[str, list[Any]]:
    """What ten agents do to what they were given."""
    trace = f"touch {canary}"
    bytes_names = (
        "python3 -c \"open(b'inv\\xff.txt','w').write('x'); open(b'nl\\nname','w').write('y')\""
    )
    noise = (
        "sys.stdout.buffer.write(b'\\x1b[31m\\x1b]0;t\\x07\\x00\\xff\\r\\n' * 9 + b'A' * 50000000)"
    )
    settings = "; ".join(
        f"git config {name} '{trace}'"
        for name in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "diff.external")
    )
    return {
        "1": [shell("rm -rf .git; echo 1 > work.txt")],
        "2": [
            shell("git checkout -q --detach; git checkout -q -b side; echo s > side.txt"),
            {"commit": "Side"},
            shell("git checkout -q --orphan lone; git rm -rfq .; echo 2 > work.txt"),
            {"commit": "Lone"},
        ],
        "3": [
            shell("ln -s /etc etc; rm calc.py; ln -s /etc/hostname calc.py; echo 3 > work.txt"),
            shell(f"rm -rf .git; ln -s {foreign}/.git .git"),
        ],
        "4": [shell("cd ..; rm -rf agent-4/* agent-4/.git; rmdir agent-4; ln -s /etc agent-4")],
        "5": [
            shell("git init -q nested; echo n > nested/n.txt; mkfifo pipe; truncate -s 200M big"),
            shell(bytes_names),
            shell("mkdir -p shut many; echo s > shut/s.txt; chmod 000 shut; echo 5 > work.txt"),
            shell("cd many; seq 1 5001 | xargs touch"),
        ],
        "6": [
            shell(f"{settings}; printf '* filter=x diff=x\\n' > .gitattributes"),
            shell(f"mkdir h; printf '#!/bin/sh\\n{trace}\\n' > h/pre-commit; chmod +x h/*"),
            shell("git config core.hooksPath $PWD/h; echo 6 > work.txt"),
            shell(f"echo {foreign}/.git/objects >> .git/objects/info/alternates"),
            shell(f"echo {git(foreign, 'rev-parse', 'HEAD')} > .git/refs/heads/foreign"),
        ],
        "7": [
            shell(f'python3 -c "import sys; {noise}"'),
            {"write": "work.txt", "text": "7\n"},
            {"commit": "Sub\x1b[31mject\r\tx"},
            shell("git branch agent-2; git branch agent-1; git tag v1"),
        ],
        "8": [
            {"leave": ["sleep", LEFT]},
            shell(f"(setsid nohup sh -c 'sleep {HIDDEN}; {trace}' > /dev/null 2>&1 &)"),
            shell("cat; echo 8 > work.txt; echo h > $HOME/h; git update-ref -d HEAD; git gc -q"),
        ],
        "9": [
            shell("echo 9 > work.txt; : > .git/index; echo junk > .git/HEAD; chmod 000 .git ."),
        ],
        "10": [
            shell(
                "git rm -rq .; git commit -qm None; git reset -q --soft HEAD; echo 10 > work.txt"
            ),
            shell(
                f"cat {foreign}/foreign.txt ../agent-1/* {foreign.parent}/home/mas.db > seen.txt"
            ),
        ],
    }


def test_f3_hostile_agents_harm_nobody_and_all_of_their_work_is_kept(
    mas: Mas, tmp_path: Path
) -> None:
    repository = persons_repository(tmp_path / "project")
    foreign = persons_repository(tmp_path / "foreign")
    (foreign / "foreign.txt").write_text("canary-of-a-stranger\n")
    git(foreign, "add", "-A")
    git(foreign, "commit", "-q", "-m", "Foreign")
    canary = tmp_path / "canary"
    before = (fingerprint(repository), fingerprint(foreign))
    coder = script_file(tmp_path, {"agents": hostile_agents(canary, foreign)})
    asked = mas(
        *("ask", "Do it.", "--agents", "10", "--repo", str(repository), "--coder", coder),
        *("--check", JUDGED, "--json"),
    )
    assert asked.code == 0, asked.err
    answer = asked.json
    folder = run_folder(mas, answer["run_id"])
    results = by_agent(answer)

    assert {one["status"] for one in results.values()} == {"success"}
    for number in set(range(1, 11)) - {4}:
        assert git(folder, "show", f"agent-{number}:work.txt") == str(number)
    assert results[5]["diff_stat"]["files"] > 5003
    assert git(folder, "show", "agent-5:nested/n.txt") == "n"
    assert git(folder, "show", "agent-5:shut/s.txt") == "s"
    assert "big" not in git(folder, "ls-tree", "--name-only", "agent-5").split()
    assert git(folder, "show", "refs/mas/agent-2/side:side.txt") == "s"
    assert git(folder, "ls-tree", "agent-3", "calc.py").startswith("120000")
    assert git(folder, "show", "agent-10:seen.txt") == ""
    assert set(git(folder, "branch", "--format=%(refname:short)").split()) == {
        *("main", *(f"agent-{number}" for number in range(1, 11)))
    }
    git(folder, "fsck", "--strict")
    assert (fingerprint(repository), fingerprint(foreign)) == before
    assert not canary.exists()
    assert living(f"sleep {LEFT}") + living(f"sleep {HIDDEN}") + living(answer["run_id"]) == []
    assert list((folder / "checks").iterdir()) == []
    for shown in (answer["report"], mas("runs", "show", answer["run_id"]).out):
        assert "\x1b" not in shown
        assert "canary" not in shown


def repository_with_tests(folder: Path) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "calc.py").write_text(CALC)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_calc.py").write_text(
        "import unittest\n\nimport calc\n\n\nclass Add(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertEqual(calc.add(1, 2), 3)\n\n"
        "    def test_zero(self):\n        self.assertEqual(calc.add(0, 0), 0)\n"
    )
    (folder / "tests" / "__init__.py").touch()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Base")
    return folder


def test_f5_no_trick_is_ranked_above_honest_work(mas: Mas, tmp_path: Path) -> None:
    repository = repository_with_tests(tmp_path / "project")
    outside = tmp_path / "outside.txt"
    skip = "import unittest\n\n\ndef add(a, b):\n    raise unittest.SkipTest('later')\n"
    forge = "import os, sys\nprint('Ran 2 tests in 0.001s\\n\\nOK', file=sys.stderr)\nos._exit(1)\n"
    kill = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(os.getpid(), 9)\n"
    write = f"try:\n    open({str(outside)!r}, 'w').write('x')\nexcept OSError:\n    pass\n{FIXED}"
    agents: dict[str, list[Any]] = {
        "1": [{"write": "calc.py", "text": "import os\nos._exit(0)\n"}],
        "2": [{"write": "tests/test_calc.py", "text": ""}],
        "3": [{"delete": "tests"}],
        "4": [shell("git mv tests/test_calc.py tests/calc_old.txt")],
        "5": [{"write": "calc.py", "text": skip}],
        "6": [{"write": "calc.py", "text": forge}],
        "7": [{"write": "calc.py", "text": "import time\ntime.sleep(8000)\n"}],
        "8": [{"write": "calc.py", "text": kill}],
        "9": [{"write": "calc.py", "text": write}],
        "10": [{"write": "calc.py", "text": FIXED + "# honest, and longer than all tricks\n" * 20}],
    }
    asked = mas(
        *("ask", "Fix add.", "--agents", "10", "--repo", str(repository)),
        *("--coder", script_file(tmp_path, {"agents": agents})),
        *("--check", "python3 -m unittest -v", "--check", "no-such-program --x", "--json"),
        more={"MAS_CHECK_SECONDS": "20"},
    )
    assert asked.code == 0, asked.err
    ranking = asked.json["result"]["ranking"]
    assert [one["agent_id"] for one in ranking[:2]] == [9, 10]  # what 9 writes arrives nowhere
    passed = {one["agent_id"] for one in ranking if any(c["passed"] for c in one["checks"])}
    assert passed == {9, 10}
    edited = {one["agent_id"] for one in ranking if one["edited_checks"]}
    assert edited == {2, 3, 4}
    assert {one["agent_id"] for one in ranking[-3:]} == edited
    ends = {one["agent_id"]: one["checks"][0]["ended"] for one in ranking}
    assert ends[7] == "deadline"
    assert all(one["checks"][1]["ended"] == "not_started" for one in ranking)
    assert not outside.exists()
    assert living(asked.json["run_id"]) == []


def told(answer: Any) -> object:
    """What has to be the same whenever it was killed."""
    result = answer["result"]
    return (
        [
            (one["agent_id"], one["status"], one["files"], one["salvaged"])
            for one in result["results"]
        ],
        [(one["agent_id"], one["place"], one["score"]) for one in result["ranking"]],
        [[check["passed"] for check in one["checks"]] for one in result["ranking"]],
    )


def wrong_after(
    home: Path, moment: str, number: int, words: tuple[str, ...], wanted: object
) -> str:
    """Kill at one moment, resume; what is wrong then, or nothing."""
    mas = Mas(home)
    where = f"{moment} {number}"
    death = die(mas, moment, number, *words)
    if death.escaped:
        return f"{where}: {death.escaped}"
    if not mas.runs():
        return ""  # killed before the run was accepted
    (run,) = (one["run_id"] for one in mas.runs())
    until(lambda: living(run) == [])
    resumed = mas("runs", "resume", run, "--json")
    if resumed.code != 0 or "Traceback" in resumed.err:
        return f"{where}: {resumed.code} {resumed.err}"
    folder = run_folder(mas, run)
    if told(resumed.json) != wanted:
        return f"{where}: {told(resumed.json)}"
    # Each step once: what is appended twice would show.
    if git(folder, "show", "agent-1:once.txt") != "once":
        return f"{where}: agent 1 was done twice"
    sandboxes = (folder / "agents" / ".sandboxes").iterdir()
    # One that was just being made is left alone for some minutes.
    held = [one for one in sandboxes if not one.name.startswith("new-")]
    if left := [*(folder / "checks").iterdir(), *held]:
        return f"{where}: left {left}"
    if more := {one.name for one in folder.iterdir()} - {
        ".git",
        "objects",
        "worktrees",
        "agents",
        "checks",
    }:
        return f"{where}: more {more}"
    return ""


def test_r5_a_run_killed_at_any_moment_ends_as_if_it_had_lived(tmp_path: Path) -> None:
    repository = persons_repository(tmp_path / "project")
    coder = script_file(
        tmp_path,
        {
            "agents": {
                "1": [{"append": "once.txt", "text": "once\n"}, FIX, {"commit": "Fix"}],
                "2": [{"append": "half.txt", "text": "half\n"}],
            }
        },
    )
    words = (
        *("ask", "Do it.", "--agents", "2", "--repo", str(repository), "--coder", coder),
        *("--check", JUDGED, "--json"),
    )
    whole = Mas(tmp_path / "whole")(*words)
    assert whole.code == 0, whole.err
    wanted = told(whole.json)

    def one(at: tuple[str, int]) -> str:
        moment, number = at
        home = tmp_path / f"{moment}-{number}" / "home"
        home.parent.mkdir()
        return wrong_after(home, moment, number, words, wanted)

    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(one, MOMENTS) if wrong] == []


def test_r6_what_ignores_term_is_ended_by_a_cancel_and_a_second_cancel_is_refused(
    mas: Mas, tmp_path: Path
) -> None:
    deaf = f"trap '' TERM INT HUP; sleep {DEAF} & wait; sleep {DEAF}"
    steps = [{"write": "half.txt", "text": "half\n"}, {"leave": ["sh", "-c", deaf]}, shell(deaf)]
    coder = script_file(tmp_path, {"steps": steps})
    with mas.start("ask", "Do it.", "--agents", "2", "--coder", coder, "--json") as process:
        until(lambda: len(mas.runs()) == 1)
        (run,) = (one["run_id"] for one in mas.runs())
        folder = run_folder(mas, run)
        until(lambda: all((folder / f"worktrees/agent-{n}/half.txt").exists() for n in (1, 2)))
        assert "no best agent" in mas("runs", "merge", run).refused(2)
        assert mas("runs", "cancel", run).code == 0
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130, err
    assert living(f"sleep {DEAF}") + living(run) == []
    assert [one["salvaged"] for one in json.loads(out)["result"]["results"]] == [True, True]
    assert "already ended" in mas("runs", "cancel", run).refused(2)
    resumed = mas("runs", "resume", run, "--json")
    assert resumed.out == out
    assert resumed.code == 130


def test_r5_two_resumes_at_once_run_each_agent_once(mas: Mas, tmp_path: Path) -> None:
    steps = [
        {"append": "begun.txt", "text": "begun\n"},
        {"wait_for": "go", "seconds": 400},
        {"append": "done.txt", "text": "done\n"},
    ]
    coder = script_file(tmp_path, {"steps": steps})
    with mas.start("ask", "Do it.", "--agents", "1", "--coder", coder, "--json") as process:
        until(lambda: len(mas.runs()) == 1)
        (run,) = (one["run_id"] for one in mas.runs())
        worktree = run_folder(mas, run) / "worktrees" / "agent-1"
        until((worktree / "begun.txt").exists)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    until(lambda: living(run) == [])
    again = [mas.start("runs", "resume", run, "--json") for _ in range(2)]
    (worktree / "go").touch()
    ended = [one.communicate(timeout=LIMIT) for one in again]
    assert [one.returncode for one in again] == [0, 0], ended
    assert ended[0][0] == ended[1][0]
    folder = run_folder(mas, run)
    assert git(folder, "show", "agent-1:begun.txt") == "begun"
    assert git(folder, "show", "agent-1:done.txt") == "done"
    assert living(run) == []
