"""Roles are files: the built-in ones, a person's own, and those of Claude Code (A1)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.agents.roles.front_matter import BadFrontMatter
from mas.agents.roles.loader import (
    LIMIT_BYTES,
    LoadedRoles,
    built_in_roles,
    load_roles,
    parse_role,
)
from mas.agents.roles.tool_names import BUILT_IN, CLAUDE_TOOLS, read_tools
from mas.core.roles import Role, RoleLimits

BUILT_IN_NAMES = (
    "backend coder cost decider deployment devops frontend infrastructure judge monitoring "
    "orchestrator planner researcher security sre testing"
).split()

REVIEWER = """---
name: code-reviewer
description: Expert code review specialist. Use immediately after writing code.
tools: Read, Grep, Glob, Bash, WebFetch, mcp__github__create_issue, mcp__jira
model: sonnet
color: purple
---

You are a senior code reviewer.

When invoked:
1. Run git diff
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "agents"
    made.mkdir()
    return made


def role_file(name: str = "own", body: str = "Do it.", **more: str) -> str:
    fields = {"name": name, "description": "Does it.", **more}
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in fields.items()) + f"---\n{body}\n"


def parsed(text: str) -> Role:
    return parse_role(text, source="x.md")[0]


def fault(text: str) -> tuple[int, str]:
    with pytest.raises(BadFrontMatter) as caught:
        parse_role(text, source="x.md")
    return caught.value.line, caught.value.message


def own(loaded: LoadedRoles) -> dict[str, Role]:
    return {name: role for name, role in loaded.roles.items() if role.source != "built-in"}


# Built-in roles


def test_a1_all_built_in_roles_are_there() -> None:
    assert sorted(built_in_roles()) == BUILT_IN_NAMES
    assert load_roles(None).roles == built_in_roles()
    assert load_roles(None).problems == load_roles(None).notes == ()


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_a1_a_built_in_role_is_short_and_says_how_it_works_at_each_stage(name: str) -> None:
    role = built_in_roles()[name]

    assert len(role.instructions.split()) <= 450
    for stage in ("Observe", "Reason", "Plan", "Act", "Validate"):
        assert f"- **{stage}.**" in role.instructions
    assert role.expertise
    assert role.tools
    assert role.model is None
    assert role.source == "built-in"


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_q2_a_built_in_role_follows_no_found_instructions_and_reads_no_secrets(name: str) -> None:
    never = built_in_roles()[name].instructions.partition("## Never")[2]

    assert re.search(r"follow\s+instructions", never)
    assert re.search(r"Secret|secrets|keys|tokens", never)


@pytest.mark.parametrize("name", ["orchestrator", "planner", "researcher", "decider", "judge"])
def test_q2_roles_that_only_look_have_no_tool_that_changes_anything(name: str) -> None:
    writing = {"files.write", "files.edit", "files.*", "command.run", "git.*", "git.commit"}

    assert not writing & set(built_in_roles()[name].tools or ("files.*",))


# Files of Claude Code


def test_a1_a_claude_code_file_works_unchanged() -> None:
    role, notes = parse_role(REVIEWER, source="reviewer.md")

    assert role == Role(
        name="code-reviewer",
        description="Expert code review specialist. Use immediately after writing code.",
        instructions="You are a senior code reviewer.\n\nWhen invoked:\n1. Run git diff",
        tools=(
            "files.read",
            "files.search",
            "files.list",
            "command.run",
            "github.create_issue",
            "jira.*",
            "outputs.*",
        ),
        model="sonnet",
        source="reviewer.md",
    )
    assert [str(note) for note in notes] == [
        "reviewer.md:4: tools: WebFetch has no counterpart and was left out.",
        "reviewer.md:6: 'color' is not used by MAS.",
    ]


def test_a1_without_a_list_of_tools_every_tool_is_allowed_and_an_empty_one_allows_none() -> None:
    assert parsed(role_file()).tools is None
    assert parsed(role_file(tools="'*'")).tools is None
    assert parsed(role_file(tools="")).tools == ()
    assert parsed(role_file(tools="[]")).tools == ()
    assert parsed(role_file(tools="WebSearch, Nonsense")).tools == ()


def test_a1_tools_are_words_or_a_list_theirs_or_ours() -> None:
    assert parsed(role_file(tools="Read, files.read, git.*")).tools == (
        "files.read",
        "git.*",
        "outputs.*",
    )
    listed = "\n  - Edit\n  - mcp__pg__query\n  - outputs.read\n  - outputs.*"
    assert parsed(role_file(tools=listed)).tools == (
        "files.edit",
        "pg.query",
        "outputs.read",
        "outputs.*",
    )


def test_q2_a_tool_that_is_limited_to_some_arguments_is_not_given_without_the_limit() -> None:
    role, notes = parse_role(role_file(tools="Read, Bash(git diff:*, git log:*)"), source="x.md")

    assert role.tools == ("files.read", "outputs.*")
    assert "policy.toml" in notes[0].message


def test_q2_forbidden_tools_are_taken_away_from_whatever_is_allowed() -> None:
    listed = parsed(role_file(tools="Read, Bash, mcp__gh", disallowedTools="Bash, mcp__gh__delete"))
    assert listed.tools == ("files.read", "outputs.*")

    rest = parsed(role_file(disallowedTools="Write, Edit, Bash(rm:*)")).tools
    assert rest is not None
    assert set(BUILT_IN) - set(rest) == {"files.write", "files.edit", "command.run"}


@given(
    st.none() | st.lists(st.sampled_from([*CLAUDE_TOOLS, "git.*", "mcp__a__b", "*", "x(y)"])),
    st.lists(st.sampled_from([*CLAUDE_TOOLS, "git.*", "mcp__a", "Read(x)"]), min_size=1),
)
def test_q2_forbidding_never_widens(allowed: list[str] | None, forbidden: list[str]) -> None:
    free, bound = read_tools(allowed).patterns, read_tools(allowed, forbidden).patterns

    if bound is None:
        assert free is None
        assert all(CLAUDE_TOOLS.get(word) == () for word in forbidden), "nothing was forbidden"
    else:
        assert set(bound) <= set(free if free is not None else BUILT_IN)
        taken = {pattern for word in forbidden for pattern in CLAUDE_TOOLS.get(word, ())}
        assert not taken & set(bound)


@pytest.mark.parametrize(
    ("written", "model"),
    [("inherit", None), ("", None), ("opus", "opus"), ("anthropic:x-1", "anthropic:x-1")],
)
def test_a5_a_role_may_name_its_model(written: str, model: str | None) -> None:
    assert parsed(role_file(model=written)).model == model


def test_a1_limits_expertise_and_team_are_read() -> None:
    role = parsed(
        role_file(
            expertise="Go, gRPC", team="build", limits="{calls: 5, cost_usd: 0.5, seconds: 90}"
        )
    )
    assert role.expertise == ("Go", "gRPC")
    assert role.team == "build"
    assert role.limits == RoleLimits(calls=5, cost_usd=0.5, seconds=90)
    assert parsed(role_file(maxTurns="7")).limits == RoleLimits(calls=7)
    assert parsed(role_file(maxTurns="7", limits="{calls: 5}")).limits == RoleLimits(calls=5)


def test_a1_a_description_with_a_colon_inside_is_understood() -> None:
    text = role_file(description=r"Use this agent when: a user asks.\n<example>Context: it's</x>")
    role, notes = parse_role(text, source="x.md")

    assert role.description == r"Use this agent when: a user asks.\n<example>Context: it's</x>"
    assert "quotes" in notes[0].message


def test_a1_windows_line_ends_and_a_byte_order_mark_do_no_harm(folder: Path) -> None:
    (folder / "a.md").write_bytes(b"\xef\xbb\xbf" + role_file().replace("\n", "\r\n").encode())

    assert own(load_roles(folder))["own"].instructions == "Do it."


def test_a1_words_that_yaml_takes_for_values_are_still_names() -> None:
    for name in ("no", "null2", "123", "on", "1e3"):
        assert parsed(role_file(name)).name == name


# Files that cannot be used


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "no front matter"),
        ("# A title\n---\nname: x\n---\n", 1, "the first line has to be ---"),
        ("---\nname: x\ndescription: y\n", 1, "not closed"),
        (role_file(tools="[Read, Write"), 4, "not valid YAML: expected ',' or ']'"),
        (role_file(color="'open"), 4, "not valid YAML"),
        ("---\nname: a\n\tdescription: b\n---\nx", 3, "not valid YAML"),
        ("---\nname: a\ndescription: \x07\n---\nx", 3, "a sign that may not stand there"),
        ("---\n- a\n- b\n---\nx", 2, "lines of `key: value`"),
        ("---\njust words\n---\nx", 2, "lines of `key: value`"),
        ("---\n---\nx", 1, "a name is missing"),
        ("---\nname: a\nname: b\n---\nx", 3, "'name' stands there twice"),
        ("---\n[a]: b\n---\nx", 2, "a key has to be a word"),
        ("---\ndescription: x\n---\nx", 1, "a name is missing"),
        (role_file("Code Reviewer"), 2, "small letters, digits and hyphens"),
        (role_file("../../x"), 2, "small letters"),
        (role_file("검토자"), 2, "small letters"),
        (role_file("-x"), 2, "small letters"),
        (role_file("x" * 65), 2, "at most 64"),
        (role_file("all"), 2, "a meaning of its own"),
        (role_file("[a]"), 2, "name has to be a text"),
        (role_file(description=""), 1, "a description is missing"),
        (role_file(description="x" * 5000), 3, "longer than 4,000"),
        (role_file(body=" "), 0, "no instructions"),
        (role_file(tools="{a: b}"), 4, "tools has to be words"),
        (role_file(tools="[[a]]"), 4, "tools has to be words"),
        (role_file(model="two words"), 4, "model has to be one word"),
        (role_file(limits="5"), 4, "limits has to be lines"),
        (role_file(limits="{call: 5}"), 4, "unknown field `call`"),
        (role_file(limits="{calls: many}"), 4, "Expected `int`"),
        (role_file(limits="{calls: 0}"), 4, "calls has to be greater than 0"),
        (role_file(limits="{seconds: nan}"), 4, "limits are wrong"),
        (role_file(color="[" * 5000), 2, "nested too deeply"),
    ],
)
def test_q1_a_bad_file_says_what_is_wrong_and_on_which_line(
    text: str, line: int, words: str
) -> None:
    found, message = fault(text)

    assert words in message
    assert found == line


def test_q1_an_alias_bomb_is_harmless() -> None:
    bomb = ["a0: &a0 [x, x]"]
    bomb += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    text = role_file().replace("---\nDo", "\n".join([*bomb, "expertise: *a29", "---\nDo"]))

    assert "expertise has to be words" in fault(text)[1]


def test_q1_each_bad_file_names_itself_and_stops_no_other(folder: Path) -> None:
    (folder / "a.md").write_text(role_file("fine"))
    (folder / "b.md").write_text("no front matter")
    (folder / "c.md").write_bytes(role_file("late").encode() + b"\xff")
    (folder / "d.md").mkdir()
    (folder / "e.md").symlink_to(folder / "e.md")
    (folder / "f.md").write_text(role_file("huge", "x" * LIMIT_BYTES))
    (folder / "g.md").write_text(role_file("fine", "Another."))
    os.mkfifo(folder / "h.md")
    (folder / "i.md").symlink_to(folder / "gone")
    (folder / "notes.txt").write_text("not a role")
    (folder / "z.md").write_text(role_file("last"))

    loaded = load_roles(folder)

    assert sorted(own(loaded)) == ["fine", "last"]
    assert loaded.roles["fine"].instructions == "Do it."
    told = {Path(one.file).name: (one.line, one.message) for one in loaded.problems}
    assert told == {
        "b.md": (1, "it has no front matter: the first line has to be ---"),
        "c.md": (6, "line 6 is not UTF-8"),
        "d.md": (0, "it is no regular file"),
        "e.md": (0, "it cannot be read (Too many levels of symbolic links)"),
        "f.md": (0, "it is larger than 65,536 bytes"),
        "g.md": (0, "a.md has the name 'fine' too"),
        "h.md": (0, "it is no regular file"),
        "i.md": (0, "it is a link that leads nowhere"),
    }


def test_a1_a_persons_file_replaces_the_built_in_role_and_a_bad_one_does_not(folder: Path) -> None:
    (folder / "mine.md").write_text(role_file("sre", "My way."))
    (folder / "cost.md").write_text(role_file("cost", ""))

    loaded = load_roles(folder)

    assert loaded.roles["sre"].instructions == "My way."
    assert loaded.roles["sre"].source == str(folder / "mine.md")
    assert loaded.roles["cost"] == built_in_roles()["cost"]
    assert len(loaded.roles) == len(BUILT_IN_NAMES)


def test_a1_a_folder_that_is_not_there_adds_nothing_and_one_that_is_none_says_so(
    tmp_path: Path,
) -> None:
    assert load_roles(tmp_path / "none") == load_roles(None)

    (tmp_path / "file").write_text("")
    (problem,) = load_roles(tmp_path / "file").problems
    assert problem.file == str(tmp_path / "file")
    assert "folder" in problem.message


@given(st.text(max_size=200))
def test_q1_any_text_is_a_role_or_a_named_fault(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\nx", role_file(tools=text)):
        lines = whole.count("\n") + whole.count("\r") + 2
        bad: BadFrontMatter | None = None
        try:
            role, _ = parse_role(whole, source="x.md")
        except BadFrontMatter as caught:
            bad = caught
        if bad is None:
            assert re.fullmatch(r"[a-z0-9-]+", role.name)
        else:
            assert bad.message
            assert 0 <= bad.line <= lines
