"""`POST /orchestrate` from the request to the files of the agents, with a script as coder (F6)."""

from __future__ import annotations

import asyncio
import fcntl
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mas.app.service import Service, open_service
from mas.app.settings import load_settings
from mas.core.events import TaskSucceeded
from mas.core.run import RunStatus
from support.api_server import Serving, serving
from support.command import LIMIT_SECONDS, Mas


@dataclass(frozen=True)
class Shared:
    """A server that tests share, and the command on its home."""

    mas: Mas
    serving: Serving


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    mas = Mas(tmp_path_factory.mktemp("shared") / "home")
    with serving(mas) as running:
        yield Shared(mas, running)


GO = {"wait_for": "go", "seconds": 60}
WORK = [{"write": "made.txt", "text": "made by agent {agent}\n"}, {"commit": "Make it"}]
"""What an agent does that does what it is told."""


def script(folder: Path, *steps: dict[str, Any], **agents: list[dict[str, Any]]) -> str:
    """A coder: agents `a2`, `a3` have steps of their own, all others follow `steps`."""
    file = folder / "script.json"
    own = {name.removeprefix("a"): one for name, one in agents.items()}
    file.write_text(json.dumps({"steps": list(steps), "agents": own}), encoding="utf-8")
    return f"script:{file}"


@asynccontextmanager
async def beside(mas: Mas) -> AsyncIterator[Service]:
    """The service on the same journal, in this process."""
    async with asyncio.timeout(LIMIT_SECONDS), open_service(load_settings(mas.environment)) as one:
        yield one


async def until_said(service: Service, run_id: str, text: str) -> None:
    """Return when an agent has written something."""
    ended = asyncio.Event()
    said = ""
    async for live in service.follow_output(run_id, ended=ended):
        said += live.text
        if text in said:
            ended.set()
    assert text in said


async def to_the_end(service: Service, run_id: str) -> None:
    """Return when a run has ended."""
    async for _ in service.watch(run_id):
        pass


def let_go(mas: Mas, run_id: str, agent: int = 1) -> None:
    """Let an agent go on that waits for the file `go`."""
    (mas.home / f"workspace/runs/run_{run_id}/worktrees/agent-{agent}/go").touch()


def test_f6_three_agents_are_answered_as_each_has_ended(shared: Shared, tmp_path: Path) -> None:
    coder = script(tmp_path, *WORK, a2=[{"say": "Nothing to do."}], a3=[{"fail": "I cannot."}])
    with shared.serving.client() as http:
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


def test_f6_a_run_in_which_no_agent_succeeds_has_failed(shared: Shared, tmp_path: Path) -> None:
    coder = script(tmp_path, {"fail": "I cannot."})
    with shared.serving.client() as http:
        answer = http.post("/orchestrate", json={"prompt": "Try it", "coder": coder})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "failed"
    assert answer.json()["summary"] == {"total_agents": 1, "successful": 0, "failed": 1}


async def test_f6_who_does_not_want_to_wait_gets_an_address(shared: Shared, tmp_path: Path) -> None:
    coder = script(tmp_path, {"say": "I wait."}, GO, *WORK)
    body = {"prompt": "Make made.txt", "coder": coder}
    async with shared.serving.async_client() as http, beside(shared.mas) as service:
        headers = {"Prefer": "wait=1, Respond-Async", "Idempotency-Key": "waits-not"}
        accepted = await http.post("/orchestrate", json=body, headers=headers)
        assert accepted.status_code == 202, accepted.text
        assert accepted.headers["preference-applied"] == "respond-async"
        run_id = accepted.json()["run_id"]
        address = accepted.headers["location"]
        assert address == f"/runs/{run_id}"
        again = await http.post("/orchestrate", json=body, headers=headers)
        assert again.headers["location"] == address
        await until_said(service, run_id, "I wait.")
        state = await http.get(address)
        assert state.status_code == 200
        assert state.json() == {
            "run_id": run_id,
            "status": "running",
            "team": "fanout",
            "language": "en",
        }
        let_go(shared.mas, run_id)
        await to_the_end(service, run_id)
        answer = (await http.get(address)).json()
    assert answer["status"] == "completed"
    assert answer["run_info"]["run_id"] == run_id


async def the_run(service: Service, prompt: str) -> str:
    """The id of the run with this prompt, once there is one."""
    while True:
        for run in await service.list():
            if run.request == prompt:
                return run.id


async def test_f6_a_client_that_goes_away_does_not_stop_its_run(
    shared: Shared, tmp_path: Path
) -> None:
    coder = script(tmp_path, {"say": "I wait."}, GO, *WORK)
    body = {"prompt": "Do not wait for me", "coder": coder}
    async with shared.serving.async_client() as http, beside(shared.mas) as service:
        asking = asyncio.create_task(http.post("/orchestrate", json=body))
        run_id = await the_run(service, "Do not wait for me")
        await until_said(service, run_id, "I wait.")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await http.aclose()
        let_go(shared.mas, run_id)
        await to_the_end(service, run_id)
        async with shared.serving.async_client() as another:
            answer = await another.get(f"/runs/{run_id}")
    assert answer.json()["status"] == "completed"


HOLD = """
import fcntl, time
lock = open("lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
open("held", "w").close()
time.sleep(1000)
"""


async def held(folder: Path) -> None:
    """Return when an agent holds its lock; forgets that it does."""
    while not await asyncio.to_thread((folder / "held").exists):
        continue
    await asyncio.to_thread((folder / "held").unlink)


def is_free(folder: Path) -> bool:
    """Whether no process holds the lock of an agent any more."""
    with (folder / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.mark.e2e
async def test_r5_a_server_that_is_stopped_leaves_no_process_and_the_next_one_goes_on(
    mas: Mas, tmp_path: Path
) -> None:
    coder = script(tmp_path, *WORK, a2=[{"run": ["python3", "-c", HOLD]}])
    body = {"prompt": "Make it", "coder": coder, "agent_count": 2}
    async with beside(mas) as service:
        with serving(mas) as running:
            async with running.async_client() as http, asyncio.TaskGroup() as group:
                asking = group.create_task(http.post("/orchestrate", json=body))
                run_id = await the_run(service, "Make it")
                folder = mas.home / f"workspace/runs/run_{run_id}/worktrees/agent-2"
                await held(folder)
                assert not is_free(folder)
                async for event in service.watch(run_id):
                    if isinstance(event.body, TaskSucceeded) and event.body.task == "agent-1":
                        break
                stopped = await asyncio.to_thread(running.stop)
        told = asking.result()
        assert stopped == (130, "mas: Interrupted.\n")
        assert told.status_code == 503
        assert run_id in told.json()["detail"]
        assert "retry-after" in told.headers
        assert is_free(folder)
        assert (await service.get(run_id)).status is RunStatus.RUNNING
        with serving(mas) as running:
            await held(folder)
            await service.cancel(run_id)
            await to_the_end(service, run_id)
            async with running.async_client() as http:
                answer = (await http.get(f"/runs/{run_id}")).json()
        assert is_free(folder)
    assert [one["status"] for one in answer["results"]] == ["success", "error"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"coder": "nobody"}, "unknown_coder"),
        ({"coder": "script:/nowhere.json"}, "bad_script"),
        ({"coder": "command:true", "repo": "/nowhere/at/all"}, None),
        ({"coder": "command:true", "checks": ["pytest '"]}, "bad_check"),
    ],
)
async def test_q1_what_a_request_names_and_is_not_there_is_said_before_there_is_a_run(
    shared: Shared, body: dict[str, Any], code: str | None
) -> None:
    async with shared.serving.async_client() as http, beside(shared.mas) as service:
        before = len(await service.list())
        answer = await http.post("/orchestrate", json={"prompt": "Do it.", **body})
        assert len(await service.list()) == before
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    assert code in (None, answer.json()["code"])
