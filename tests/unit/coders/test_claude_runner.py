"""The parts of the Claude Code runner that need no Claude Code (A7, Q3, R5, S2)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mas.adapters.coders import claude_runner as runner
from mas.adapters.coders.reading import EventReader


class TextBlock(SimpleNamespace):
    """Named as in the SDK; messages are known by name."""


class ToolUseBlock(SimpleNamespace):
    """See `TextBlock`."""


class ToolResultBlock(SimpleNamespace):
    """See `TextBlock`."""


class AssistantMessage(SimpleNamespace):
    """See `TextBlock`."""


class UserMessage(SimpleNamespace):
    """See `TextBlock`."""


class ResultMessage(SimpleNamespace):
    """See `TextBlock`."""


def _result(**more: Any) -> ResultMessage:
    fields: dict[str, Any] = {
        "subtype": "success",
        "is_error": False,
        "result": "Done.",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 3},
        "total_cost_usd": 0.5,
        "permission_denials": [],
        "api_error_status": None,
        "errors": None,
    }
    return ResultMessage(**{**fields, **more})


def test_r5_a_session_is_gone_on_with_only_where_it_left_a_transcript(tmp_path: Path) -> None:
    first = runner.Session(tmp_path)
    assert first.begin() is False
    uuid.UUID(first.id)
    # Its process died before anything was written down: there is nothing to go on with.
    second = runner.Session(tmp_path)
    assert second.id == first.id
    assert second.begin() is False
    assert second.id != first.id
    transcript = tmp_path / ".claude/projects/-run-w" / f"{second.id}.jsonl"
    transcript.parent.mkdir(parents=True)
    transcript.write_text("{}\n", "utf-8")
    third = runner.Session(tmp_path)
    assert third.begin() is True
    assert third.id == second.id


def test_r5_a_session_that_ended_is_told_and_not_repeated(tmp_path: Path) -> None:
    session = runner.Session(tmp_path)
    session.begin()
    session.end({"text": "Done.", "failure": ""})
    assert runner.Session(tmp_path).ended == {"text": "Done.", "failure": ""}


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"', '{"id": 5}'])
def test_q1_a_session_file_that_is_none_begins_a_new_session(tmp_path: Path, text: str) -> None:
    (tmp_path / runner.SESSION_FILE).write_text(text, "utf-8")
    assert runner.Session(tmp_path).begin() is False


def test_a7_what_claude_code_says_and_does_is_read_as_it_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telling = runner.Telling()
    call = ToolUseBlock(name="Bash", input={"command": "ls  -l\n/x", "description": "look"})
    telling.take(AssistantMessage(content=[TextBlock(text="I look."), call]))
    broken = ToolResultBlock(is_error=True, content=[{"type": "text", "text": "no such file"}])
    fine = ToolResultBlock(is_error=False, content="quiet")
    telling.take(UserMessage(content=[broken, fine]))
    telling.take(UserMessage(content="only text"))
    denial = {"tool_name": "Write", "tool_input": {"file_path": "/etc/x"}}
    telling.take(_result(permission_denials=[denial, "odd"]))
    telling.take(SimpleNamespace(anything="else"))
    reader = EventReader()
    reader.feed(capsys.readouterr().out.encode())
    report = reader.report()
    assert [(one.kind, one.text) for one in report.messages] == [
        ("text", "I look."),
        ("tool", "Bash: ls -l /x"),
        ("result", "no such file"),
        ("denied", "Write: /etc/x"),
    ]
    assert (report.input_tokens, report.output_tokens, report.cost_usd) == (12, 3, 0.5)
    assert (telling.over, telling.failure, telling.result) == (True, "", "Done.")


@pytest.mark.parametrize(
    ("more", "failure"),
    [
        ({"is_error": True, "api_error_status": 401, "result": "bad key"}, "answered 401: bad key"),
        ({"is_error": True, "result": None, "errors": ["a", "b"]}, "a; b"),
        ({"is_error": True, "result": "", "subtype": "error_max_turns"}, "error_max_turns"),
    ],
)
def test_a7_an_error_counts_although_its_subtype_says_success(
    more: dict[str, Any], failure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    telling = runner.Telling()
    telling.take(_result(**more))
    assert failure in telling.failure
    assert json.loads(capsys.readouterr().out.splitlines()[0])["type"] == "usage"


def test_q3_variables_that_are_not_listed_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "PATH": "/bin",
        "HOME": "/h",
        "GIT_AUTHOR_NAME": "agent-1",
        "ANTHROPIC_API_KEY": "token",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "OPENAI_API_KEY": "secret",
        "CLAUDECODE": "1",
    }
    monkeypatch.setattr(os, "environ", dict(given))
    runner.scrub()
    assert set(os.environ) == {"PATH", "HOME", "GIT_AUTHOR_NAME", "ANTHROPIC_API_KEY"}


def test_s2_ending_the_tree_ends_daemons_and_those_that_ignore_term() -> None:
    # In a process of its own: it becomes the parent of everything below it.
    script = (
        "import subprocess, sys\n"
        f"sys.path.insert(0, {str(Path(runner.__file__).parent)!r})\n"
        "import claude_runner as runner\n"
        "runner.adopt()\n"
        "runner.TERM_SECONDS = 0.2\n"
        "stubborn = \"trap '' TERM; echo up; while :; do sleep 300; done\"\n"
        "made = subprocess.Popen(['sh', '-c', stubborn], stdout=subprocess.PIPE)\n"
        "made.stdout.readline()\n"
        "subprocess.run(['sh', '-c', 'setsid sleep 300 & setsid setsid sleep 300 &'])\n"
        "assert runner.alive()\n"
        "runner.end_tree()\n"
        "sys.exit(7 if not runner.alive() else 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], check=False, timeout=30, capture_output=True
    )
    assert done.returncode == 7, done.stderr


def test_q1_a_python_without_the_sdk_says_so(tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    told = tmp_path / "instructions.txt"
    told.write_text("x", "utf-8")
    order.write_text(json.dumps({"instructions": str(told), "workdir": str(tmp_path)}), "utf-8")
    done = subprocess.run(
        # Without site-packages, whatever is installed.
        [sys.executable, "-I", "-S", str(runner.__file__), str(order)],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=30,
    )
    reader = EventReader()
    reader.feed(done.stdout)
    assert done.returncode == 1
    assert "no claude-agent-sdk" in reader.report().failure
    assert done.stderr == b""


def test_a7_texts_are_short_and_one_line() -> None:
    assert runner.short("a\n b\t c") == "a b c"
    assert len(runner.short("x" * 1000)) == runner.SHORT + 2
    assert runner.telling({"other": 1}) == '{"other": 1}'
    assert runner.telling("odd") == ""
    assert runner.text_of(None) == ""
    assert runner.text_of("plain") == "plain"
