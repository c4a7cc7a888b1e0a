"""Whole fanout runs through the command line: ten agents, ranking, merge, crash, cancel."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from support.command import Mas
from support.fanout_world import (
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

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

LIMIT = 120.0
STOPPED_WITHIN = 100.0
"""Seconds; a third of what the agents would sleep."""
FIX = [{"write": "calc.py", "text": FIXED}, {"commit": "Fix add"}]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return persons_repository(tmp_path / "project")


def until(holds: Any) -> None:
    """Wait for what another process does; nothing but looking tells."""
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def only_run(mas: Mas) -> str:
    until(lambda: len(mas.runs()) == 1)
    (run,) = mas.runs()
    return str(run["run_id"])


def test_f1_ten_agents_give_ten_branches_a_ranking_and_a_merge(
    mas: Mas, repository: Path, tmp_path: Path
) -> None:
    before = fingerprint(repository)
    plain = {
        str(number): [
            {"write": "calc.py", "text": FIXED + "# more\n" * number},
            {"commit": "Fix add"},
        ]
        for number in (1, 3, 5)
    }
    coder = script_file(
        tmp_path,
        {
            "steps": FIX,
            "agents": {
                **plain,
                "2": [{"say": "Everything is done and tested!"}],
                "4": [{"write": "check.py", "text": "print('ok')\n"}, {"commit": "Make it pass"}],
                "6": [{"write": "calc.py", "text": FIXED}],
                "7": [{"write": "calc.py", "text": FIXED}, {"fail": "no more", "exit": 3}],
                "8": [{"write": "calc.py", "text": "def add(a, b):\n    return 7\n"}],
                "9": [{"write": "calc.py", "text": FIXED}, {"kill": "KILL"}],
            },
        },
    )
    asked = mas(
        *("ask", "Fix add.", "--agents", "10", "--repo", str(repository)),
        *("--coder", coder, "--check", JUDGED, "--json"),
    )
    assert asked.code == 0, asked.err
    answer = asked.json
    results = by_agent(answer)
    folder = run_folder(mas, answer["run_id"])

    assert {number: one["status"] for number, one in results.items()} == {
        **dict.fromkeys((1, 3, 4, 5, 6, 8, 10), "success"),
        2: "no_changes",
        7: "failed",
        9: "killed",
    }
    assert answer["result"]["summary"] == {"total_agents": 10, "successful": 7, "failed": 3}
    branches = git(folder, "branch", "--format=%(refname:short)").splitlines()
    assert set(branches) == {"main", *(f"agent-{number}" for number in range(1, 11))}
    assert git(folder, "rev-parse", "main") == git(repository, "rev-parse", "main")
    for number in (6, 7, 8, 9):
        assert results[number]["salvaged"], number
        assert git(folder, "log", "-1", "--format=%an", f"agent-{number}") == f"agent-{number}"
    assert git(folder, "show", "agent-9:calc.py") == FIXED.strip()

    ranking = [one["agent_id"] for one in answer["result"]["ranking"]]
    assert sorted(ranking) == list(range(1, 11))
    assert ranking[0] == 6  # as good as 10, and the lower number
    assert ranking[:5] == [6, 10, 1, 3, 5]
    assert ranking[-2:] == [4, 2]  # who edited the check, then who did nothing
    cheat = next(one for one in answer["result"]["ranking"] if one["agent_id"] == 4)
    assert cheat["edited_checks"] == ["check.py"]
    assert not any(check["passed"] for check in cheat["checks"])

    run = answer["run_id"]
    shown = mas("runs", "diff", run, "--agents", "6,8", "--json")
    assert shown.code == 0
    assert [one["path"] for one in shown.json["files"]] == ["calc.py"]
    merged = mas("runs", "merge", run, "--agent", "10", "--json")
    assert merged.code == 0
    assert merged.json["moved"] is True
    assert git(folder, "show", "main:calc.py") == FIXED.strip()
    conflict = mas("runs", "merge", run, "--agent", "8", "--json")
    assert conflict.code == 1
    assert conflict.json["conflicts"] == ["calc.py"]
    assert git(folder, "rev-parse", "main") == merged.json["commit"]
    assert fingerprint(repository) == before

    delivered = mas("runs", "merge", run, "--agent", "10", "--deliver", "--json")
    assert delivered.json["delivered"] == f"mas/run_{run}"
    assert git(repository, "show", f"mas/run_{run}:calc.py") == FIXED.strip()
    assert git(repository, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert (repository / "notes.txt").read_text() == "not committed\n"
    assert living(run) == []


def test_r5_a_killed_run_is_finished_and_no_agent_is_done_twice(
    mas: Mas, repository: Path, tmp_path: Path
) -> None:
    """kill -9 while one agent has ended and one works: the first is not started again, the second
    goes on in its worktree."""
    coder = script_file(
        tmp_path,
        {
            "agents": {
                "1": [{"append": "ended.txt", "text": "once\n"}, {"commit": "Done"}],
                "2": [
                    {"append": "begun.txt", "text": "begun\n"},
                    {"commit": "Begun"},
                    {"wait_for": "go", "seconds": 300},
                    {"append": "begun.txt", "text": "finished\n"},
                    {"commit": "Finished"},
                ],
            }
        },
    )
    words = ("ask", "Do it.", "--agents", "2", "--repo", str(repository), "--coder", coder)
    with mas.start(*words, "--json") as process:
        run = only_run(mas)
        folder = run_folder(mas, run)

        def ready() -> bool:
            tasks = {one["id"]: one for one in mas("runs", "show", run, "--json").json["tasks"]}
            first = tasks.get("agent-1", {}).get("status") == "succeeded"
            return first and (folder / "worktrees" / "agent-2" / "begun.txt").exists()

        until(ready)
        assert [one["status"] for one in mas.runs()] == ["running"]
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    until(lambda: living(run) == [])  # nothing outlives a local MAS
    (folder / "worktrees" / "agent-2" / "go").touch()
    resumed = mas("runs", "resume", run, "--json")

    assert resumed.code == 0, resumed.err
    results = by_agent(resumed.json)
    assert [one["status"] for one in results.values()] == ["success", "success"]
    assert git(folder, "show", "agent-1:ended.txt") == "once"
    assert git(folder, "show", "agent-2:begun.txt") == "begun\nfinished"
    assert results[2]["restarts"] == 1
    assert living(run) == []


def stop_by_cancel(mas: Mas, process: subprocess.Popen[str], run: str) -> int:
    assert mas("runs", "cancel", run).code == 0
    return 130


def stop_by_interrupt(mas: Mas, process: subprocess.Popen[str], run: str) -> int:
    process.send_signal(signal.SIGINT)
    return 130


def stop_by_term(mas: Mas, process: subprocess.Popen[str], run: str) -> int:
    process.send_signal(signal.SIGTERM)
    return 130


@pytest.mark.parametrize("stop", [stop_by_cancel, stop_by_interrupt, stop_by_term])
def test_r6_a_stopped_run_leaves_no_process_and_keeps_the_work(
    mas: Mas, repository: Path, tmp_path: Path, stop: Any
) -> None:
    coder = script_file(
        tmp_path,
        {
            "steps": [
                {"write": "half.txt", "text": "half\n"},
                {"leave": ["sleep", "300"]},
                {"sleep": 300},
            ]
        },
    )
    words = ("ask", "Do it.", "--agents", "2", "--repo", str(repository), "--coder", coder)
    with mas.start(*words, "--json") as process:
        run = only_run(mas)
        folder = run_folder(mas, run)
        until(lambda: all((folder / f"worktrees/agent-{n}/half.txt").exists() for n in (1, 2)))
        began = time.monotonic()
        wanted = stop(mas, process, run)
        _, err = process.communicate(timeout=LIMIT)
    assert time.monotonic() - began < STOPPED_WITHIN
    assert process.returncode == wanted, err
    assert "Traceback" not in err
    assert living(run) == []
    for number in (1, 2):
        assert git(folder, "show", f"agent-{number}:half.txt") == "half"
    if stop is stop_by_cancel:
        shown = mas("runs", "show", run, "--json").json
        assert shown["status"] == "cancelled"
        statuses = [one["status"] for one in shown["result"]["results"]]
        assert statuses == ["cancelled", "cancelled"]


def test_f2_an_agent_that_takes_too_long_is_stopped_and_its_work_is_kept(
    mas: Mas, repository: Path, tmp_path: Path
) -> None:
    coder = script_file(
        tmp_path, {"steps": [{"write": "half.txt", "text": "half\n"}, {"sleep": 300}]}
    )
    asked = mas(
        *("ask", "Do it.", "--agents", "1", "--repo", str(repository), "--coder", coder),
        *("--task-seconds", "10", "--json"),
    )
    assert asked.code == 1
    answer = asked.json
    (result,) = answer["result"]["results"]
    assert result["status"] == "timeout"
    assert result["salvaged"] is True
    assert answer["status"] == "failed"
    folder = run_folder(mas, answer["run_id"])
    assert git(folder, "show", "agent-1:half.txt") == "half"
    assert living(answer["run_id"]) == []


def test_f1_without_a_repository_agents_start_from_a_readme(mas: Mas, tmp_path: Path) -> None:
    coder = script_file(tmp_path, {"steps": [{"write": "a.txt", "text": "a\n"}]})
    asked = mas("ask", "Write a.", "--agents", "1", "--coder", coder, "--json")
    assert asked.code == 0, asked.err
    folder = run_folder(mas, asked.json["run_id"])
    assert git(folder, "ls-tree", "--name-only", "main") == "README.md"
    assert git(folder, "ls-tree", "--name-only", "agent-1").splitlines() == ["README.md", "a.txt"]


def test_a7_the_prompt_arrives_byte_for_byte(mas: Mas, tmp_path: Path) -> None:
    prompt = "Say 'ä' \"b\" {workdir} $HOME `id`\n--flag 한국어 {other}"
    coder = "command:sh -c 'printf %s \"$1\" > said.txt' x {prompt}"
    asked = mas("ask", prompt, "--agents", "1", "--coder", coder, "--json")
    assert asked.code == 0, asked.err
    worktree = run_folder(mas, asked.json["run_id"]) / "worktrees" / "agent-1"
    assert (worktree / "said.txt").read_text() == prompt


def test_s3_agents_get_an_environment_made_from_nothing(mas: Mas, tmp_path: Path) -> None:
    secret = {"ANTHROPIC_API_KEY": "sk-canary-0123456789", "MAS_CANARY": "canary-value"}
    asked = mas(
        *("ask", "Look.", "--agents", "1", "--json"),
        *("--coder", "command:sh -c 'env > seen.txt; git config user.name >> seen.txt'"),
        more=secret,
    )
    assert asked.code == 0, asked.err
    worktree = run_folder(mas, asked.json["run_id"]) / "worktrees" / "agent-1"
    seen = (worktree / "seen.txt").read_text()
    assert "canary" not in seen
    assert "MAS_" not in seen
    names = {line.partition("=")[0] for line in seen.splitlines() if "=" in line}
    assert {"PATH", "HOME", "GIT_AUTHOR_NAME", "AGENT_BRANCH"} <= names
    assert "agent-1" in seen.splitlines()[-1]
