"""`mas serve` as a process: where it listens, whom it answers, how it ends (F6, U3, U5, Q1)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from mas.app.settings import load_settings
from mas.cli.serve import serve
from mas.core.access_tokens import new_access_token
from mas.core.errors import UserError
from support.api_server import Serving, serving
from support.command import Mas
from support.killed_mas import die

TOKEN = "mas_0123456789abcdef0123456789abcdef"
ENTRY = new_access_token("ci", "admin", TOKEN).entry
ASK = "Should we adopt Tekton?"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for tests that leave nothing behind. Its environment holds a secret."""
    mas = Mas(tmp_path_factory.mktemp("server") / "home")
    run = mas.home / "workspace/runs/run_1"
    (run / "worktrees/agent-1/.git").mkdir(parents=True)
    (run / "worktrees/agent-1/.git/HEAD").write_text("ref: refs/heads/agent-1\n")
    (run / "worktrees/agent-1/page.html").write_text("<script>alert(1)</script>")
    (run / "worktrees/agent-1/passwd").symlink_to("/etc/passwd")
    (run / "agents/agent-1/private").mkdir(parents=True)
    (run / "agents/agent-1/private/exchange.json").write_text("canary")
    (mas.home / "secret").write_text("canary")
    key = "sk-ant-canary-0001-canary-0001"
    with serving(mas, ANTHROPIC_API_KEY=key, MAS_MODEL="anthropic:claude-sonnet-5-5") as running:
        yield running


def test_f6_a_server_says_that_it_lives_and_is_ready(server: Serving) -> None:
    with server.client() as http:
        assert http.get("/health").json() == {"status": "ok"}
        assert http.get("/ready").json() == {"status": "ready"}


def test_p1_an_answer_over_a_kept_connection_is_sent_at_once(server: Serving) -> None:
    """Where the operating system holds small packets back, each answer takes 40 ms."""
    with server.client() as http:
        assert min(http.get("/health").elapsed.total_seconds() for _ in range(20)) < 0.03


def test_u5_diagnostics_say_what_the_doctor_says_without_secrets(server: Serving) -> None:
    with server.client() as http:
        answer = http.get("/diagnostics")
    told = answer.json()
    assert told["ok"] is True
    names = {check["name"] for check in told["checks"]}
    assert {"python", "home", "journal", "catalog", "cluster", "model"} <= names
    (cluster,) = (check for check in told["checks"] if check["name"] == "cluster")
    assert not cluster["ok"]
    assert "mas ask" in cluster["mend"]
    assert "ANTHROPIC_API_KEY is set" in answer.text
    assert "canary" not in answer.text


def test_f6_docker_is_tested_where_there_is_none(tmp_path: Path) -> None:
    mas = Mas(tmp_path / "home")
    with serving(mas, PATH=str(tmp_path)) as running, running.client() as http:
        answer = http.get("/test-docker")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["code"]) == ("error", "no_docker")
    assert told["message"]
    assert told["hint"]


def test_f6_the_workspace_is_browsed_down_to_a_file(server: Serving) -> None:
    with server.client() as http:
        address = "/workspace"
        for name in ("runs", "run_1", "worktrees", "agent-1", ".git", "HEAD"):
            entries = {one["name"]: one for one in http.get(address).json()["entries"]}
            address = entries[name]["href"]
        head = http.get(address)
    assert head.text == "ref: refs/heads/agent-1\n"
    assert head.headers["content-type"] == "text/plain; charset=utf-8"


def test_f6_a_page_of_an_agent_is_saved_and_not_shown(server: Serving) -> None:
    with server.client() as http:
        page = http.get("/workspace/runs/run_1/worktrees/agent-1/page.html")
    assert page.text == "<script>alert(1)</script>"
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")
    assert page.headers["x-content-type-options"] == "nosniff"


def raw(server: Serving, target: str) -> str:
    """The whole answer to a request line that no client library has tidied up."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as wire:
        wire.sendall(
            f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        )
        return b"".join(iter(lambda: wire.recv(65536), b"")).decode("utf-8", "replace")


@pytest.mark.parametrize(
    "target",
    [
        "/workspace/../secret",
        "/workspace/%2e%2e/secret",
        "/workspace/..%2fsecret",
        "/workspace%2f..%2fsecret",
        "/workspace%2fruns",
        "/%77orkspace/../secret",
        "/workspace/..%5csecret",
        "/workspace/runs/%2e%2e/%2e%2e/secret",
        "/workspace//etc/passwd",
        "/workspace/%2fetc%2fpasswd",
        "/workspace/%00",
        "/workspace/%252e%252e/secret",
        "/workspace/runs/run_1/worktrees/agent-1/passwd",
        "/workspace/runs/run_1/agents/agent-1/private/exchange.json",
        "/workspace/runs/run_1/AGENTS/agent-1/private/exchange.json",
        "/workspace/runs/run_1/worktrees/../agents/agent-1/private/exchange.json",
        "/workspace/./runs",
        "http://localhost/workspace/../secret",
    ],
)
def test_f6_no_request_line_leads_out_of_the_workspace(server: Serving, target: str) -> None:
    answer = raw(server, target)
    assert answer.startswith("HTTP/1.1 404")
    assert "application/problem+json" in answer
    assert "canary" not in answer
    assert "root:" not in answer


@pytest.mark.parametrize(
    ("body", "status", "place"),
    [
        ({"prompt": "Do it.", "agent_count": 0}, 422, "agent_count"),
        ({"prompt": "Do it.", "agent_count": 11}, 422, "agent_count"),
        ({"prompt": "Do it.", "agent_count": "x"}, 422, "agent_count"),
        ({"prompt": "Do it.", "agent_count": 1.5}, 422, "agent_count"),
        ({"prompt": "Do it.", "agent_count": True}, 422, "agent_count"),
        ({"prompt": "", "agent_count": 1}, 422, "prompt"),
        ({"prompt": " \n", "agent_count": 1}, 422, "prompt"),
        ({"prompt": "x" * 100_001, "agent_count": 1}, 422, "prompt"),
        ({"agent_count": 1}, 422, "prompt"),
        ({"prompt": "Do it.", "agents": 1}, 422, "agents"),
        ({"prompt": "Do it.", "coder": "nobody"}, 422, None),
        ({"prompt": "Do it.", "coder": "command:true", "repo": "/nowhere/at/all"}, 422, None),
        ([], 422, "body"),
    ],
)
def test_q1_a_request_that_cannot_be_met_is_a_problem_and_no_run(
    server: Serving, body: object, status: int, place: str | None
) -> None:
    with server.client() as http:
        answer = http.post("/orchestrate", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert {"type", "title", "status", "detail", "code", "hint"} <= set(told)
    assert told["status"] == status
    assert told["hint"]
    if place is not None:
        assert [error["place"] for error in told["errors"]] == [place]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"prompt": 1' + b"0" * 5000 + b"}", b"nul"],
)
def test_q1_a_body_that_is_no_json_is_a_problem(server: Serving, body: bytes) -> None:
    with server.client() as http:
        answer = http.post(
            "/orchestrate", content=body, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text


def test_q1_errors_of_every_kind_have_one_shape(server: Serving) -> None:
    with server.client() as http:
        answers = {
            404: http.get("/nothing"),
            405: http.delete("/orchestrate"),
            415: http.post("/orchestrate", content=b"prompt=x"),
            413: http.post("/orchestrate", json={"prompt": "x" * 3_000_000}),
            421: http.get("/health", headers={"Host": "evil.example"}),
            422: http.get("/workspace", params={"limit": "many"}),
        }
        unknown = http.get("/runs/none")
    for status, answer in {**answers, 404: unknown}.items():
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert answers[405].headers["allow"] == "POST"
    assert unknown.json()["code"] == "unknown_run"


def test_u3_the_api_describes_itself_with_its_errors(server: Serving) -> None:
    with server.client() as http:
        described = http.get("/openapi.json").json()
    assert set(described["paths"]) >= {"/orchestrate", "/runs/{run_id}", "/workspace", "/health"}
    responses = described["paths"]["/orchestrate"]["post"]["responses"]
    assert set(responses) == {"200", "202", "default"}
    assert set(responses["default"]["content"]) == {"application/problem+json"}
    assert "Problem" in described["components"]["schemas"]


def test_u3_a_token_that_is_set_is_asked_for(tmp_path: Path) -> None:
    with serving(Mas(tmp_path / "home"), MAS_API_TOKENS=ENTRY) as running:
        with running.client() as http:
            assert http.get("/workspace").status_code == 401
            assert http.get("/health").status_code == 200
        with running.client(Authorization=f"Bearer {TOKEN}") as http:
            assert http.get("/workspace", headers={"Host": "mas.example"}).status_code == 200


async def refused(home: Path, *, host: str = "127.0.0.1", **more: str) -> UserError:
    """Why a server does not start."""
    environment = {"MAS_HOME": str(home), "HOME": str(home.parent), **more}
    with pytest.raises(UserError) as caught:
        await serve(load_settings(environment), host=host, port=0, worker=True)
    there = await asyncio.to_thread(home.exists)
    assert not there, "it is refused before anything is opened"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::ffff:0.0.0.0"])
async def test_u3_beyond_loopback_a_token_is_needed(tmp_path: Path, host: str) -> None:
    error = await refused(tmp_path / "home", host=host)
    assert error.code == "no_api_token"
    assert "MAS_API_TOKENS" in error.hint
    assert "mas token new" in error.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_u3_a_token_as_it_is_does_not_belong_into_a_setting(
    tmp_path: Path, host: str
) -> None:
    error = await refused(tmp_path / "home", host=host, MAS_API_TOKENS=TOKEN)
    assert error.code == "bad_tokens"
    assert "mas token new" in error.hint
    assert TOKEN not in str(error)


@pytest.mark.parametrize("tokens", ["", ENTRY])
async def test_u3_the_former_variable_is_refused_with_what_to_do(
    tmp_path: Path, tokens: str
) -> None:
    error = await refused(tmp_path / "home", MAS_API_TOKEN=TOKEN, MAS_API_TOKENS=tokens)
    assert error.code == "former_token"
    assert TOKEN not in str(error)


def test_u3_a_server_beyond_loopback_says_in_one_sentence_why_it_does_not_start(mas: Mas) -> None:
    said = mas("serve", "--host", "0.0.0.0", "--port", "0").refused(2)
    assert "MAS_API_TOKENS" in said
    assert not mas.home.exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.invalid", "", "a" * 300, "\0", "café."])
async def test_q1_an_address_that_is_not_of_this_machine_is_refused(
    tmp_path: Path, host: str
) -> None:
    error = await refused(tmp_path / "home", MAS_API_TOKENS=ENTRY, host=host)
    assert error.code == "bad_address"


def test_q1_a_port_that_is_in_use_is_one_sentence(mas: Mas) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in mas("serve", "--port", port).refused(2)
    assert not mas.home.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_s2_a_signal_ends_a_server_with_open_connections(tmp_path: Path, number: int) -> None:
    with serving(Mas(tmp_path / "home")) as running, running.client() as http:
        assert http.get("/health").status_code == 200
        host, port = running.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as half:
            half.sendall(b"POST /orchestrate HTTP/1.1\r\nHost: localhost\r\n")
            assert running.stop(number) == (130, "mas: Interrupted.\n")


@pytest.mark.e2e
def test_r5_a_server_takes_up_what_a_killed_process_left(
    tmp_path: Path, homelab: str, mas: Mas
) -> None:
    assert die(mas, "after", 14, "ask", ASK, "--cluster", homelab).killed
    (left,) = mas.runs()
    assert left["status"] == "running"
    with serving(mas, "--no-worker") as running, running.client() as http:
        assert http.get(f"/runs/{left['run_id']}").json()["status"] == "running"
    with serving(mas) as running, running.client() as http:
        watched = mas("runs", "watch", left["run_id"], "--json")
        answer = http.get(f"/runs/{left['run_id']}").json()
    assert watched.code == 0
    assert (answer["status"], answer["team"]) == ("succeeded", "decide")
    assert answer["result"]["verdict"] == "do_not_recommend"
    assert answer["report"].startswith("#")


def test_r6_a_resume_is_noted_and_gives_tasks_new_lives_without_a_worker_too(
    homelab: str, mas: Mas
) -> None:
    assert die(mas, "after", 14, "ask", ASK, "--cluster", homelab).killed
    (left,) = mas.runs()
    with contextlib.closing(sqlite3.connect(load_settings(mas.environment).database)) as journal:
        with journal:
            journal.execute("update task set crashes = 2 where state = 'running'")
        with serving(mas, "--no-worker") as running, running.client() as http:
            answer = http.post(f"/api/runs/{left['run_id']}/resume", json={})
            noted = [entry["action"] for entry in http.get("/api/audit").json()["items"]]
        lives = journal.execute("select max(crashes) from task").fetchone()
    assert (answer.status_code, answer.json()["status"]) == (200, "running")
    assert noted == ["run.resume", "run.start"]
    assert lives == (0,)


def test_q3_the_environment_of_a_server_holds_nothing_that_it_shows(server: Serving) -> None:
    with server.client() as http:
        for path in ("/diagnostics", "/test-docker", "/workspace", "/openapi.json", "/nothing"):
            assert "sk-ant-canary" not in http.get(path).text
    assert os.environ.get("MAS_API_TOKENS") is None
