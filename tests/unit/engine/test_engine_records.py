"""Records and effects: what is finished is never done again (R5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from engine_worlds import LIMIT, engine_on, event_of, opened, plan_of, spec, submitted

from mas.core.errors import Permanent, Transient, UserError
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import TaskOutcome
from mas.core.values import JsonValue
from mas.engine import EngineSettings
from mas.engine.journal import attempts
from mas.testing.clock import ManualClock
from mas.testing.doubles import memory_store

ONE = plan_of(spec("a"))
AT_ONCE = EngineSettings(retry=RetryPolicy(max_failures=5, first_delay=timedelta(microseconds=1)))


@dataclass
class Counted:
    """A step that counts how often it really runs."""

    value: object = "value"
    runs: int = 0

    async def __call__(self) -> object:
        self.runs += 1
        return self.value


async def test_r5_a_recorded_step_is_not_done_again_by_the_next_attempt() -> None:
    step = Counted({"x": 1})
    seen = []

    async def do(work: Work) -> TaskOutcome:
        seen.append(await work.record("step", "stage", step))
        if len(seen) < 3:
            raise Transient("Once more.")
        return TaskOutcome(result=None)

    async with opened(ONE, do, settings=AT_ONCE) as engine:
        await engine.drive((await submitted(engine)).id)

    assert step.runs == 1
    assert seen == [{"x": 1}] * 3


async def test_r5_a_first_run_sees_the_same_value_as_a_repeated_one() -> None:
    class Stage(msgspec.Struct):
        steps: tuple[str, ...]

    async def do(work: Work) -> TaskOutcome:
        async def step() -> Stage:
            return Stage(steps=("a", "b"))

        return TaskOutcome(result=await work.record("step", "stage", step))

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.result == {"a": {"steps": ["a", "b"]}}


async def test_r5_the_same_key_twice_in_one_attempt_is_done_once() -> None:
    step = Counted()

    async def do(work: Work) -> TaskOutcome:
        await work.record("step", "stage", step)
        return TaskOutcome(result=await work.record("step", "stage", step))

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert step.runs == 1
    assert run.result == {"a": "value"}


async def test_r5_steps_under_different_keys_may_run_side_by_side() -> None:
    together = asyncio.Barrier(3)

    async def do(work: Work) -> TaskOutcome:
        async def step() -> object:
            await together.wait()
            return None

        await asyncio.gather(*(work.record(f"act/{n}", "action", step) for n in range(3)))
        return TaskOutcome(result=None)

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert {record.key for record in await engine.records(run.id)} == {
            "act/0",
            "act/1",
            "act/2",
        }


async def test_r5_one_key_begun_twice_at_once_is_a_fault_of_ours() -> None:
    async def do(work: Work) -> TaskOutcome:
        async def step() -> object:
            return await work.record("step", "stage", Counted())

        await work.record("step", "stage", step)
        raise AssertionError

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

    assert run.failure is not None
    assert "begun twice" in run.failure.message


async def test_r5_a_step_that_fails_is_not_recorded() -> None:
    async def do(work: Work) -> TaskOutcome:
        async def step() -> object:
            raise Permanent("No.")

        await work.record("step", "stage", step)
        raise AssertionError

    async with opened(ONE, do) as engine:
        run = await engine.drive((await submitted(engine)).id)

        assert await engine.records(run.id) == ()


async def test_r5_records_are_shown_in_order_and_values_on_their_own() -> None:
    async def do(work: Work) -> TaskOutcome:
        await work.record("observe", "stage", Counted("x" * 2_000_000), summary=lambda _: "Big.")
        await work.record("act/1", "action", Counted([1]), summary=lambda value: str(value) * 400)
        return TaskOutcome(result=None)

    async with opened(plan_of(spec("a"), spec("b", "a")), do) as engine:
        run = await engine.drive((await submitted(engine)).id)
        records = await engine.records(run.id)
        events = await engine.events(run.id)

        assert [(record.task, record.key, record.kind) for record in records] == [
            ("a", "observe", "stage"),
            ("a", "act/1", "action"),
            ("b", "observe", "stage"),
            ("b", "act/1", "action"),
        ]
        assert records[0].size_bytes == 2_000_002
        assert records[0].summary == "Big."
        assert len(records[1].summary) == 500
        assert len(await engine.records(run.id, task="b")) == 2
        assert await engine.value(run.id, "a", "act/1") == [1]
        assert max(len(str(event.to_json())) for event in events) < 2_000
        with pytest.raises(UserError, match="no record"):
            await engine.value(run.id, "a", "ghost")


@dataclass
class World:
    """Something outside that can be changed and looked at."""

    made: list[str] = field(default_factory=list)
    probes: int = 0
    fails: list[Exception] = field(default_factory=list)
    loses_answers: bool = False

    async def act(self, key: str) -> object:
        if not self.loses_answers:
            self._fail()
        self.made.append(key)
        self._fail()
        return {"made": key}

    async def probe(self, key: str) -> object | None:
        self.probes += 1
        return {"found": key} if key in self.made else None

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.pop()


def doing(world: World) -> Callable[[Work], Awaitable[TaskOutcome]]:
    async def do(work: Work) -> TaskOutcome:
        value = await work.effect("act/1", world.act, probe=world.probe, intent={"make": "it"})
        return TaskOutcome(result=value)

    return do


async def outcome(world: World) -> tuple[str, JsonValue]:
    async with opened(ONE, doing(world), settings=AT_ONCE) as engine:
        run = await engine.drive((await submitted(engine)).id)
        assert [record.kind for record in await engine.records(run.id)] == ["action"]
        types = [event.type for event in await engine.events(run.id)]
        assert types.count("effect_intended") == 1
    return f"{run.id}/a/act/1", run.result


async def test_r5_an_effect_is_intended_before_it_is_done_and_not_probed_without_need() -> None:
    world = World()

    key, result = await outcome(world)

    assert world.made == [key]
    assert world.probes == 0
    assert result == {"a": {"made": key}}


async def test_r5_an_effect_in_doubt_that_was_done_is_not_done_again() -> None:
    world = World(fails=[Transient("The answer was lost.")], loses_answers=True)

    key, result = await outcome(world)

    assert world.made == [key]
    assert world.probes == 1
    assert result == {"a": {"found": key}}


async def test_r5_an_effect_in_doubt_that_was_not_done_is_done_with_the_same_key() -> None:
    world = World(fails=[Transient("Not reached.")])

    key, result = await outcome(world)

    assert world.made == [key]
    assert world.probes == 1
    assert result == {"a": {"made": key}}


async def test_r5_an_effect_with_an_outcome_is_neither_probed_nor_done_again() -> None:
    world = World()
    attempts = []

    async def do(work: Work) -> TaskOutcome:
        attempts.append(await work.effect("act/1", world.act, probe=world.probe))
        if len(attempts) == 1:
            raise Transient("Something else.")
        return TaskOutcome(result=None)

    async with opened(ONE, do, settings=AT_ONCE) as engine:
        await engine.drive((await submitted(engine)).id)

    assert attempts[0] == attempts[1]
    assert (len(world.made), world.probes) == (1, 0)


async def test_r5_what_an_attempt_writes_after_it_lost_its_task_is_refused() -> None:
    """Two engines on one store; the first one's lease is declared over."""
    go_on = asyncio.Event()
    finished: list[int] = []

    async def do(work: Work) -> TaskOutcome:
        if work.task.attempt == 1:
            while not go_on.is_set():
                try:
                    await go_on.wait()
                except asyncio.CancelledError:
                    continue  # held up so hard that not even a cancel is heard
        await work.record("step", "stage", Counted(work.task.attempt))
        finished.append(work.task.attempt)
        return TaskOutcome(result=work.task.attempt)

    store_clock, engine_clock = ManualClock(), ManualClock()
    async with asyncio.timeout(LIMIT), memory_store(store_clock) as store:
        # The engines' own clock stands still: no heart beats.
        first = engine_on(store, ONE, do, clock=engine_clock)
        second = engine_on(store, ONE, do, clock=engine_clock)
        run = await submitted(first)
        slow = asyncio.create_task(first.drive(run.id))
        await event_of(first, run.id, "task_started")
        store_clock.advance(EngineSettings().lease * 2)
        run = await second.drive(run.id)
        go_on.set()
        seen_by_first = await slow

        assert run.result == {"a": 2}
        assert seen_by_first == run
        assert finished == [2]
        assert [record.attempt for record in await second.records(run.id)] == [2]
        returned = [e for e in await second.events(run.id) if e.type == "task_returned"]
        assert [event.to_json()["reason"] for event in returned] == ["lost"]


@pytest.mark.parametrize("write", ["record", "effect"])
async def test_r5_a_step_that_has_ended_is_recorded_although_the_process_is_stopped_just_then(
    write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Counted("done")
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def never(_key: str) -> object | None:
        return None

    async def do(work: Work) -> TaskOutcome:
        if write == "record":
            return TaskOutcome(result=await work.record("step", "stage", step))
        return TaskOutcome(result=await work.effect("step", lambda _: step(), probe=never))

    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = engine_on(store, ONE, do)
        run = await submitted(engine)
        for name in ("run", "run_durable"):
            really = getattr(store, name)

            async def held(
                what: object, *args: object, really: Any = really, **options: object
            ) -> object:
                if what in (attempts.record, attempts.settle):
                    writing.set()
                    await go_on.wait()
                return await really(what, *args, **options)

            monkeypatch.setattr(store, name, held)
        driving = asyncio.create_task(engine.drive(run.id))
        await writing.wait()
        driving.cancel()
        await asyncio.sleep(0.05)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await driving

        assert (await engine.drive(run.id)).result == {"a": "done"}
        assert step.runs == 1
