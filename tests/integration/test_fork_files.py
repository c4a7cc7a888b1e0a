"""The files that a fork gets, while its source goes on (R6) and when its process dies (R5)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.clock import SystemClock
from mas.app import forking
from mas.app.asking import Ask
from mas.app.service import Service, open_service
from mas.app.settings import load_settings
from mas.core.errors import Transient, UserError
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, TaskOutcome, TaskState
from mas.engine import Engine
from mas.engine.journal.lifecycle import Accepted
from mas.testing.doubles import FixedTeam, FunctionDoer

LIMIT = 60.0
PLAN = Plan(
    tasks=(
        TaskSpec(id="a", role="worker", title="a"),
        TaskSpec(id="b", role="worker", title="b", depends_on=("a",)),
        TaskSpec(id="c", role="worker", title="c", depends_on=("b",)),
    )
)


async def no() -> bool:
    return False


def opened(home: Path) -> AbstractAsyncContextManager[Service]:
    return open_service(
        load_settings({"MAS_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]})
    )


async def with_files(service: Service, files: Path) -> Run:
    """A run that has ended and has left a file."""
    source = await service.submit(Ask(text="Should we adopt Tekton?", no_model=True))
    await service.drive(source.id)
    (files / source.id).mkdir(parents=True)
    (files / source.id / "made").write_text("x")
    return source


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


async def test_r6_a_task_that_ends_while_the_files_are_copied_is_done_anew_in_the_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied, b_runs, b_may_end, c_runs = (asyncio.Event() for _ in range(4))
    go_on = threading.Event()
    loop = asyncio.get_running_loop()

    def copy(source: Path, target: Path, *, really: object = forking._copy) -> None:
        assert callable(really)
        really(source, target)
        loop.call_soon_threadsafe(copied.set)
        assert go_on.wait(LIMIT)

    monkeypatch.setattr(forking, "_copy", copy)
    async with asyncio.timeout(LIMIT), opened(tmp_path) as service:
        files = service._parts.workshop.settings.workspaces_folder

        async def do(work: Work) -> TaskOutcome:
            folder = files / work.run.id
            folder.mkdir(parents=True, exist_ok=True)
            if work.task.id == "b":
                b_runs.set()
                await b_may_end.wait()
            if work.task.id == "c":
                c_runs.set()
                await asyncio.Event().wait()
            (folder / work.task.id).write_text("x")
            return TaskOutcome(result=None)

        engine = Engine(
            store=service._parts.store,
            teams={"fixed": FixedTeam(plans=PLAN)},
            doers={"worker": FunctionDoer(do)},
            clock=SystemClock(),
        )
        monkeypatch.setattr(service, "_engine", engine)
        run = await engine.submit(RunRequest(text="x", team="fixed"))
        driving = asyncio.create_task(engine.drive(run.id))
        await b_runs.wait()
        forks = asyncio.create_task(service.fork(run.id))
        await copied.wait()
        b_may_end.set()
        await c_runs.wait()
        go_on.set()
        fork = (await forks).run

        assert {task.id: task.state for task in await engine.tasks(fork.id)} == {
            "a": TaskState.SUCCEEDED,
            "b": TaskState.READY,
            "c": TaskState.WAITING,
        }
        assert names(files / fork.id) == ["a"]
        driving.cancel()
        with suppress(asyncio.CancelledError):
            await driving


DIES_IN_THE_SECOND_FOLDER = """
import asyncio, os, signal, sys
from pathlib import Path
from mas.app import forking
from mas.app.asking import Ask

seen = []
def dying(folder, names):
    seen.append(folder)
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return set()
forking._not_files = dying

async def made():
    return True
async def main():
    async with forking.copied(Path(sys.argv[1]), "old", "new", is_made=made):
        pass
asyncio.run(main())
"""


async def test_r5_a_copy_that_a_kill_has_cut_short_is_nobodys_folder(tmp_path: Path) -> None:
    for name in ("old/one", "old/two"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text("x")

    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DIES_IN_THE_SECOND_FOLDER, str(tmp_path)],
        check=False,
        timeout=LIMIT,
    )

    assert died.returncode == -signal.SIGKILL
    assert not (tmp_path / "new").exists()
    async with forking.copied(tmp_path, "old", "other", is_made=no):
        pass
    assert names(tmp_path / "other") == ["one", "two"]


async def test_r5_a_copy_that_was_cut_short_is_removed_by_a_fork_of_a_later_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("old", ".killed.part/one", ".note.txt"):
        (tmp_path / name).mkdir(parents=True)
    async with forking.copied(tmp_path, "old", "soon", is_made=no):
        assert (tmp_path / ".killed.part").exists()  # somebody may be at it
    later = time.time() + timedelta(days=1, seconds=1).total_seconds()
    monkeypatch.setattr(forking.time, "time", lambda: later)
    async with forking.copied(tmp_path, "old", "later", is_made=no):
        pass
    assert names(tmp_path) == [".note.txt", "later", "old", "soon"]


async def test_r5_forks_with_one_key_at_once_are_one_run_with_one_folder_and_one_note(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(LIMIT), opened(tmp_path) as service:
        files = service._parts.workshop.settings.workspaces_folder
        source = await with_files(service, files)

        forks = await asyncio.gather(
            *(service.fork(source.id, idempotency_key="one") for _ in range(5))
        )

        assert [fork.made for fork in forks].count(True) == 1
        (fork,) = {fork.run.id for fork in forks}
        assert names(files) == sorted((source.id, fork))
        assert names(files / fork) == ["made"]
        noted = [entry.run_id for entry in await service.audit() if entry.action == "run.fork"]
        assert noted == [fork]
        assert (await service.fork(source.id, idempotency_key="other")).run.id != fork
        assert (await service.fork(source.id)).run.id != fork
        with pytest.raises(UserError) as told:
            await service.fork(source.id, after="research", idempotency_key="one")
        assert told.value.code == "idempotency_conflict"


async def test_r5_a_fork_whose_caller_goes_away_keeps_its_files_once_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asyncio.timeout(LIMIT), opened(tmp_path) as service:
        files = service._parts.workshop.settings.workspaces_folder
        source = await with_files(service, files)
        made = asyncio.Event()
        really = service._engine.fork

        async def fork(*args: Any, **options: Any) -> Accepted:
            await really(*args, **options)
            made.set()
            return await asyncio.Future()

        monkeypatch.setattr(service._engine, "fork", fork)
        forks = asyncio.create_task(service.fork(source.id))
        await made.wait()
        forks.cancel()
        with pytest.raises(asyncio.CancelledError):
            await forks

        (forked,) = {run.id for run in await service.unfinished()}
        assert names(files / forked) == ["made"]


@pytest.mark.parametrize("told", ["no", "unknown"])
async def test_r5_files_go_with_a_fork_that_was_not_made_and_stay_when_nobody_knows(
    tmp_path: Path, told: str
) -> None:
    (tmp_path / "old").mkdir()

    async def is_made() -> bool:
        if told == "unknown":
            raise Transient("The journal cannot be read.")
        return False

    with pytest.raises(Transient):
        async with forking.copied(tmp_path, "old", "new", is_made=is_made):
            raise Transient("The journal cannot be written.")
    assert names(tmp_path) == (["old"] if told == "no" else ["new", "old"])


async def test_r5_a_fork_that_was_refused_has_not_used_its_key(tmp_path: Path) -> None:
    async with asyncio.timeout(LIMIT), opened(tmp_path) as service:
        source = await service.submit(Ask(text="Should we adopt Tekton?", no_model=True))
        with pytest.raises(UserError) as told:
            await service.fork(source.id, after="research", idempotency_key="one")
        assert told.value.code == "unknown_step"
        await service.drive(source.id)
        assert (await service.fork(source.id, after="research", idempotency_key="one")).made
