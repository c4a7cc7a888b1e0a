"""The real Claude Code in whole fanout runs, against a scripted model through the gateway."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from mas.testing.models import Call, Fault, ModelRequest, Reply, ScriptedModelServer, Tokens
from support.fanout_world import by_agent, git, living, run_folder
from support.scripted_home import KEY, mas_with_model

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        find_spec("claude_agent_sdk") is None, reason="claude-agent-sdk is not installed"
    ),
]
WRITE = "printf hello > note.txt && git add -A && git commit -qm 'Add a note'"
USED = Tokens(input=100, output=10)


def writing(request: ModelRequest) -> Reply:
    """One command, then an end; each agent alike, whatever else it asks."""
    if any("Add a note" in one.text or one.author == "tool" for one in request.messages[1:]):
        return Reply(text="Done.", usage=USED)
    if not any(tool.name == "Bash" for tool in request.tools):
        return Reply(text="A title", usage=USED)
    call = Call(name="Bash", arguments={"command": WRITE, "description": "write"})
    return Reply(text="I write.", calls=(call,), usage=USED)


def test_a7_two_claude_agents_commit_on_their_branches_without_any_key(tmp_path: Path) -> None:
    with ScriptedModelServer(writing, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        asked = mas("ask", "Write a note.", "--agents", "2", "--coder", "claude", "--json")
    assert asked.code == 0, asked.err
    answer = asked.json
    folder = run_folder(mas, answer["run_id"])
    for number, result in by_agent(answer).items():
        assert result["status"] == "success"
        assert result["salvaged"] is False
        assert git(folder, "show", f"agent-{number}:note.txt") == "hello"
        assert git(folder, "log", "-1", "--format=%an %s", f"agent-{number}") == (
            f"agent-{number} Add a note"
        )
        assert result["usage"]["measured"] is True
        assert result["usage"]["input_tokens"] >= 200
        kept = folder / "agents" / f"agent-{number}" / "private" / "exchanges"
        assert len(list(kept.iterdir())) >= 2
    assert answer["usage"]["input_tokens"] == sum(
        one["usage"]["input_tokens"] for one in answer["result"]["results"]
    )
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert KEY.encode() not in path.read_bytes(), path
    assert living(answer["run_id"]) == []


def test_r8_a_budget_stops_claude_before_the_call_that_would_overspend(tmp_path: Path) -> None:
    with ScriptedModelServer(writing, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        asked = mas(
            *("ask", "Write a note.", "--agents", "1", "--coder", "claude", "--json"),
            *("--budget-tokens", "500"),
        )
        assert len(server.asked) == 0
    assert asked.code == 4, asked.err
    (result,) = asked.json["result"]["results"]
    assert result["status"] == "failed"
    assert result["budget_reached"] is True
    assert "500 tokens" in result["error"]


def test_a7_a_refused_key_is_told_as_such(tmp_path: Path) -> None:
    with ScriptedModelServer(writing, key="another-key") as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        asked = mas(
            *("ask", "Write a note.", "--agents", "1", "--coder", "claude", "--json"),
            *("--task-seconds", "60"),
        )
    assert asked.code == 1, asked.err
    (result,) = asked.json["result"]["results"]
    assert result["status"] in ("failed", "timeout")
    assert "key" in result["error"]


def test_a7_an_overloaded_model_is_asked_again(tmp_path: Path) -> None:
    failed = 0

    def busy(request: ModelRequest) -> Reply | Fault:
        nonlocal failed
        if failed < 2:
            failed += 1
            return Fault(kind="status", status=529)
        return writing(request)

    with ScriptedModelServer(busy, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        asked = mas("ask", "Write a note.", "--agents", "1", "--coder", "claude", "--json")
    assert asked.code == 0, asked.err
    assert asked.json["result"]["results"][0]["status"] == "success"


def test_f2_a_hanging_model_ends_with_the_time_of_the_agent(tmp_path: Path) -> None:
    def silent(request: ModelRequest) -> Fault:
        return Fault(kind="hang")

    with ScriptedModelServer(silent, key=KEY) as server:
        mas = mas_with_model(tmp_path / "home", server, "anthropic")
        asked = mas(
            *("ask", "Write a note.", "--agents", "1", "--coder", "claude", "--json"),
            *("--task-seconds", "8"),
        )
    assert asked.code == 1, asked.err
    assert asked.json["result"]["results"][0]["status"] == "timeout"
    assert living(asked.json["run_id"]) == []
