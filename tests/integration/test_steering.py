"""Following and steering a run from other shells, and a person at a terminal (R6, R7, A1)."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mas.testing.models import ModelRequest, Reply, ScriptedModelServer
from support.command import Mas
from support.scripted_home import KEY, agent, finish, mas_with_model, stage_of

pytestmark = pytest.mark.slow

LIMIT = 100.0
PATIENT = "200"
"""Seconds for a model whose answer waits for other commands: asked again, it would act again."""


def test_r6_another_shell_follows_what_an_agent_writes_while_it_works(tmp_path: Path) -> None:
    """The model's answer is held back until the follower has seen its first words."""
    watched: list[subprocess.Popen[str]] = []
    seen: list[str] = []

    def script(request: ModelRequest) -> Reply:
        if stage_of(request) == "act" and not watched:
            (run,) = home.runs()
            watcher = home.start("runs", "watch", run["run_id"], "--live", "--json")
            watched.append(watcher)
            assert watcher.stdout is not None
            for line in watcher.stdout:
                event = json.loads(line)
                if "text" in event:
                    seen.append(event["text"])
                    break
        if stage_of(request) == "act" and "tool_result" not in str(request.body):
            answer = agent(request, "note.txt")
            return Reply(text="I write the note now.", calls=answer.calls)
        return agent(request, "note.txt")

    with ScriptedModelServer(script, key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        home.environment["MAS_MODELS_TIMEOUT_SECONDS"] = PATIENT
        done = home("agents", "run", "coder", "Write note.txt", "--yes", "--json")
        rest, _ = watched[0].communicate(timeout=LIMIT)

    assert done.code == 0, done.err
    assert seen, "nothing was shown before the answer"
    lines = [json.loads(line) for line in rest.splitlines()]
    assert "I write the note now." in "".join(line.get("text", "") for line in lines)
    assert lines[-1].get("type") == "run_finished" or "text" in lines[-1]
    assert not list((tmp_path / "home" / "live").glob("*")), "live text outlived its run"
    shown = home("runs", "show", done.json["run_id"], "--json").out
    assert "I write the note now." not in shown, "live text is no part of the record"


def test_r7_a_person_at_the_terminal_is_shown_the_call_and_answers_it(tmp_path: Path) -> None:
    with ScriptedModelServer(lambda request: agent(request, "note.txt"), key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        said, code = at_terminal(home, ("agents", "run", "coder", "Write note.txt"), "y\n")

    assert code == 0, said
    assert "files.write (write) note.txt" in said
    assert '"content": "hello' in said
    (run,) = home.runs()
    assert (tmp_path / "home" / "workspaces" / run["run_id"] / "note.txt").exists()


def test_r7_no_at_the_terminal_rejects_with_the_words_that_follow(tmp_path: Path) -> None:
    with ScriptedModelServer(lambda request: agent(request, "note.txt"), key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        words = ("agents", "run", "coder", "Write note.txt")
        said, code = at_terminal(home, words, "no, not on a Friday\n")

    assert code == 3, said
    assert "not on a Friday" in said


def at_terminal(mas: Mas, words: tuple[str, ...], answer: str) -> tuple[str, int]:
    """Run at a terminal, and type the answer when it is asked for."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mas", *words],
        env={**mas.environment, "TERM": "dumb", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said, typed, deadline = b"", False, time.monotonic() + LIMIT
    try:
        while time.monotonic() < deadline:
            ready, _, _ = select.select([ours], [], [], 1.0)
            try:
                data = os.read(ours, 65536) if ready else b""
            except OSError:
                break  # the other end has gone
            said += data
            if b"Do it?" in said and not typed:
                typed = True
                os.write(ours, answer.encode())
            if not ready and process.poll() is not None:
                break
        return said.decode("utf-8", "replace"), process.wait(timeout=LIMIT)
    finally:
        process.kill()
        os.close(ours)


def test_r6_a_follow_up_has_the_subject_and_the_cluster_of_the_first_run(
    mas: Mas, homelab: str
) -> None:
    first = mas("ask", "Should we adopt Harbor?", "--cluster", homelab, "--json").json
    again = mas("ask", "And why is that?", "--after", first["run_id"], "--json")
    other = mas("ask", "And what about Tekton?", "--after", first["run_id"], "--json")

    assert again.code == 0, again.err
    assert again.json["result"]["tool"] == first["result"]["tool"]
    assert _which(again.json) == _which(first)
    assert other.json["result"]["tool"]["id"] == "tekton"
    assert _which(other.json) == _which(first)


def _which(decided: dict[str, Any]) -> dict[str, Any]:
    """What a decision says of its cluster, without the moment in which it was read."""
    cluster: dict[str, Any] = decided["result"]["cluster"]
    return {name: value for name, value in cluster.items() if name != "read_at"}


def test_r6_a_follow_up_of_a_run_that_is_not_there_is_refused(mas: Mas) -> None:
    assert "20000101_000000_00000000" in mas(
        "ask", "And why?", "--after", "20000101_000000_00000000"
    ).refused(2)


def test_a1_a_bad_role_file_is_named_and_stops_nothing(mas: Mas, homelab: str) -> None:
    folder = mas.home / "agents"
    folder.mkdir(parents=True)
    (folder / "broken.md").write_text("---\nname: [\n---\nDo it.\n", encoding="utf-8")
    done = mas("ask", "Should we adopt Tekton?", "--cluster", homelab, "--no-model")

    assert done.code == 0
    assert "broken.md:2" in done.err
    assert "Traceback" not in done.err


def test_a1_a_built_in_role_does_not_stand_in_for_a_broken_file_of_its_name(
    tmp_path: Path,
) -> None:
    with ScriptedModelServer(lambda request: agent(request, "note.txt"), key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        (home.home / "agents").mkdir()
        (home.home / "agents" / "coder.md").write_text("---\nname: [\n---\n", encoding="utf-8")
        done = home("agents", "run", "coder", "Write note.txt", "--yes", "--json")
        assert server.asked == ()

    assert done.code == 2
    assert "coder.md:2" in done.json["error"]["message"]


def test_r8_the_limits_of_a_role_file_hold_for_an_agent_that_works_alone(tmp_path: Path) -> None:
    with ScriptedModelServer(lambda request: agent(request, "note.txt"), key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        (home.home / "agents").mkdir()
        text = "---\nname: small\ndescription: x\nlimits:\n  tokens: 100\n---\nDo it.\n"
        (home.home / "agents" / "small.md").write_text(text, encoding="utf-8")
        done = home("agents", "run", "small", "Write note.txt", "--yes", "--json")
        assert server.asked == ()

    assert done.code == 4, done.err
    assert "100 tokens" in done.json["error"]["message"]


@pytest.mark.parametrize("stage", ["observe", "act"])
def test_q1_ctrl_c_in_a_model_call_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, stage: str
) -> None:
    process: list[subprocess.Popen[str]] = []

    def script(request: ModelRequest) -> Reply:
        if process and stage_of(request) == stage:
            process.pop().send_signal(2)
            return Reply(calls=(finish(summary="x", facts=[], findings=[]),), delay=held)
        return agent(request, "note.txt")

    held = timedelta(seconds=5)
    with ScriptedModelServer(script, key=KEY) as server:
        home = mas_with_model(tmp_path / "home", server, "anthropic")
        with home.start("agents", "run", "coder", "Write note.txt", "--yes", "--json") as started:
            process.append(started)
            _, err = started.communicate(timeout=LIMIT)
        assert started.returncode == 130, err
        (run,) = home.runs()
        resumed = home("runs", "resume", run["run_id"], "--json")

    assert "mas runs resume" in err
    assert resumed.code == 0, resumed.err
