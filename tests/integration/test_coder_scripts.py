"""Coders that follow a script, as real processes in real repositories (A7, F2, R5)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.coders.choose import coder_named
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.coding import AgentMessage, Coder
from mas.core.errors import UserError
from support.coder_seat import SYSTEM_PATH, CoderSeat, Ran

Step = dict[str, Any]
Follow = Callable[..., Coder]


@pytest.fixture
def seat(tmp_path: Path) -> CoderSeat:
    return CoderSeat(root=tmp_path / "run")


@pytest.fixture
def follow(tmp_path: Path) -> Follow:
    def make(*steps: Step, **more: Any) -> Coder:
        file = tmp_path / "script.json"
        file.write_text(json.dumps({"steps": steps, **more}), "utf-8")
        return coder_named(f"script:{file}", path=SYSTEM_PATH)

    return make


async def test_a7_a_script_writes_and_commits_as_its_agent(seat: CoderSeat, follow: Follow) -> None:
    ran = await seat.run(
        follow(
            {"say": "I am agent {agent} on {branch}."},
            {"write": "src/note-{agent}.txt", "text": "asked: {prompt}\n"},
            {"write": "bin/tool", "text": "#!/bin/sh\necho ran\n", "executable": True},
            {"run": ["bin/tool"]},
            {"commit": "Add a note for {agent}"},
            {"commit": "Nothing is left"},
            {"use": "Bash", "text": "ls"},
        ),
        "Write {agent} 한국어\n'\"$HOME",
    )
    assert ran.outcome.exit_code == 0, ran.said
    note = (seat.worktree / "src/note-1.txt").read_text("utf-8")
    assert note == "asked: Write {agent} 한국어\n'\"$HOME\n"
    assert seat.subjects == ["Add a note for 1", "Base"]
    assert seat.git("log", "-1", "--format=%an <%ae>") == "agent-1 <agent-1@mas.invalid>"
    assert seat.git("status", "--porcelain") == ""
    assert ran.report.failure == ""
    for said in (
        "text: I am agent 1 on agent-1.",
        "result: exit 0\nran",
        "result: There is nothing to commit.",
        "tool: Bash: ls",
    ):
        assert said in ran.said


async def test_a7_contents_of_every_kind_are_written_exactly(
    seat: CoderSeat, follow: Follow
) -> None:
    ran = await seat.run(
        follow(
            {"write": "bytes", "base64": "AP8K"},
            {"write": "large", "size": 3_000_001},
            {"write": "empty", "size": 0},
            {"append": "text", "text": "a"},
            {"append": "text", "text": "b"},
            {"write": "gone/deep", "text": ""},
            {"delete": "gone"},
            {"commit": "Some", "paths": ["text"]},
        )
    )
    assert ran.outcome.exit_code == 0, ran.said
    assert (seat.worktree / "bytes").read_bytes() == b"\x00\xff\n"
    assert (seat.worktree / "large").stat().st_size == 3_000_001
    assert (seat.worktree / "empty").read_bytes() == b""
    assert (seat.worktree / "text").read_bytes() == b"ab"
    assert not (seat.worktree / "gone").exists()
    assert seat.git("ls-files") == "text"


async def test_a7_an_agent_with_steps_of_its_own_follows_those(
    seat: CoderSeat, follow: Follow
) -> None:
    own = await seat.run(follow({"say": "all"}, agents={"1": [{"say": "own"}], "2": []}))
    assert own.report.text == "own"
    other = await seat.run(follow({"say": "all"}, agents={"2": [{"say": "two"}]}))
    assert other.report.text == "all"


@pytest.mark.parametrize(
    ("step", "code", "told"),
    [
        ({"fail": "I give up on {agent}", "exit": 7}, 7, "I give up on 1"),
        ({"run": ["sh", "-c", "echo why; exit 3"]}, 1, "ended with 3 instead of 0"),
        ({"run": ["true"], "exit": 3}, 1, "ended with 0 instead of 3"),
        ({"git": ["checkout", "nowhere"]}, 1, "git ended with"),
        ({"run": ["no-such-program"]}, 1, "no-such-program"),
        ({"wait_for": "never", "seconds": 0.05}, 1, "did not come within 0.05 s"),
        ({"delete": "not-there"}, 1, "not-there"),
        ({"write": "/proc/not/possible", "text": ""}, 1, "Step 2 failed"),
    ],
)
async def test_a7_a_step_that_fails_ends_the_agent_with_its_reason(
    seat: CoderSeat, follow: Follow, step: Step, code: int, told: str
) -> None:
    ran = await seat.run(follow({"say": "before"}, step, {"say": "after"}))
    assert ran.outcome.exit_code == code
    assert told in ran.report.failure
    assert "after" not in ran.said


async def test_a7_a_step_that_may_fail_does_not_end_the_agent(
    seat: CoderSeat, follow: Follow
) -> None:
    ran = await seat.run(
        follow(
            {"delete": "not-there", "may_fail": True},
            {"run": ["sh", "-c", "exit 9"], "any_exit": True},
            {"say": "after"},
        )
    )
    assert (ran.outcome.exit_code, ran.report.failure) == (0, "")
    assert ran.report.text == "after"


async def test_r5_a_killed_agent_goes_on_behind_its_last_finished_step(
    seat: CoderSeat, follow: Follow
) -> None:
    coder = follow(
        {"append": "log", "text": "one\n"},
        {"commit": "One"},
        {"kill": "KILL"},
        {"append": "log", "text": "two\n"},
        {"commit": "Two"},
    )
    first = await seat.run(coder)
    assert first.outcome.exit_code == 137
    assert seat.subjects == ["One", "Base"]
    second = await seat.run(coder, restarted=True)
    assert second.outcome.exit_code == 0
    assert seat.subjects == ["Two", "One", "Base"]
    assert (seat.worktree / "log").read_text("utf-8") == "one\ntwo\n"
    assert "Going on behind step 3 of 5." in second.said
    # It is over: a third start does nothing.
    third = await seat.run(coder, restarted=True)
    assert third.outcome.exit_code == 0
    assert len(seat.subjects) == 3


async def test_r5_what_a_dying_agent_had_appended_is_not_appended_twice(
    seat: CoderSeat, follow: Follow
) -> None:
    coder = follow({"append": "log", "text": "one\n"}, {"append": "log", "text": "two\n"})
    assert (await seat.run(coder)).outcome.exit_code == 0
    progress = seat.home / ".script_coder.json"
    kept = json.loads(progress.read_text("utf-8"))
    # As it is on disk when the process dies between writing and saying so.
    progress.write_text(json.dumps({**kept, "done": 1, "size": 4}), "utf-8")
    assert (await seat.run(coder, restarted=True)).outcome.exit_code == 0
    assert (seat.worktree / "log").read_text("utf-8") == "one\ntwo\n"


async def test_r5_another_script_in_the_same_home_starts_at_its_beginning(
    seat: CoderSeat, follow: Follow
) -> None:
    assert (await seat.run(follow({"say": "a"}, {"say": "b"}))).report.text == "b"
    assert "text: c" in (await seat.run(follow({"say": "c"}, {"say": "d"}))).said


async def test_r5_progress_that_was_tampered_with_is_no_way_to_break_it(
    seat: CoderSeat, follow: Follow
) -> None:
    progress = seat.home / ".script_coder.json"
    await seat.run(follow({"say": "a"}))
    script = json.loads(progress.read_text("utf-8"))["script"]
    odd = json.dumps({"script": script, "done": "x", "size": []})
    for text in ("", "[]", "{", odd, json.dumps({"script": script, "done": -3})):
        progress.write_text(text, "utf-8")
        assert (await seat.run(follow({"say": "a"}))).report.text == "a"


async def test_s2_a_sleeping_agent_ends_at_its_deadline_and_its_daemon_with_it(
    seat: CoderSeat, follow: Follow
) -> None:
    mark = f"script-daemon-{os.getpid()}"
    coder = follow({"leave": ["sh", "-c", f"sleep 300; : {mark}"]}, {"sleep": 300})
    ran = await seat.run(coder, deadline=1.5)
    assert ran.outcome.exit_code is None
    assert f"leave: sh -c sleep 300; : {mark}" in ran.said
    assert _running(mark) == []


async def test_s2_a_daemon_does_not_outlive_the_agent_that_left_it(
    seat: CoderSeat, follow: Follow
) -> None:
    mark = f"script-daemon-{os.getpid()}"
    coder = follow(
        {"leave": ["sh", "-c", f"touch here; sleep 300; : {mark}"]}, {"wait_for": "here"}
    )
    assert (await seat.run(coder)).outcome.exit_code == 0
    assert _running(mark) == []


async def test_f4_what_an_agent_says_can_be_heard_message_by_message(
    seat: CoderSeat, follow: Follow
) -> None:
    heard: list[AgentMessage] = []
    await seat.run(follow({"say": "one"}, {"say": "two"}), heard=heard.append)
    assert [one.text for one in heard] == ["one", "two"]


@pytest.mark.parametrize("version", ["3.9", "3.12", "3.13"])
def test_a7_the_file_runs_on_other_versions_of_python(
    version: str, seat: CoderSeat, follow: Follow
) -> None:
    python = shutil.which(f"python{version}")
    works = python and subprocess.run([python, "-c", ""], capture_output=True, check=False)
    if not python or not works or works.returncode:
        pytest.skip(f"there is no Python {version} on this machine")
    start = follow({"write": "a", "text": "x"}, {"commit": "A"}, {"say": "ok"}).start(
        seat.task("p")
    )
    for name, data in start.files.items():
        (seat.control / name).write_bytes(data)
    argv = [python, *start.argv[1:]]
    done = subprocess.run(
        argv, env=seat.environment, cwd=seat.worktree, capture_output=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert seat.subjects == ["A", "Base"]


def test_a7_the_file_needs_nothing_of_mas(seat: CoderSeat, follow: Follow) -> None:
    start = follow({"say": "ok"}).start(seat.task("p"))
    for name, data in start.files.items():
        (seat.control / name).write_bytes(data)
    # Isolated and without site-packages: only the standard library is there.
    done = subprocess.run(
        [sys.executable, "-I", "-S", *start.argv[1:]],
        env={"HOME": str(seat.home), "PATH": SYSTEM_PATH},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, b"")


# Commands


async def _said_by(seat: CoderSeat, line: str, prompt: str) -> Ran:
    return await seat.run(coder_named(f"command:{line}", path=SYSTEM_PATH), prompt)


@pytest.mark.parametrize(
    "prompt",
    ["--help", "-n", "a\nb\n", "'\"\\$(id)`", "한국어 ✓ é", "{workdir} {prompt}", " lead ", "*"],
)
async def test_a7_a_prompt_reaches_a_real_program_byte_for_byte(
    seat: CoderSeat, prompt: str
) -> None:
    save = """sh -c 'printf %s "$1" > out; cat "$2" > file; cat > in' x {prompt} {prompt_file}"""
    ran = await _said_by(seat, save, prompt)
    assert ran.outcome.exit_code == 0, ran.said
    assert (seat.worktree / "out").read_bytes() == prompt.encode()
    assert (seat.worktree / "file").read_bytes() == prompt.encode()
    assert (seat.worktree / "in").read_bytes() == b""


async def test_a7_a_command_that_names_no_prompt_has_it_on_standard_input(
    seat: CoderSeat,
) -> None:
    ran = await _said_by(seat, "cat", "What to do,\nin lines")
    assert ran.report.text == "What to do,\nin lines"


async def test_a7_the_longest_argument_that_is_let_through_really_starts(seat: CoderSeat) -> None:
    longest = "x" * 131_071
    ran = await _said_by(seat, """sh -c 'printf %s "$1" | wc -c' x {prompt}""", longest)
    assert ran.report.text.strip() == "131071"


async def test_a7_places_hold_in_a_real_seat(seat: CoderSeat) -> None:
    line = "sh -c 'pwd; echo $1 $2; test -s $3' x {workdir} {agent} {instructions_file}"
    ran = await _said_by(seat, line, "p")
    assert ran.outcome.exit_code == 0
    assert ran.report.text.splitlines() == [str(seat.worktree), f"{seat.worktree} 1"]


async def test_f4_a_failing_command_is_told_by_its_exit_code_and_last_words(
    seat: CoderSeat,
) -> None:
    ran = await _said_by(seat, "sh -c 'echo trying; echo broken >&2; exit 5'", "p")
    assert ran.outcome.exit_code == 5
    assert ran.report.text == "trying\nbroken"
    assert ran.report.failure == ""


# In the sandbox of this machine


@pytest.fixture
async def boxed(tmp_path: Path) -> CoderSeat:
    executor = LocalSandbox(SYSTEM_PATH)
    try:
        await executor.ready()
    except UserError as exc:
        pytest.skip(f"this machine isolates nothing: {exc}")
    return CoderSeat(
        root=tmp_path / "run",
        executor=executor,
        python=executor.python,
        path=executor.path,
        boxed=True,
    )


async def test_f3_a_script_works_in_the_sandbox_and_its_attempts_to_leave_it_fail(
    boxed: CoderSeat, follow: Follow, tmp_path: Path
) -> None:
    (boxed.root / "worktrees/agent-2").mkdir()
    ran = await boxed.run(
        follow(
            {"write": "a", "text": "{prompt}"},
            {"write": "../agent-2/b", "text": "", "may_fail": True},
            {"write": str(tmp_path / "c"), "text": "", "may_fail": True},
            {"commit": "A"},
            {"say": "over"},
        ),
        "p",
    )
    assert ran.outcome.exit_code == 0, ran.said
    assert ran.report.text == "over"
    assert boxed.subjects == ["A", "Base"]
    assert list((boxed.root / "worktrees/agent-2").iterdir()) == []
    assert not (tmp_path / "c").exists()


async def test_f3_a_command_works_in_the_sandbox(boxed: CoderSeat) -> None:
    line = """sh -c 'printf %s "$1" > out; git add -A; git commit -qm Out' x {prompt}"""
    ran = await _said_by(boxed, line, "한국어")
    assert ran.outcome.exit_code == 0, ran.said
    assert boxed.subjects == ["Out", "Base"]
    assert (boxed.worktree / "out").read_text("utf-8") == "한국어"


async def test_r5_a_killed_script_goes_on_in_the_sandbox(boxed: CoderSeat, follow: Follow) -> None:
    coder = follow({"append": "log", "text": "1"}, {"kill": "KILL"}, {"append": "log", "text": "2"})
    assert (await boxed.run(coder)).outcome.exit_code != 0
    assert (await boxed.run(coder, restarted=True)).outcome.exit_code == 0
    assert (boxed.worktree / "log").read_text("utf-8") == "12"


def _running(mark: str) -> list[str]:
    listed = subprocess.run(
        ["ps", "-e", "-ww", "-o", "args="], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if mark in line]
