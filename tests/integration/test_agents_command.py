"""`mas agents` and `mas knowledge` as a person uses them (A1, A4, R13, Q1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.lessons import add_lessons, count_lessons
from mas.adapters.stores.memories import StoredMemories
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.lessons import NewLesson
from mas.core.memory import Memory
from support.command import Mas

pytestmark = pytest.mark.slow

OWN = """---
name: {name}
description: Reviews what others wrote.
tools: Read, Grep
---

Look closely.
"""
SRE = Memory(
    role="sre",
    current_task="r/2",
    completed_tasks=("r/1",),
    knowledge=("the registry is slow",),
    observations=("r/2: 3 pods\x1b[31m wait",),
    reasoning=("r/2: 디스크가 가득 찼다",),
    blocked_on="an answer",
)


@pytest.fixture
def folder(mas: Mas) -> Path:
    made = mas.home / "agents"
    made.mkdir(parents=True)
    return made


def store(mas: Mas) -> SqliteStore:
    return SqliteStore(mas.home / "mas.db", clock=SystemClock())


def remember(mas: Mas, *memories: Memory) -> None:
    async def change() -> None:
        async with store(mas) as opened:
            for memory in memories:
                await StoredMemories(opened).change(memory.role, lambda _, new=memory: new)  # type: ignore[misc]

    asyncio.run(change())


def told(memory: Memory) -> dict[str, object]:
    """A memory as JSON shows it."""
    values = {name: getattr(memory, name) for name in memory.__struct_fields__}
    return {n: list(value) if isinstance(value, tuple) else value for n, value in values.items()}


def test_a1_roles_are_listed_with_where_they_come_from(mas: Mas, folder: Path) -> None:
    (folder / "review.md").write_text(OWN.format(name="reviewer"))
    (folder / "sre.md").write_text(OWN.format(name="sre"))

    listed = mas("agents", "list", "--json")
    assert listed.code == 0
    sources = {role["name"]: role["source"] for role in listed.json["roles"]}
    assert len(sources) == 17
    assert sources["reviewer"] == str(folder / "review.md")
    assert sources["sre"] == str(folder / "sre.md")
    assert sources["cost"] == "built-in"
    assert listed.json["problems"] == []

    table = mas("agents", "list")
    assert table.code == 0
    assert table.err == ""
    assert "reviewer" in table.out


def test_q1_bad_role_files_are_named_with_their_line_and_stop_nothing(
    mas: Mas, folder: Path
) -> None:
    (folder / "bad.md").write_text("---\nname: bad\ntools: [Read\n---\nx")
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "od\x1b[31md.md").write_text("no front matter")
    (folder / "good.md").write_text(OWN.format(name="good"))

    listed = mas("agents", "list")
    assert listed.code == 0
    assert "good" in listed.out
    lines = listed.err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"mas: {folder}/bad.md:3: it is not valid YAML")
    assert "loop.md: it cannot be read" in lines[1]
    assert "\x1b" not in listed.err

    problems = mas("agents", "list", "--json").json["problems"]
    assert [problem["line"] for problem in problems] == [3, None, 1]
    assert "A file could not be used" in mas("agents", "show", "bad").refused(2)


def test_a1_a_role_is_shown_with_its_tools_limits_and_instructions(mas: Mas, folder: Path) -> None:
    (folder / "review.md").write_text(OWN.format(name="reviewer"))

    shown = mas("agents", "show", "Reviewer")
    assert shown.code == 0
    assert "files.read, files.search, outputs.*" in shown.out
    assert str(folder / "review.md") in shown.out
    assert shown.out.rstrip().endswith("Look closely.")
    built_in = mas("agents", "show", "judge", "--json").json
    assert built_in["source"] == "built-in"
    assert built_in["limits"]["calls"] == 30
    assert "## Never" in built_in["instructions"]


@pytest.mark.parametrize("verb", ["show", "status", "wipe", "checkpoint", "restore"])
def test_q1_an_unknown_agent_is_refused_with_the_nearest_name(mas: Mas, verb: str) -> None:
    message = mas("agents", verb, "plannner").refused(2)

    assert "no agent called 'plannner'" in message
    assert "Did you mean planner?" in message


@pytest.mark.parametrize("verb", ["wipe", "checkpoint", "restore"])
def test_q1_one_agent_or_all_have_to_be_named(mas: Mas, verb: str) -> None:
    assert "--all" in mas("agents", verb).refused(2)
    assert "--all" in mas("agents", verb, "sre", "--all").refused(2)
    assert not (mas.home / "mas.db").exists()


def test_a4_a_checkpoint_survives_a_wipe_and_is_restored_exactly(mas: Mas) -> None:
    remember(mas, SRE)

    saved = mas("agents", "checkpoint", "sre", "--json")
    assert saved.json[0]["memory"] == told(SRE)
    wiped = mas("agents", "wipe", "sre", "--json")
    assert wiped.json == [told(Memory(role="sre", knowledge=SRE.knowledge))]
    status = mas("agents", "status", "sre", "--json").json
    assert status["current_task"] == ""
    assert status["knowledge"] == ["the registry is slow"]
    assert status["checkpoint"]["number"] == 1

    restored = mas("agents", "restore", "sre", "--json")
    assert restored.json == saved.json
    status = mas("agents", "status", "sre", "--json").json
    assert {name: status[name] for name in told(SRE)} == told(SRE)


def test_a4_all_agents_are_saved_wiped_and_restored_together(mas: Mas) -> None:
    gone = Memory(role="gone-since", observations=("x",))
    remember(mas, SRE, gone)

    for verb in ("checkpoint", "wipe", "restore"):
        done = mas("agents", verb, "--all")
        assert done.code == 0
        assert [line.split()[0].rstrip(":") for line in done.out.splitlines()] == [
            "gone-since",
            "sre",
        ]
    status = {one["role"]: one for one in mas("agents", "status", "--json").json}
    assert status["sre"]["observations"] == list(SRE.observations)
    assert status["gone-since"]["observations"] == ["x"]
    assert status["coder"]["updated_at"] is None
    assert len(status) == 17


def test_a4_status_is_shown_without_signs_that_steer_a_terminal(mas: Mas) -> None:
    remember(mas, SRE)

    one = mas("agents", "status", "sre")
    assert "디스크가 가득 찼다" in one.out
    assert "an answer" in one.out
    assert "\x1b" not in one.out
    assert "r/2" in mas("agents", "status").out


def test_a4_without_a_checkpoint_restore_says_how_to_make_one(mas: Mas) -> None:
    assert "mas agents checkpoint sre" in mas("agents", "restore", "sre").refused(2)
    nothing = mas("agents", "restore", "--all", "--json")
    assert (nothing.code, nothing.json) == (0, [])


def test_a4_memories_are_kept_where_the_journal_is(mas: Mas, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"

    done = mas("agents", "checkpoint", "sre", more={"DATABASE_URL": f"sqlite:///{elsewhere}"})

    assert done.code == 0, done.err
    assert elsewhere.exists()
    assert not (mas.home / "mas.db").exists()


def test_r13_lessons_are_listed_and_removed(mas: Mas) -> None:
    async def teach() -> tuple[str, ...]:
        lesson = NewLesson(
            kind="fix", team="build", about="no module flask", text="pip install", evidence=("r/t",)
        )
        async with store(mas) as opened:
            ids = await opened.run(add_lessons, [lesson])
            await opened.run(count_lessons, ids, succeeded=True)
        return ids

    (id_,) = asyncio.run(teach())

    (listed,) = mas("knowledge", "lessons", "list", "--json").json
    assert (listed["id"], listed["successes"], listed["evidence"]) == (id_, 1, ["r/t"])
    assert "no module flask" in mas("knowledge", "lessons", "list").out
    assert mas("knowledge", "lessons", "remove", id_, "--json").json == {"removed": id_}
    assert "mas knowledge lessons list" in mas("knowledge", "lessons", "remove", id_).refused(2)
    assert mas("knowledge", "lessons", "list", "--json").json == []
