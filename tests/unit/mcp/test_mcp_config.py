"""`mcp.json`: the shape that other clients use, and mistakes that name file and server (O2, Q1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.mcp.config import McpConfig, load_mcp_config

ENVIRONMENT = {
    "PATH": "/bin",
    "HOME": "/h",
    "LANG": "ko_KR.UTF-8",
    "TOKEN": "tok-123456",
    "EMPTY": "",
    "REFERS": "${TOKEN}",
    "CANARY": "canary",
}
Load = Callable[[object], McpConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(servers: object) -> McpConfig:
        file = tmp_path / "mcp.json"
        file.write_text(json.dumps({"mcpServers": servers}))
        return load_mcp_config(file, ENVIRONMENT)

    return _load


def test_o2_a_stdio_server_gets_its_command_and_an_environment_made_from_nothing(
    load: Load, tmp_path: Path
) -> None:
    entry = {
        "command": "npx",
        "args": ["-y", "server", "--at", "${PLACE:-here}"],
        "env": {"GITHUB_TOKEN": "${TOKEN}", "MODE": "${EMPTY:-safe}", "RAW": "${REFERS}"},
        "cwd": "sub",
        "autoApprove": ["of another client"],
    }
    config = load({"github": entry})
    (server,) = config.servers
    assert config.problems == ()
    assert (server.kind, server.command, server.args[-1]) == ("stdio", "npx", "here")
    assert server.env == {
        "PATH": "/bin",
        "HOME": "/h",
        "LANG": "ko_KR.UTF-8",
        "GITHUB_TOKEN": "tok-123456",
        "MODE": "safe",
        "RAW": "${TOKEN}",
    }
    assert server.folder == tmp_path / "sub"
    assert config.secrets == {"tok-123456"}


@pytest.mark.parametrize("kind", [None, "http", "streamable-http", "streamableHttp"])
def test_o2_a_server_over_http_has_an_address_and_headers(load: Load, kind: str | None) -> None:
    entry = {"url": "https://h.example/mcp?api_key=abcdefgh&v=2"}
    entry |= {"type": kind} if kind else {}
    headers = {"Authorization": "Bearer ${TOKEN}", "X-Org": "team-one"}
    config = load({"web": entry | {"headers": headers}})
    (server,) = config.servers
    assert (server.kind, server.shown) == ("http", "https://h.example/mcp")
    assert server.headers["Authorization"] == "Bearer tok-123456"
    assert config.secrets == {"Bearer tok-123456", "tok-123456", "abcdefgh"}


def test_o2_extras_of_mas_set_limits_tools_and_risks(load: Load) -> None:
    extras = {
        "seconds": 5,
        "start_seconds": 90,
        "tools": ["get_*"],
        "read_only": ["get_*"],
        "risk": {"get_all": "destructive"},
        "trust": False,
    }
    (server,) = load({"one": {"command": "x", "mas": extras}}).servers
    assert server.call_limit == timedelta(seconds=5)
    assert server.start_limit == timedelta(seconds=90)
    assert (server.tools, server.read_only, server.trust) == (("get_*",), ("get_*",), False)
    assert server.risks == {"get_all": "destructive"}


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": "x", "env": {"A": "${NOT_SET}"}}, "environment variable NOT_SET is not set"),
        ({"url": "http://${NOT_SET}/"}, "environment variable NOT_SET is not set"),
        ({"command": "x", "args": ["${input:key}"]}, "the reference ${input:key} is not supported"),
        ({}, "neither command nor url"),
        ({"type": "http", "command": "x"}, "no url"),
        ({"type": "stdio", "url": "http://h/"}, "no command"),
        ({"command": "x", "url": "http://h/"}, "both command and url"),
        ({"type": "sse", "url": "http://h/"}, "use streamable HTTP"),
        ({"type": "carrier-pigeon", "command": "x"}, "neither stdio nor http"),
        ({"url": "ftp://h/"}, "no http or https address"),
        ({"url": "http://h:99999/"}, "no http or https address"),
        ({"url": "http://h/", "headers": {"A": "b\r\nC: d"}}, "what no header may hold"),
        ({"command": "x", "args": "one two"}, "unknown shape"),
        ({"command": 5}, "unknown shape"),
        ({"command": "x", "args": ["a\0b"]}, "NUL"),
        ({"command": "x", "env": {"A=B": "c"}}, "no variable can have"),
        ({"command": "${EMPTY:-}"}, "its command is empty"),
        ({"command": "x", "mas": {"secondz": 5}}, "secondz"),
        ({"command": "x", "mas": {"seconds": 0}}, "unknown shape"),
        ({"command": "x", "mas": {"risk": {"a": "harmless"}}}, "unknown shape"),
        ("npx server", "unknown shape"),
    ],
)
def test_q1_a_mistake_names_file_and_server_and_leaves_the_others(
    load: Load, entry: object, said: str
) -> None:
    config = load({"bad": entry, "good": {"command": "x"}})
    assert [server.name for server in config.servers] == ["good"]
    (problem,) = config.problems
    assert problem.server == "bad"
    assert "mcp.json: server 'bad': " in problem.text
    assert said in problem.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"mcpServers": {\n  "a": {"command": "x",}\n}}', "line 2, column 24"),
        (b'{"servers": {}}', "mcpServers"),
        (b'{"mcpServers": []}', "mcpServers"),
        (b"[]", "mcpServers"),
        (b"", "no JSON"),
        (b'{"mcpServers": {"a": "\xff"}}', "not UTF-8"),
        (b'{"mcpServers": {"a": ' + b"[" * 100_000, "no JSON"),
        (b" " * 1_000_001, "larger than 1,000,000 bytes"),
    ],
)
def test_q1_a_file_that_is_no_configuration_is_one_problem(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "mcp.json"
    file.write_bytes(content)
    config = load_mcp_config(file, ENVIRONMENT)
    assert config.servers == ()
    (problem,) = config.problems
    assert str(file) in problem.text
    assert said in problem.text


def test_q1_without_a_file_there_are_no_servers_and_no_problem(tmp_path: Path) -> None:
    config = load_mcp_config(tmp_path / "mcp.json", ENVIRONMENT)
    assert (config.servers, config.problems) == ((), ())


def test_q1_a_folder_in_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    assert "no regular file" in load_mcp_config(tmp_path, ENVIRONMENT).problems[0].text


def test_o2_a_disabled_server_is_not_resolved(load: Load) -> None:
    config = load({"off": {"command": "${NOT_SET}", "disabled": True}})
    assert (config.servers, config.disabled, config.problems) == ((), ("off",), ())


def test_o2_names_of_servers_are_made_fit_for_tool_names_and_policies(load: Load) -> None:
    names = ["My Server!", "git", "a__b_", "x" * 60]
    config = load({name: {"command": "x"} for name in names})
    assert [server.alias for server in config.servers] == ["My-Server", "mcp-git", "a_b", "x" * 24]


def test_q2_two_servers_of_one_name_do_not_share_their_tools(load: Load) -> None:
    config = load({"a b": {"command": "x"}, "a-b": {"command": "y"}, "서버": {"command": "z"}})
    assert [server.name for server in config.servers] == ["a b"]
    assert "rename one" in config.problems[0].text
    assert "no letter or digit" in config.problems[1].text


def test_q3_what_is_shown_of_a_server_holds_no_secret(load: Load) -> None:
    args = ["--api-key", "abc-secret", "--token=def-secret", "--verbose", "${TOKEN}"]
    (server,) = load({"one": {"command": "run", "args": args}}).servers
    assert server.shown == "run --api-key *** --token=*** --verbose ${TOKEN}"
    assert "secret" not in repr(server)
    assert "tok-123456" not in repr(server)
