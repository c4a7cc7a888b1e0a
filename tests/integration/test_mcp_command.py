"""`mas mcp ...` as a person runs it: servers are listed without being started (O2, U1)."""

from __future__ import annotations

import pytest

from support.command import Mas
from support.mcp_family import Entry, good, rough, write_config


@pytest.fixture
def home(mas: Mas) -> Mas:
    mas.home.mkdir()
    return mas


def _write(mas: Mas, **servers: Entry) -> None:
    write_config(mas.home, servers)


def test_u1_servers_are_listed_without_being_started(home: Mas) -> None:
    marks = {"MARKS": str(home.home)}
    web: Entry = {"url": "http://127.0.0.1:1/mcp?token=abcdef123"}
    _write(
        home,
        good=good(env=marks),
        off=good(disabled=True),
        bad={"command": "x", "env": {"A": "${NO}"}},
        web=web,
    )
    ended = home("mcp", "list", "--json")
    assert ended.code == 0
    states = {one["name"]: (one["kind"], one["state"]) for one in ended.json["servers"]}
    assert states == {
        "bad": ("", "problem"),
        "good": ("stdio", "configured"),
        "off": ("", "disabled"),
        "web": ("http", "configured"),
    }
    assert "server 'bad': the environment variable NO is not set" in ended.err
    assert "abcdef123" not in ended.out
    assert not (home.home / "started").exists()
    assert "configured" in home("mcp", "list").out


def test_u1_without_a_file_there_are_no_servers(home: Mas) -> None:
    assert home("mcp", "list", "--json").json["servers"] == []


def test_q1_a_broken_file_is_a_wrong_setting(home: Mas) -> None:
    (home.home / "mcp.json").write_text("{")
    ended = home("mcp", "list")
    assert ended.code == 2
    assert "line 1" in ended.err
    assert "line 1" in home("mcp", "tools", "good").refused(2)


def test_u1_tools_of_mas_and_of_servers_are_listed_with_their_risk(home: Mas) -> None:
    _write(home, good=good(), crash=rough("crash"))
    ended = home("mcp", "tools", "--json")
    assert ended.code == 0
    risks = {tool["name"]: (tool["origin"], tool["risk"]) for tool in ended.json["tools"]}
    assert risks["good.wipe"] == ("good", "destructive")
    assert risks["files.read"] == ("built-in", "read")
    assert any("left-pad" in problem for problem in ended.json["problems"])
    assert "left-pad" in ended.err
    assert "files.read" in home("mcp", "tools", "built-in").out
    assert "good.add" not in home("mcp", "tools", "built-in").out


def test_u1_tools_of_one_server_start_that_server_alone(home: Mas) -> None:
    _write(home, good=good(), crash=rough("crash"))
    ended = home("mcp", "tools", "good", "--json")
    assert ended.code == 0
    assert {tool["origin"] for tool in ended.json["tools"]} == {"good"}
    assert ended.json["problems"] == []
    assert ended.err == ""


def test_q1_a_named_server_that_does_not_start_is_unreachable(home: Mas) -> None:
    _write(home, crash=rough("crash"))
    assert "left-pad" in home("mcp", "tools", "crash").refused(5)


def test_q1_a_server_that_is_not_there_or_disabled_is_a_wrong_name(home: Mas) -> None:
    _write(home, good=good(), off=good(disabled=True))
    assert "built-in, good" in home("mcp", "tools", "nobody").refused(2)
    assert "disabled" in home("mcp", "tools", "off").refused(2)


def test_o2_a_model_is_told_of_more_tools_than_it_is_offered(home: Mas) -> None:
    _write(home, many=rough("many"))
    ended = home("mcp", "tools", "many")
    assert ended.code == 0
    assert "500 tools; a model is offered 60 at most" in ended.err
