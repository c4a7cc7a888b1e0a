"""Runs go on whoever waits for them, and none is lost when a server stops (F6, R5, R6)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mas.app import driving as driving_module
from mas.app.driving import Driving
from mas.app.service import Ask, Service, open_service
from mas.app.settings import load_settings
from mas.core.errors import Transient, UserError
from mas.core.run import Run, RunStatus

ASK = "Should we adopt Tekton?"
LIMIT = 100


@asynccontextmanager
async def service_on(home: Path) -> AsyncIterator[Service]:
    environment = {"MAS_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}
    async with open_service(load_settings(environment)) as service:
        yield service


class Held(Service):
    """The real service, whose drives wait until they are let go."""

    def __init__(self, service: Service) -> None:
        super().__init__(service._parts)
        self.gate = asyncio.Event()
        self.begun: list[str] = []
        self.cancelled: list[str] = []
        self.faults: list[Exception] = []
        self.changed = asyncio.Condition()

    async def drive(self, run_id: str) -> Run:
        await self._heard(self.begun, run_id)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(run_id)
            raise
        if self.faults:
            raise self.faults.pop()
        return await super().drive(run_id)

    async def _heard(self, where: list[str], run_id: str) -> None:
        async with self.changed:
            where.append(run_id)
            self.changed.notify_all()

    async def drives(self, count: int) -> Sequence[str]:
        """Wait until so many drives have begun."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.begun) >= count)
        return self.begun


@pytest.fixture
def ask(homelab: str) -> Ask:
    return Ask(text=ASK, cluster=homelab)


async def test_f6_a_run_is_driven_to_its_end_and_waited_for(tmp_path: Path, ask: Ask) -> None:
    async with service_on(tmp_path) as service, Driving(service) as driving:
        async with asyncio.timeout(LIMIT):
            run = await driving.start(ask)
            ended = await driving.ended(run.id)
        assert ended.status is RunStatus.SUCCEEDED
        assert await driving.ended(run.id) == ended
        assert driving.driven == frozenset()


async def test_f6_whoever_stops_waiting_does_not_stop_the_run(tmp_path: Path, ask: Ask) -> None:
    async with service_on(tmp_path) as real:
        service = Held(real)
        async with Driving(service) as driving, asyncio.timeout(LIMIT):
            run = await driving.start(ask)
            waiting = asyncio.create_task(driving.ended(run.id))
            await service.drives(1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert driving.driven == {run.id}
            service.gate.set()
            assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r6_a_cancelled_run_ends_for_whoever_waits(tmp_path: Path, ask: Ask) -> None:
    async with service_on(tmp_path) as real:
        service = Held(real)
        async with Driving(service) as driving, asyncio.timeout(LIMIT):
            run = await driving.start(ask)
            await service.drives(1)
            await service.cancel(run.id)
            service.gate.set()
            assert (await driving.ended(run.id)).status is RunStatus.CANCELLED


async def test_r5_a_server_that_stops_tells_who_waits_and_the_next_one_finishes(
    tmp_path: Path, ask: Ask
) -> None:
    async with service_on(tmp_path) as real, asyncio.timeout(LIMIT):
        service = Held(real)
        async with Driving(service) as driving:
            run = await driving.start(ask)
            waiting = asyncio.create_task(driving.ended(run.id))
            await service.drives(1)
            driving.stop()
            with pytest.raises(Transient) as told:
                await waiting
            with pytest.raises(Transient):
                await driving.start(ask)
        assert run.id in told.value.message
        assert service.cancelled == [run.id]
        assert len(await service.list()) == 1
        async with Driving(real) as again:
            assert (await again.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_f6_a_request_that_cannot_be_used_leaves_no_run(tmp_path: Path) -> None:
    async with service_on(tmp_path) as service, Driving(service) as driving:
        with pytest.raises(UserError):
            await driving.start(Ask(text=ASK, cluster=str(tmp_path / "none.json")))
        assert await service.list() == ()
        assert driving.driven == frozenset()


async def test_f6_without_a_worker_runs_wait_for_another_server(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "LOOK_TIME", timedelta(milliseconds=10))
    async with (
        service_on(tmp_path) as first,
        service_on(tmp_path) as second,
        Driving(second) as worker,
        Driving(first, worker=False) as face,
        asyncio.timeout(LIMIT),
    ):
        run = await face.start(ask)
        assert face.driven == frozenset()
        assert (await face.ended(run.id)).status is RunStatus.SUCCEEDED
        assert (await worker.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r5_two_servers_on_one_journal_do_each_task_once(tmp_path: Path, ask: Ask) -> None:
    async with service_on(tmp_path) as first, service_on(tmp_path) as second:
        run = await first.submit(ask)
        async with Driving(first) as one, Driving(second) as two, asyncio.timeout(LIMIT):
            ended = await asyncio.gather(one.ended(run.id), two.ended(run.id))
        assert [run.status for run in ended] == [RunStatus.SUCCEEDED] * 2
        detail = await first.detail(run.id)
        assert [task.attempt for task in detail.tasks] == [1] * len(detail.tasks)


@pytest.mark.parametrize(
    "fault", [Transient("The journal does not answer."), RuntimeError("a fault")]
)
async def test_r5_a_run_that_could_not_be_driven_is_taken_up_later(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(driving_module, "LOOK_TIME", timedelta(milliseconds=10))
    async with service_on(tmp_path) as real:
        service = Held(real)
        service.faults.append(fault)
        service.gate.set()
        async with Driving(service) as driving, asyncio.timeout(LIMIT):
            run = await driving.start(ask)
            assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED
        assert service.begun[:2] == [run.id, run.id]


async def test_q1_more_runs_than_a_server_can_hold_are_refused(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_WAITING", 2)
    async with service_on(tmp_path) as real:
        service = Held(real)
        async with Driving(service) as driving, asyncio.timeout(LIMIT):
            for _ in range(2):
                await driving.start(ask)
            with pytest.raises(Transient) as refused:
                await driving.start(ask)
        assert refused.value.code == "too_many_runs"
        assert refused.value.retry_after is not None
        assert len(await service.list()) == 2


async def test_p1_only_so_many_runs_are_driven_at_once(
    tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_RUNS", 1)
    async with service_on(tmp_path) as real:
        service = Held(real)
        async with Driving(service) as driving, asyncio.timeout(LIMIT):
            runs = [await driving.start(ask) for _ in range(2)]
            await service.drives(1)
            assert driving.driven == {run.id for run in runs}
            assert len(service.begun) == 1
            service.gate.set()
            for run in runs:
                assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED
