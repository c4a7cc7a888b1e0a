"""Retry, fork, rollback and the audit log as commands, and what the service keeps of them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mas.app.driving import Driving
from mas.app.service import Ask, Service, open_service
from mas.app.settings import load_settings
from mas.core.actors import Actor
from mas.core.errors import UserError
from mas.core.run import RunFilter, RunStatus
from support.command import Mas
from support.fanout_world import persons_repository, script_file

pytestmark = pytest.mark.slow

ASK = "Should we adopt Tekton?"
SECRET = "sk-ant-api03-" + "a" * 40
LIMIT = 100
KIM = Actor(name="kim", role="operator", origin="page 192.0.2.7")


@asynccontextmanager
async def service_on(home: Path) -> AsyncIterator[Service]:
    environment = {"MAS_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}
    async with asyncio.timeout(LIMIT), open_service(load_settings(environment)) as service:
        yield service


def lines_of(mas: Mas, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in mas(*words).out.splitlines()]


def test_u3_the_command_line_tells_who_did_what(mas: Mas, homelab: str) -> None:
    run = mas("ask", ASK, "--cluster", homelab, "--json").json["run_id"]
    mas("agents", "checkpoint", "coder", "--json")
    mas("agents", "wipe", "coder", "--json")

    entries = lines_of(mas, "audit", "--json")

    assert [entry["action"] for entry in entries] == [
        "run.start",
        "memory.checkpoint",
        "memory.wipe",
    ]
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert {(entry["role"], entry["origin"]) for entry in entries} == {("admin", "cli")}
    assert entries[0]["run_id"] == run
    assert entries[0]["detail"] == ASK
    assert lines_of(mas, "audit", "--run", run, "--json") == entries[:1]
    assert lines_of(mas, "audit", "--limit", "1", "--json") == entries[2:]
    assert "memory.wipe" in mas("audit").out


def test_r6_a_fork_keeps_what_was_done_and_answers_again(mas: Mas, homelab: str) -> None:
    run = mas("ask", ASK, "--cluster", homelab, "--json").json["run_id"]
    assert "has failed" in mas("runs", "retry", run).refused(2)
    assert "no step" in mas("runs", "fork", run, "--after", "nowhere").refused(2)

    fork = mas("runs", "fork", run, "--after", "research", "--json").json

    assert fork["status"] == "succeeded"
    assert fork["run_id"] != run
    shown = mas("runs", "show", fork["run_id"], "--json").json
    assert {task["id"]: task["attempts"] for task in shown["tasks"]} == {
        "plan": 0,
        "research": 0,
        "decide": 1,
    }
    listed = mas("runs", "list", "--text", "TEKTON", "--status", "succeeded", "--json").json
    assert {one["run_id"] for one in listed} == {run, fork["run_id"]}
    assert mas("runs", "list", "--before", run, "--json").json == []
    assert mas("runs", "list", "--team", "build", "--json").json == []
    assert "status" in mas("runs", "list", "--status", "odd").refused(2)


def test_f5_a_merge_is_rolled_back_and_what_was_delivered_is_named(
    mas: Mas, tmp_path: Path
) -> None:
    project = persons_repository(tmp_path / "project")
    coder = script_file(tmp_path, {"steps": [{"write": "new.txt", "text": "x\n"}]})
    words = ("--agents", "1", "--repo", str(project), "--coder", coder, "--check", "true")
    asked = mas("ask", "Do it.", *words, "--unsafe-local", "--json")
    run = asked.json["run_id"]
    merged = mas("runs", "merge", run, "--agent", "1", "--deliver", "--json").json
    assert merged["moved"]
    mas("runs", "merge", run, "--agent", "1", "--into", "../x").refused(2)

    first = mas("runs", "rollback", run, "--json").json
    again = mas("runs", "rollback", run, "--json").json

    assert len(first["undone"]) == 1
    assert merged["commit"][:12] in first["undone"][0]["what"]
    assert again["undone"] == []
    assert again["left"] == first["left"]
    assert merged["delivered"] in first["left"][0]["what"]
    assert "branches cannot come along" in mas("runs", "fork", run).refused(2)
    entries = [(one["action"], one["detail"]) for one in lines_of(mas, "audit", "--json")]
    assert [action for action, _ in entries] == [
        *("run.start", "run.merge", "run.merge", "run.merge"),
        *("run.rollback", "run.rollback"),
    ]
    assert entries[1][1] == "into the base, delivered"
    assert entries[2][1] == "into ../x"
    assert entries[3][1].startswith("not done (")
    assert entries[3][1].endswith(") into ../x")


def test_r6_one_agent_of_several_is_retried_in_its_own_clone(mas: Mas, tmp_path: Path) -> None:
    project = persons_repository(tmp_path / "project")
    fails_once = "test -e new.txt || (echo x > new.txt; exit 1)"
    coder = script_file(tmp_path, {"steps": [{"run": ["sh", "-c", fails_once]}]})
    words = ("--agents", "2", "--repo", str(project), "--coder", coder, "--check", "true")
    run = mas("ask", "Do it.", *words, "--unsafe-local", "--json").json["run_id"]

    again = mas("runs", "retry", run, "--task", "agent-1", "--json").json

    assert again["status"] == "succeeded"
    tasks = mas("runs", "show", run, "--json").json["tasks"]
    assert {task["id"]: (task["status"], task["attempts"]) for task in tasks} == {
        "prepare": ("succeeded", 1),
        "agent-1": ("succeeded", 2),
        "agent-2": ("failed", 1),
        "check-base": ("succeeded", 1),
        "check-1": ("succeeded", 2),
        "check-2": ("succeeded", 1),
        "rank": ("succeeded", 2),
    }


async def test_u3_what_is_noted_is_masked_and_cut_and_in_the_callers_name(
    tmp_path: Path, homelab: str
) -> None:
    async with service_on(tmp_path) as service:
        kim = service.acting_for(KIM)
        run = await kim.submit(
            Ask(text=f"Adopt Tekton with {SECRET}? {'x' * 900}", cluster=homelab)
        )
        await kim.cancel(run.id)
        await kim.cancel(run.id)  # nothing happens, and nothing is noted
        await service.note("session.login", detail="from there")

        login, cancel, start = await service.audit()

        assert (start.actor, start.role, start.origin) == ("kim", "operator", "page 192.0.2.7")
        assert SECRET not in start.detail
        assert len(start.detail) == 500
        assert (cancel.action, cancel.run_id) == ("run.cancel", run.id)
        assert (login.actor, login.origin) == (service.actor.name, "cli")
        assert await service.audit(run_id=run.id) == (cancel, start)


async def test_r5_a_request_that_is_sent_again_makes_no_second_run(
    tmp_path: Path, homelab: str
) -> None:
    ask = Ask(text=ASK, cluster=homelab)
    async with service_on(tmp_path) as service, Driving(service, worker=False) as driving:
        kim, lee = (
            service.acting_for(Actor(name=name, role="operator", origin="api"))
            for name in ("kim", "lee")
        )
        run = await driving.start(ask, service=kim, idempotency_key="one")
        again = await driving.start(ask, service=kim, idempotency_key="one")
        assert again.id == run.id
        with pytest.raises(UserError) as told:
            await kim.submit(Ask(text="Other?", cluster=homelab), idempotency_key="one")
        assert told.value.code == "idempotency_conflict"
        # Keys of another person are other keys.
        assert (await lee.submit(ask, idempotency_key="one")).id != run.id
        for bad in ("", " ", "x" * 201, "ä", "a\n"):
            with pytest.raises(UserError) as told:
                await kim.submit(ask, idempotency_key=bad)
            assert told.value.code == "bad_idempotency_key"
        assert [entry.actor for entry in await service.audit()] == ["lee", "kim"]


async def test_r5_of_requests_with_one_key_at_once_exactly_one_has_made_the_run(
    tmp_path: Path, homelab: str
) -> None:
    ask = Ask(text=ASK, cluster=homelab)
    async with service_on(tmp_path) as service, Driving(service, worker=False) as driving:
        found = await asyncio.gather(
            *(driving.accept(ask, idempotency_key="one") for _ in range(6))
        )
        assert len({one.run.id for one in found}) == 1
        assert [one.made for one in found].count(True) == 1
        assert not (await service.accept(ask, idempotency_key="one")).made
        assert (await service.accept(ask)).made


async def test_u3_pages_go_on_behind_their_cursor(tmp_path: Path, homelab: str) -> None:
    async with service_on(tmp_path) as service:
        ids = [(await service.submit(Ask(text=ASK, cluster=homelab))).id for _ in range(5)]
        first = await service.page(limit=2)
        second = await service.page(before=first.next, limit=2)
        last = await service.page(before=second.next, limit=2)
        pages = (*first.runs, *second.runs, *last.runs)
        assert sorted(run.id for run in pages) == sorted(ids)
        assert last.next is None
        assert (await service.page(RunFilter(statuses=(RunStatus.FAILED,)))).runs == ()
        with pytest.raises(UserError) as told:
            await service.page(before="nowhere")
        assert told.value.code == "bad_cursor"
        assert (await service.counts()).runs == {("decide", RunStatus.QUEUED): 5}


async def test_a4_agents_and_lessons_are_the_same_over_the_service(tmp_path: Path) -> None:
    async with service_on(tmp_path) as service:
        assert [one.memory.role for one in await service.agents()] == sorted(service.roles().roles)
        assert (await service.agent("CODER")).memory.role == "coder"
        with pytest.raises(UserError) as told:
            await service.restore("coder")
        assert told.value.code == "no_checkpoint"
        (saved,) = await service.checkpoint("coder")
        assert await service.restore("coder") == (saved,)
        (wiped,) = await service.wipe("coder")
        assert wiped.role == "coder"
        noted = [(entry.action, entry.subject) for entry in await service.audit()]
        assert noted == [
            ("memory.wipe", "coder"),
            ("memory.restore", "coder"),
            ("memory.checkpoint", "coder"),
        ]
        assert await service.lessons() == ()
        with pytest.raises(UserError) as told:
            await service.remove_lesson("l000000")
        assert told.value.code == "unknown_lesson"
        assert await service.working() == {}


async def test_r5_a_server_leaves_runs_alone_that_another_living_process_drives(
    tmp_path: Path, homelab: str
) -> None:
    async with service_on(tmp_path) as asking, service_on(tmp_path) as serving:
        run = await asking.submit(Ask(text=ASK, cluster=homelab))
        begun = asyncio.Event()

        async def drive() -> None:
            async for _ in asking.watch(run.id, after=1):
                begun.set()

        watching = asyncio.create_task(drive())
        driving = asyncio.create_task(asking.drive(run.id))
        await begun.wait()
        if (await asking.get(run.id)).status.ended:
            pytest.skip("it ended before anybody could look")
        async with Driving(serving) as server:
            assert run.id not in server.driven or (await asking.get(run.id)).status.ended
        await driving
        await watching
