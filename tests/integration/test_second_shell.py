"""Runs are watched, cancelled and taken up from a second shell (R5, R6, R9, U1)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command import Mas
from support.killed_mas import DYING

pytestmark = pytest.mark.slow

ASK = "Should we adopt Tekton?"
MIDDLE = 14
"""A round of transactions in the middle of a run."""


@contextmanager
def standing_still(mas: Mas, homelab: str, *, at: int = MIDDLE) -> Iterator[subprocess.Popen[str]]:
    """A `mas ask` that has stopped in the middle of its run, and goes on at SIGCONT."""
    process = subprocess.Popen(
        [sys.executable, DYING, "pause", str(at), "ask", ASK, "--cluster", homelab, "--json"],
        env=mas.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), "it ended before it stood still"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def go_on(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Let it go on to its end."""
    process.send_signal(signal.SIGCONT)
    return process.communicate(timeout=60)


def test_r9_a_second_shell_watches_a_run_from_its_first_event_to_its_last(
    mas: Mas, homelab: str
) -> None:
    with standing_still(mas, homelab) as process:
        (run,) = mas.runs()
        assert run["status"] == "running"
        watcher = mas.start("runs", "watch", run["run_id"], "--json")
        assert watcher.stdout is not None
        first = json.loads(watcher.stdout.readline())
        assert first["number"] == 1
        out, _ = go_on(process)
        rest = watcher.stdout.read()
        watcher.communicate(timeout=60)
    assert json.loads(out)["status"] == "succeeded"
    assert watcher.returncode == 0
    events = [first, *(json.loads(line) for line in rest.splitlines())]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run_finished"


def test_r6_a_second_shell_cancels_a_run(mas: Mas, homelab: str) -> None:
    with standing_still(mas, homelab) as process:
        (run,) = mas.runs()
        cancelled = mas("runs", "cancel", run["run_id"], "--json")
        assert cancelled.code == 0, cancelled.err
        _, err = go_on(process)
    assert process.returncode == 130
    assert "cancelled" in err
    (run,) = mas.runs()
    assert run["status"] == "cancelled"
    assert run["stop_reason"] == "cancelled"


def test_r6_a_run_whose_process_is_dead_can_be_cancelled(mas: Mas, homelab: str) -> None:
    with standing_still(mas, homelab):
        pass
    (run,) = mas.runs()
    assert mas("runs", "cancel", run["run_id"]).code == 0
    (run,) = mas.runs()
    assert run["status"] == "cancelled"
    assert "Nothing is unfinished" in mas("runs", "resume").err


def test_r5_resume_takes_up_the_named_run_and_prints_its_answer(mas: Mas, homelab: str) -> None:
    with standing_still(mas, homelab):
        pass
    (run,) = mas.runs()
    resumed = mas("runs", "resume", run["run_id"], "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["result"]["verdict"] == "do_not_recommend"
    assert mas("runs", "report", run["run_id"]).out == resumed.json["report"]


def test_r5_a_resume_reads_no_file_that_a_record_holds_already(
    homelab: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(Path(homelab).read_bytes())
    # How far a run is after so many rounds depends on which transactions came together.
    for at in range(MIDDLE + 3, MIDDLE + 9):
        mas = Mas(tmp_path / f"home-{at}")
        with standing_still(mas, str(copy), at=at):
            pass
        (run,) = mas.runs()
        shown = mas("runs", "show", run["run_id"], "--json").json
        keys = [record["key"] for task in shown["tasks"] for record in task["records"]]
        if keys.count("observe") >= 2:
            break
    assert keys.count("observe") == 2, "the cluster has been read and recorded"
    copy.unlink()
    assert mas("runs", "resume", run["run_id"]).code == 0


def test_u1_an_interrupt_says_how_to_go_on(mas: Mas, homelab: str) -> None:
    with standing_still(mas, homelab) as process:
        process.send_signal(signal.SIGINT)
        _, err = go_on(process)
    assert process.returncode == 130
    assert "mas runs resume" in err
    assert "Traceback" not in err
    resumed = mas("runs", "resume", "--json")
    assert resumed.code == 0
    assert [answer["status"] for answer in resumed.json] == ["succeeded"]


def test_u1_runs_are_named_by_the_start_or_end_of_their_id(mas: Mas, homelab: str) -> None:
    answer = mas("ask", ASK, "--cluster", homelab, "--json").json
    run_id = answer["run_id"]
    assert mas("runs", "show", run_id[-8:], "--json").json["run_id"] == run_id
    assert mas("runs", "report", run_id).out == answer["report"]
    listed = mas("runs", "list")
    assert run_id in listed.out
    shown = mas("runs", "show", run_id).out
    assert "observe" in shown
    assert "[decider]" in shown
