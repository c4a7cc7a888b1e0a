"""Which runs a server drives, and which of them take its room (R5, R6, R7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.app import driving as driving_module
from mas.app.driving import Driving
from mas.app.service import Ask, Service
from mas.core.calls import StoredCall
from mas.core.errors import Permanent, Transient
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer

LIMIT = 60.0
LONG = timedelta(hours=1)
SOON = timedelta(milliseconds=10)
CALL = StoredCall(
    call=ToolCall(id="c", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)


class Small(Service):
    """As much of the service as driving needs, over an engine whose one task does what the
    request says: ask a person, wait for the gate, fail once, or nothing."""

    def __init__(self, store: SqliteStore) -> None:
        self.gate = asyncio.Event()
        self.looks = 0
        self.looked = asyncio.Condition()
        self.failed: set[str] = set()
        self._engine = Engine(
            store=store,
            teams={
                "fixed": FixedTeam(
                    plans=Plan(tasks=(TaskSpec(id="a", role="worker", title="a", depends_on=()),))
                )
            },
            doers={"worker": FunctionDoer(self._do)},
            clock=SystemClock(),
        )

    async def _do(self, work: Work) -> TaskOutcome:
        if work.run.request == "ask":
            await work.approval("act/1", CALL)
        elif work.run.request == "wait":
            await self.gate.wait()
        elif work.run.request == "fail" and work.run.id not in self.failed:
            self.failed.add(work.run.id)
            raise Permanent("No.")
        return TaskOutcome(result="done")

    async def ask(self, text: str) -> Run:
        return await self._engine.submit(RunRequest(text=text, team="fixed"))

    async def again(self, run_id: str) -> None:
        await self._engine.retry(run_id)

    async def answer(self, run_id: str) -> None:
        await self._engine.decide(run_id, "a1", approved=True)

    async def stop(self, run_id: str) -> None:
        await self._engine.cancel(run_id)

    async def left(self, *, by_others: bool = False) -> frozenset[str]:
        found = await super().left(by_others=by_others)
        async with self.looked:
            self.looks += 1
            self.looked.notify_all()
        return found

    async def more_looks(self, count: int) -> None:
        """Wait until the journal was looked through so many times from now on."""
        async with self.looked:
            wanted = self.looks + count
            await self.looked.wait_for(lambda: self.looks >= wanted)

    async def until(self, run_id: str, type_: str) -> None:
        async for event in self.watch(run_id):
            if event.type == type_:
                return
        raise AssertionError(f"the run ended without {type_}")


@asynccontextmanager
async def small(path: Path, kind: type[Small] = Small) -> AsyncIterator[Small]:
    async with SqliteStore(path / "journal.db", clock=SystemClock()) as store:
        service = kind(store)
        async with asyncio.timeout(LIMIT), service._engine:
            yield service


async def begun(service: Small, driving: Driving, text: str) -> Run:
    run = await service.ask(text)
    driving.drive(run.id)
    return run


@pytest.fixture(autouse=True)
def looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving_module, "LOOK_TIME", SOON)


async def test_r5_a_run_that_says_nothing_for_long_stays_with_the_server_that_drives_it(
    tmp_path: Path,
) -> None:
    async with small(tmp_path) as one, small(tmp_path) as two, Driving(one) as first:
        run = await begun(one, first, "wait")
        await one.until(run.id, "task_started")
        async with Driving(two) as second:
            await two.more_looks(20)
            assert second.driven == frozenset()
            one.gate.set()
            assert (await second.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r5_a_server_takes_up_a_run_that_nobody_drives(tmp_path: Path) -> None:
    async with small(tmp_path) as service, Driving(service) as driving:
        run = await service.ask("go")
        assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


class Stale(Small):
    """Its first drive breaks off, and the journal goes on to name this process as the driver."""

    broken = False

    async def drive(self, run_id: str) -> Run:
        if not self.broken:
            self.broken = True
            raise Transient("The journal cannot be written.")
        return await super().drive(run_id)

    async def left(self, *, by_others: bool = False) -> frozenset[str]:
        found = await super().left(by_others=by_others)
        return found if by_others else frozenset()


async def test_r5_a_server_takes_up_its_own_run_that_the_journal_says_it_drives(
    tmp_path: Path,
) -> None:
    async with small(tmp_path, Stale) as service, Driving(service) as driving:
        run = await begun(service, driving, "go")
        assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


class Outage(Small):
    """Its looks at the journal follow a script, and there are no more of them than that has."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.script: asyncio.Queue[bool] = asyncio.Queue()
        """Of each look: whether the journal can be read."""
        self.begun = 0
        self.drives = 0
        self.breaks = False

    async def left(self, *, by_others: bool = False) -> frozenset[str]:
        async with self.looked:
            self.begun += 1
            self.looked.notify_all()
        if not await self.script.get():
            raise Transient("The journal cannot be read.")
        return await super().left(by_others=by_others)

    async def looks_done(self, *readable: bool) -> None:
        """Let it look so often, and wait until the next look has begun."""
        async with self.looked:
            wanted = self.begun + len(readable)
            for one in readable:
                self.script.put_nowait(one)
            await self.looked.wait_for(lambda: self.begun == wanted)

    async def drive(self, run_id: str) -> Run:
        self.drives += 1
        if self.breaks:
            self.breaks = False
            raise Transient("The journal cannot be written.")
        return await super().drive(run_id)


@asynccontextmanager
async def after_its_first_look(service: Outage) -> AsyncIterator[Driving]:
    service.script.put_nowait(True)
    async with Driving(service) as driving:
        async with service.looked:
            await service.looked.wait_for(lambda: service.begun == 2)
        yield driving


async def test_r5_after_an_outage_a_server_takes_up_its_own_runs_before_others_may(
    tmp_path: Path,
) -> None:
    async with small(tmp_path, Outage) as service, after_its_first_look(service) as driving:
        service.breaks = True
        run = await begun(service, driving, "go")
        while driving.driven:  # noqa: ASYNC110 - a drive that breaks off tells nobody
            await asyncio.sleep(0)
        await service.looks_done(False, True)
        assert service.drives == 2
        assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r5_after_an_outage_a_run_of_others_is_left_to_them_for_two_looks(
    tmp_path: Path,
) -> None:
    async with small(tmp_path, Outage) as service, after_its_first_look(service) as driving:
        run = await service.ask("go")
        await service.looks_done(True, False, True)
        assert service.drives == 0
        await service.looks_done(True)
        assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r7_a_run_that_waits_for_a_person_takes_no_room_from_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_RUNS", 1)
    async with small(tmp_path) as service, Driving(service) as driving:
        asking = [await begun(service, driving, "ask") for _ in range(3)]
        simple = await begun(service, driving, "go")
        assert (await driving.ended(simple.id)).status is RunStatus.SUCCEEDED
        for run in asking:
            await service.until(run.id, "task_awaiting")
        assert driving.driven == {run.id for run in asking}

        await service.answer(asking[0].id)
        assert (await driving.ended(asking[0].id)).status is RunStatus.SUCCEEDED
        # Its drive is there to end it in order: what there is of an answer is kept.
        await service.stop(asking[1].id)
        ended = await driving.ended(asking[1].id)
        assert (ended.status, ended.report is not None) == (RunStatus.CANCELLED, True)


async def test_r7_a_run_goes_on_after_its_answer_and_takes_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_RUNS", 1)
    async with small(tmp_path) as service, Driving(service) as driving:
        asking = await begun(service, driving, "ask")
        busy = await begun(service, driving, "wait")
        await service.until(busy.id, "task_started")
        await service.answer(asking.id)
        assert (await driving.ended(asking.id)).status is RunStatus.SUCCEEDED
        later = await begun(service, driving, "go")
        await service.more_looks(3)
        assert (await service.get(later.id)).status is RunStatus.QUEUED
        service.gate.set()
        assert (await driving.ended(later.id)).status is RunStatus.SUCCEEDED


async def test_r7_runs_that_wait_for_a_person_count_among_those_a_server_can_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_RUNS", 1)
    monkeypatch.setattr(driving_module, "MOST_WAITING", 2)
    async with small(tmp_path) as service, Driving(service) as driving:
        asking = [await begun(service, driving, "ask") for _ in range(2)]
        with pytest.raises(Transient) as refused:
            await driving.start(Ask(text="go"))
        assert refused.value.code == "too_many_runs"
        # Nor does it take up more of what others have left.
        left = await service.ask("go")
        await service.more_looks(5)
        assert driving.driven == {run.id for run in asking}
        for run in asking:
            await service.until(run.id, "task_awaiting")
            await service.answer(run.id)
        assert (await driving.ended(left.id)).status is RunStatus.SUCCEEDED


async def test_r5_a_run_that_another_server_took_from_the_queue_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "MOST_RUNS", 1)
    async with small(tmp_path) as one, small(tmp_path) as two, Driving(one) as first:
        busy = await begun(one, first, "wait")
        queued = await begun(one, first, "wait")
        await one.until(busy.id, "task_started")
        async with Driving(two) as second:
            await two.until(queued.id, "task_started")
            one.gate.set()
            await first.ended(busy.id)
            await one.more_looks(5)
            assert first.driven == frozenset()
            two.gate.set()
            assert (await second.ended(queued.id)).status is RunStatus.SUCCEEDED


class Slow(Small):
    """Its drives return only when they are let go, after their runs have ended."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.let_go = asyncio.Event()

    async def drive(self, run_id: str) -> Run:
        run = await super().drive(run_id)
        await self.let_go.wait()
        return run


async def test_r6_a_retry_is_driven_although_the_drive_before_it_has_not_quite_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "LOOK_TIME", LONG)
    async with small(tmp_path, Slow) as service, Driving(service) as driving:
        run = await begun(service, driving, "fail")
        await service.until(run.id, "run_finished")
        await service.again(run.id)
        driving.drive(run.id)
        service.let_go.set()
        assert (await driving.ended(run.id)).status is RunStatus.SUCCEEDED


async def test_r5_a_run_is_taken_over_only_from_a_process_that_does_not_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving_module, "LOOK_TIME", LONG)
    async with (
        small(tmp_path) as one,
        small(tmp_path) as two,
        Driving(one) as first,
        Driving(two) as second,
    ):
        run = await begun(one, first, "wait")
        await one.until(run.id, "task_started")
        await second.take_over(run.id)
        assert second.driven == frozenset()
        one.gate.set()
        await first.ended(run.id)

        left = await one.ask("go")
        await second.take_over(left.id)
        assert (await second.ended(left.id)).status is RunStatus.SUCCEEDED
