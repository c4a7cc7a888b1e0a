"""`POST /orchestrate` from the request to the files of the agents, with a script as coder (F6)."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.api_server import Serving, serving
from support.command import LIMIT_SECONDS, Mas

GO = {"wait_for": "go", "seconds": 60}
WORK = [{"write": "made.txt", "text": "made by agent {agent}\n"}, {"commit": "Make it"}]
"""What an agent does that does what it is told."""


def script(folder: Path, *steps: dict[str, Any], **agents: list[dict[str, Any]]) -> str:
    """A coder: agents `a2`, `a3` have steps of their own, all others follow `steps`."""
    file = folder / "script.json"
    own = {name.removeprefix("a"): one for name, one in agents.items()}
    file.write_text(json.dumps({"steps": list(steps), "agents": own}), encoding="utf-8")
    return f"script:{file}"


@contextmanager
def events_of(mas: Mas, run_id: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of a run and what its agents write, as they come, to its end."""
    process = mas.start("runs", "watch", run_id, "--live", "--json")
    try:
        assert process.stdout is not None
        yield (json.loads(line) for line in process.stdout)
    finally:
        process.kill()
        process.communicate(timeout=LIMIT_SECONDS)


def until_said(events: Iterator[dict[str, Any]], text: str) -> None:
    """Read on until an agent has written something."""
    assert any(text in str(event.get("text", "")) for event in events), f"nobody said {text!r}"


def to_the_end(mas: Mas, run_id: str) -> None:
    """Return when a run has ended."""
    watched = mas("runs", "watch", run_id, "--json")
    assert json.loads(watched.out.splitlines()[-1])["type"] == "run_finished", watched.err


def let_go(mas: Mas, run_id: str, agent: int = 1) -> None:
    """Let an agent go on that waits for the file `go`."""
    (mas.home / f"workspace/runs/run_{run_id}/worktrees/agent-{agent}/go").touch()


def test_f6_three_agents_are_answered_as_each_has_ended(mas: Mas, tmp_path: Path) -> None:
    coder = script(tmp_path, *WORK, a2=[{"say": "Nothing to do."}], a3=[{"fail": "I cannot."}])
    with serving(mas) as running, running.client() as http:
        answer = http.post(
            "/orchestrate",
            json={"prompt": "Make made.txt", "agent_count": 3, "coder": coder},
        )
        assert answer.status_code == 200, answer.text
        told = answer.json()
        run_id = told["run_info"]["run_id"]
        again = http.get(f"/runs/{run_id}").json()
        first, second, third = told["results"]
        made = http.get(f"/workspace/{first['workspace']['worktree_path']}/made.txt")
        run = {one["name"] for one in http.get(f"/workspace/runs/run_{run_id}").json()["entries"]}
        private = http.get(f"/workspace/runs/run_{run_id}/agents/agent-1/private")
    assert again == told
    assert set(told) == {"status", "run_info", "summary", "results"}
    assert told["status"] == "completed"
    assert told["run_info"] == {
        "run_id": run_id,
        "run_dir": f"runs/run_{run_id}",
        "git_initialized": True,
    }
    assert told["summary"] == {"total_agents": 3, "successful": 1, "failed": 2}
    assert [one["agent_id"] for one in told["results"]] == [1, 2, 3]
    assert [one["status"] for one in told["results"]] == ["success", "error", "error"]
    assert set(first) == {"agent_id", "status", "output", "workspace", "messages"}
    assert set(second) == set(third) == {*first, "error"}
    assert second["error"]
    assert third["error"]
    assert first["workspace"] == {
        "worktree_path": f"runs/run_{run_id}/worktrees/agent-1",
        "branch_name": "agent-1",
    }
    assert {"kind": "text", "text": "Nothing to do."} in second["messages"]
    assert made.text == "made by agent 1\n"
    assert "worktrees" in run
    assert "agents" not in run
    assert private.status_code == 404


def test_f6_a_run_in_which_no_agent_succeeds_has_failed(mas: Mas, tmp_path: Path) -> None:
    coder = script(tmp_path, {"fail": "I cannot."})
    with serving(mas) as running, running.client() as http:
        answer = http.post("/orchestrate", json={"prompt": "Try it", "coder": coder})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "failed"
    assert answer.json()["summary"] == {"total_agents": 1, "successful": 0, "failed": 1}


def test_f6_who_does_not_want_to_wait_gets_an_address(mas: Mas, tmp_path: Path) -> None:
    coder = script(tmp_path, {"say": "I wait."}, GO, *WORK)
    with serving(mas) as running, running.client() as http:
        accepted = http.post(
            "/orchestrate",
            json={"prompt": "Make made.txt", "coder": coder},
            headers={"Prefer": "wait=1, Respond-Async"},
        )
        assert accepted.status_code == 202, accepted.text
        assert accepted.headers["preference-applied"] == "respond-async"
        run_id = accepted.json()["run_id"]
        address = accepted.headers["location"]
        assert address == f"/runs/{run_id}"
        with events_of(mas, run_id) as events:
            until_said(events, "I wait.")
            state = http.get(address)
            assert state.status_code == 200
            assert state.json() == {
                "run_id": run_id,
                "status": "running",
                "team": "fanout",
                "language": "en",
            }
            let_go(mas, run_id)
            assert list(events)[-1]["type"] == "run_finished"
        answer = http.get(address).json()
    assert answer["status"] == "completed"
    assert answer["run_info"]["run_id"] == run_id


@contextmanager
def asked_and_hung_up(server: Serving, mas: Mas, body: dict[str, Any]) -> Iterator[str]:
    """Send a request, and go away without reading an answer; gives the id of its run."""
    host, port = server.url.removeprefix("http://").split(":")
    sent = json.dumps(body).encode()
    with socket.create_connection((host, int(port)), timeout=LIMIT_SECONDS) as wire:
        wire.sendall(
            b"POST /orchestrate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(sent) + sent
        )
        with server.client() as http:
            # Answered after the request before it was taken in: both are on one loop.
            assert http.get("/health").status_code == 200
        for _ in range(30):
            if runs := mas.runs():
                break
    yield runs[0]["run_id"]


def test_f6_a_client_that_goes_away_does_not_stop_its_run(mas: Mas, tmp_path: Path) -> None:
    coder = script(tmp_path, {"say": "I wait."}, GO, *WORK)
    body = {"prompt": "Make made.txt", "coder": coder}
    with serving(mas) as running, asked_and_hung_up(running, mas, body) as run_id:
        with events_of(mas, run_id) as events:
            until_said(events, "I wait.")
            let_go(mas, run_id)
            assert list(events)[-1]["type"] == "run_finished"
        with running.client() as http:
            assert http.get(f"/runs/{run_id}").json()["status"] == "completed"


def test_r5_a_server_that_is_stopped_leaves_no_process_and_the_next_one_goes_on(
    mas: Mas, tmp_path: Path
) -> None:
    marker = "31415926"
    coder = script(tmp_path, {"say": "I sleep."}, {"run": ["sleep", marker]}, *WORK)
    answers: list[httpx.Response] = []
    with serving(mas) as running, running.client() as http:

        def ask() -> None:
            answers.append(http.post("/orchestrate", json={"prompt": "Make it", "coder": coder}))

        asking = threading.Thread(target=ask)
        asking.start()
        while not (runs := mas.runs()):
            assert asking.is_alive(), answers
        run_id = runs[0]["run_id"]
        with events_of(mas, run_id) as events:
            until_said(events, "I sleep.")
        assert running.stop() == (130, "mas: Interrupted.\n")
        asking.join(LIMIT_SECONDS)
    (told,) = answers
    assert told.status_code == 503
    assert run_id in told.json()["detail"]
    assert "retry-after" in told.headers
    assert marker not in running_commands()
    assert mas.runs()[0]["status"] == "running"
    with serving(mas) as running, running.client() as http:
        assert mas("runs", "cancel", run_id).code == 0
        to_the_end(mas, run_id)
        cancelled = http.get(f"/runs/{run_id}").json()
    assert cancelled["results"][0]["status"] == "error"
    assert marker not in running_commands()


def running_commands() -> str:
    """The words of all processes of this machine."""
    return subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, timeout=20, check=True
    ).stdout


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"coder": "nobody"}, "unknown_coder"),
        ({"coder": "script:/nowhere.json"}, "bad_script"),
        ({"coder": "command:true", "repo": "/nowhere/at/all"}, None),
        ({"coder": "command:true", "checks": ["pytest '"]}, "bad_check"),
    ],
)
def test_q1_what_a_request_names_and_is_not_there_is_said_before_there_is_a_run(
    wishes: Serving, body: dict[str, Any], code: str | None
) -> None:
    with wishes.client() as http:
        answer = http.post("/orchestrate", json={"prompt": "Do it.", **body})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    assert code in (None, answer.json()["code"])


@pytest.fixture(scope="module")
def wishes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    mas = Mas(tmp_path_factory.mktemp("wishes") / "home")
    with serving(mas) as running:
        yield running
    assert mas.runs() == []
