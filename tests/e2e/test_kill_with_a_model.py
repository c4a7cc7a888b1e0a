"""`kill -9` of runs with models: no finished call is paid twice, no approval is lost (R5, R7)."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from mas.testing.models import Fault, ModelRequest, Reply, ScriptedModelServer
from support.command import CLUSTERS, Mas
from support.killed_mas import die
from support.scripted_home import KEY, helpful, mas_with_model, writing

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

ASK = "Should we adopt Tekton?"
HOMELAB = str(CLUSTERS / "homelab.json")
ASKING = ("ask", ASK, "--cluster", HOMELAB, "--json")
LIMIT = 60.0


def model_calls(mas: Mas, run: str) -> int:
    """How many calls to models the journal holds."""
    shown = mas("runs", "show", run, "--json").json
    return sum(
        record["kind"] == "model_call" for task in shown["tasks"] for record in task["records"]
    )


def check(folder: Path, number: int, whole: int) -> str | None:
    """Kill before one round, resume, count the calls; what is wrong, or None."""
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(folder / "home", server, "anthropic")
        death = die(mas, "before", number, *ASKING)
        if death.escaped:
            return f"round {number}: {death.escaped}"
        if not mas.runs():
            return None  # killed before the run was accepted: there is nothing to lose
        (run,) = mas.runs()
        finished, asked = model_calls(mas, run["run_id"]), len(server.asked)
        if asked - finished not in (0, 1):
            return f"round {number}: {asked} asked, {finished} kept"
        if run["status"] == "succeeded":
            return None
        resumed = mas("runs", "resume", run["run_id"], "--json")
        again = len(server.asked) - asked
    if resumed.code != 0 or resumed.json["status"] != "succeeded":
        return f"round {number}: resume ended with {resumed.code}: {resumed.err}"
    if again != whole - finished:
        return f"round {number}: {finished} were finished, {again} of {whole} asked after it"
    if resumed.json["result"]["verdict"] != "do_not_recommend":
        return f"round {number}: {resumed.json['result']['verdict']}"
    return None


def test_r5_a_model_call_that_had_finished_is_never_paid_twice(tmp_path: Path) -> None:
    with ScriptedModelServer(helpful, key=KEY) as server:
        mas = mas_with_model(tmp_path / "whole" / "home", server, "anthropic")
        lived = die(mas, "before", 0, *ASKING)
        whole = len(server.asked)
    assert lived.code == 0, lived.err
    assert whole >= 1
    rounds = lived.rounds
    assert rounds is not None
    assert rounds > whole

    with ThreadPoolExecutor(max_workers=2) as pool:
        problems = list(
            pool.map(
                lambda number: check(tmp_path / f"before-{number}", number, whole),
                range(1, rounds + 1),
            )
        )
    assert [problem for problem in problems if problem] == []


def test_r5_a_run_killed_in_the_middle_of_a_model_call_is_finished(tmp_path: Path) -> None:
    hangs = True

    def script(request: ModelRequest) -> Reply | Fault:
        return Fault(kind="hang") if hangs else helpful(request)

    with ScriptedModelServer(script, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "openai")
        with mas.start("ask", ASK, "--cluster", HOMELAB, "--json") as process:
            server.wait_for(1, timedelta(seconds=LIMIT))
            process.kill()
        hangs = False
        (run,) = mas.runs()
        resumed = mas("runs", "resume", run["run_id"], "--json")

    assert resumed.code == 0, resumed.err
    assert resumed.json["result"]["verdict"] == "do_not_recommend"


def test_r7_a_run_killed_while_it_waits_for_approval_makes_the_stored_call_once(
    tmp_path: Path,
) -> None:
    with ScriptedModelServer(writing, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        with mas.start("agents", "run", "coder", "Write note.txt", "--json") as process:
            run = wait_for_approval(mas)
            asked = len(server.asked)
            os.kill(process.pid, signal.SIGKILL)
        (waiting,) = mas("runs", "show", run, "--json").json["approvals"]
        assert waiting["tool"] == "files.write"
        assert waiting["arguments"] == {"path": "note.txt", "content": "hello\n"}
        assert waiting["risk"] == "write"
        workspace = tmp_path / "home" / "workspaces" / run / "note.txt"
        assert not workspace.exists()

        approved = mas("runs", "approve", run, "--comment", "go on")
        assert approved.code == 0, approved.err
        resumed = mas("runs", "resume", run, "--json")
        again = len(server.asked) - asked

    assert resumed.code == 0, resumed.err
    assert workspace.read_text(encoding="utf-8") == "hello\n"
    shown = mas("runs", "show", run, "--json").json
    calls = [r for t in shown["tasks"] for r in t["records"] if r["kind"] == "model_call"]
    assert len(calls) == asked + again, "a finished call was asked again"
    (task,) = resumed.json["result"]["tasks"]
    assert task["result"]["success"] is True


def wait_for_approval(mas: Mas) -> str:
    """The id of the run that waits for a person, as soon as it does."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        waiting = [run for run in mas.runs() if run["status"] == "awaiting_approval"]
        if waiting:
            return str(waiting[0]["run_id"])
    raise AssertionError("no run waits for approval")
