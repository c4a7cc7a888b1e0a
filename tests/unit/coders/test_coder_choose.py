"""From the name of a coder to the coder, and what is wrong with names and scripts (A7, Q1)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.coders import claude
from mas.adapters.coders.choose import coder_named
from mas.adapters.coders.claude import ClaudeOptions
from mas.core.coding import CoderTask, ModelAccess, Seat
from mas.core.errors import UserError

PATH = "/usr/bin:/bin"
SEAT = Seat(
    number=1, of=1, branch="agent-1", base="main", worktree="/run/w", home="/h", control="/run/c"
)
TASK = CoderTask(
    prompt="Do it.",
    instructions="Agent 1.\n\nDo it.",
    seat=SEAT,
    python="/opt/python",
    access=ModelAccess(model="claude-x", base_url="http://127.0.0.1:1", token="token-1"),
)


def _script(folder: Path, content: object) -> str:
    file = folder / "steps.json"
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_text(text, "utf-8")
    return f"script:{file}"


@pytest.mark.parametrize(
    ("named", "name", "wire"),
    [
        ("claude", "claude", "anthropic"),
        ("codex", "codex", "openai"),
        ("gemini", "gemini", None),
        ("opencode", "opencode", "openai"),
        ("aider", "aider", "openai"),
        ("mini-swe-agent", "mini-swe-agent", "openai"),
        ("command:sh -c true", "command", None),
    ],
)
def test_a7_each_coder_has_its_name_and_the_protocol_of_its_model(
    named: str, name: str, wire: str | None
) -> None:
    coder = coder_named(named, path=PATH, installed=False)
    assert (coder.name, coder.wire) == (name, wire)


@pytest.mark.parametrize("named", ["", "claud", "Claude", "shell:x", "claude:x", "codex:", "mas"])
def test_q1_an_unknown_coder_is_refused_with_the_list(named: str) -> None:
    with pytest.raises(UserError) as caught:
        coder_named(named, path=PATH)
    assert caught.value.code == "unknown_coder"
    for known in ("claude", "mas", "codex", "mini-swe-agent", "script:FILE", "command:ARGV"):
        assert known in caught.value.hint


def test_q1_an_odd_name_cannot_write_to_the_terminal() -> None:
    with pytest.raises(UserError) as caught:
        coder_named("\x1b[31m" + "x" * 5000, path=PATH)
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 200


def test_q1_claude_without_its_extra_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claude, "find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        coder_named("claude", path=PATH)
    assert caught.value.code == "coder_missing"
    assert "pip install 'mas[claude]'" in caught.value.hint
    assert coder_named("claude", path=PATH, installed=False).name == "claude"


def test_a7_nothing_of_the_sdk_is_loaded_to_choose_claude() -> None:
    code = (
        "import sys; from mas.adapters.coders.choose import coder_named; "
        "coder_named('claude', path='', installed=False); "
        "sys.exit(any(name.startswith('claude_agent_sdk') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


def test_q3_claude_gets_the_token_in_its_environment_and_nowhere_else() -> None:
    start = coder_named("claude", path=PATH, installed=False).start(TASK)
    assert start.environment["ANTHROPIC_API_KEY"] == "token-1"
    assert start.environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"
    assert not any("token-1" in word for word in start.argv)
    assert not any(b"token-1" in data for data in start.files.values())
    assert start.argv[0] == "/opt/python"


def test_a7_claude_is_ordered_the_model_as_it_is_called_and_no_mcp_server_by_itself() -> None:
    order = json.loads(
        coder_named("claude", path=PATH, installed=False).start(TASK).files["order.json"]
    )
    assert order["model"] == "claude-x"
    assert order["permission_mode"] == "bypassPermissions"
    assert order["use_mcp_serve"] is False
    wanted = ClaudeOptions(use_mcp_serve=True, max_turns=5, tools=("Bash",))
    more = coder_named("claude", path=PATH, installed=False, claude=wanted).start(TASK)
    order = json.loads(more.files["order.json"])
    assert (order["use_mcp_serve"], order["max_turns"], order["tools"]) == (True, 5, ["Bash"])


# Scripts


def test_a7_a_script_is_handed_over_with_what_carries_it_out(tmp_path: Path) -> None:
    named = _script(tmp_path, {"steps": [{"say": "hi"}]})
    coder = coder_named(named, path=PATH)
    start = coder.start(TASK)
    assert (coder.name, coder.wire) == ("script", None)
    assert start.argv[0] == "/opt/python"
    assert start.argv[-3:] == ("/run/c/script.json", "1", "/run/w")
    assert json.loads(start.files["script.json"]) == {"steps": [{"say": "hi"}]}
    assert start.files["prompt.txt"] == b"Do it."
    source = start.files["script_coder.py"].decode()
    assert "import mas" not in source
    assert "from mas" not in source


def test_a7_every_kind_of_step_is_taken(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [
        {"write": "a", "text": "{prompt}", "executable": True},
        {"write": "b", "base64": "AP8="},
        {"write": "c", "size": 10},
        {"append": "a", "text": "x"},
        {"delete": "a", "may_fail": True},
        {"run": ["sh", "-c", "exit 3"], "exit": 3},
        {"run": ["false"], "any_exit": True},
        {"git": ["status"]},
        {"commit": "Add", "paths": ["a"]},
        {"say": "x"},
        {"use": "Bash", "text": "ls"},
        {"sleep": 0.5},
        {"wait_for": "x", "seconds": 1},
        {"fail": "no", "exit": 4},
        {"kill": "KILL"},
        {"leave": ["sleep", "1"]},
    ]
    assert coder_named(_script(tmp_path, {"steps": steps, "agents": {"2": []}}), path=PATH)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no whole JSON document"),
        ('{"steps": [', "no whole JSON document"),
        ('{"steps": [\n{"say": "x"},\n oops]}', "line 3"),
        ([], "object"),
        ({"step": []}, "step"),
        ({"steps": [{"say": "a"}, {}]}, "steps[1]"),
        ({"steps": [{"say": "a", "use": "b"}]}, "exactly one of"),
        ({"steps": [{"shell": "x"}]}, "shell"),
        ({"steps": [{"run": "ls -l"}]}, "steps[0].run"),
        ({"steps": [{"run": []}]}, "steps[0].run"),
        ({"steps": [{"write": "a"}]}, "needs exactly one of text, base64, size"),
        ({"steps": [{"write": "a", "text": "x", "size": 1}]}, "needs exactly one of"),
        ({"steps": [{"append": "a", "size": 1}]}, "size does not go with append"),
        ({"steps": [{"write": "a", "base64": "*"}]}, "base64 cannot be decoded"),
        ({"steps": [{"write": "a", "size": -1}]}, "steps[0].size"),
        ({"steps": [{"say": "a", "exit": 1}]}, "exit does not go with say"),
        ({"steps": [{"fail": "a", "exit": 0}]}, "other than 0"),
        ({"steps": [{"kill": "KILLL"}]}, "no signal"),
        ({"steps": [{"sleep": -1}]}, "steps[0].sleep"),
        ({"agents": {"0": []}}, "no number of an agent"),
        ({"agents": {"one": []}}, "no number of an agent"),
        ({"agents": {"2": [{"say": 1}]}}, "agents[...][0].say"),
    ],
)
def test_q1_a_wrong_script_is_refused_with_the_place(
    tmp_path: Path, content: object, told: str
) -> None:
    with pytest.raises(UserError) as caught:
        coder_named(_script(tmp_path, content), path=PATH)
    assert caught.value.code == "bad_script"
    assert told in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint


def test_q1_a_script_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin").write_bytes(b'{"steps": [{"say": "\xe9"}]}')
    for name in ("", str(tmp_path / "none"), str(tmp_path / "folder"), str(tmp_path / "latin")):
        with pytest.raises(UserError) as caught:
            coder_named(f"script:{name}", path=PATH)
        assert caught.value.code == "bad_script"
