"""What the engine tells of tasks and runs, however they end (P3)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.telemetry.models import CountedModels
from mas.core.errors import Permanent, Transient
from mas.core.models import ModelReply, ModelRequest
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.run import RunRequest, TaskOutcome
from mas.engine import Engine, EngineSettings
from mas.testing.doubles import FixedTeam, FunctionDoer, memory_store

ONE = Plan(tasks=(TaskSpec(id="work", role="coder", title="Work", goal="Work."),))
SOON = EngineSettings(retry=RetryPolicy(first_delay=timedelta(microseconds=1)))


@dataclass
class Told:
    """Writes down what it is told."""

    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda **values: self.said.append((name, values))

    def of(self, name: str) -> list[dict[str, Any]]:
        return [values for said, values in self.said if said == name]


async def driven(doer: FunctionDoer, told: Told, *, cancel: asyncio.Event | None = None) -> None:
    async with (
        memory_store() as store,
        Engine(
            store=store,
            teams={"build": FixedTeam(plans=ONE, name="build")},
            doers={"coder": doer},
            clock=SystemClock(),
            settings=SOON,
            telemetry=told,
        ) as engine,
    ):
        run = await engine.submit(RunRequest(text="x", team="build"))
        driving = asyncio.create_task(engine.drive(run.id))
        if cancel is not None:
            await cancel.wait()
            await engine.cancel(run.id)
        async with asyncio.timeout(60):
            await driving
            await engine.drive(run.id)  # a run that has ended is told of once


async def test_p3_a_task_that_succeeds_is_told_once_with_its_time() -> None:
    told = Told()

    async def do(_: Work) -> TaskOutcome:
        return TaskOutcome(result=1)

    await driven(FunctionDoer(do), told)
    (task,) = told.of("task_ended")
    assert (task["role"], task["team"], task["state"].value) == ("coder", "build", "succeeded")
    assert task["took"] >= timedelta()
    (run,) = told.of("run_ended")
    assert (run["team"], run["status"].value, run["stop_reason"]) == ("build", "succeeded", "done")
    assert told.of("attempt_failed") == []


async def test_p3_each_failed_attempt_is_told_and_the_task_once() -> None:
    told, left = Told(), [Transient("busy", code="model_overloaded"), Permanent("no", code="gone")]

    async def do(_: Work) -> TaskOutcome:
        raise left.pop(0)

    await driven(FunctionDoer(do), told)
    assert [one["code"] for one in told.of("attempt_failed")] == ["model_overloaded", "gone"]
    (task,) = told.of("task_ended")
    assert task["state"].value == "failed"
    (run,) = told.of("run_ended")
    assert (run["status"].value, run["stop_reason"]) == ("failed", "error")


async def test_p3_a_cancelled_task_is_told_as_cancelled() -> None:
    told, begun = Told(), asyncio.Event()

    async def do(_: Work) -> TaskOutcome:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    await driven(FunctionDoer(do), told, cancel=begun)
    (task,) = told.of("task_ended")
    assert task["state"].value == "cancelled"
    (run,) = told.of("run_ended")
    assert run["status"].value == "cancelled"


class _Model:
    name = "a:first"
    calls_tools = True

    def __init__(self, reply: ModelReply | Exception) -> None:
        self._reply = reply

    async def ask(self, request: ModelRequest, *, on_text: Any = None) -> ModelReply:
        if isinstance(self._reply, Exception):
            raise self._reply
        return self._reply


class _Models:
    def __init__(self, model: Any) -> None:
        self._model = model

    def for_role(self, role: str, *, wanted: str | None = None) -> Any:
        return self._model


async def test_p3_a_model_call_is_told_with_the_model_that_has_answered() -> None:
    told = Told()
    reply = ModelReply(model="a:fall-back", input_tokens=5, output_tokens=2, cost_micros=9)
    model = CountedModels(_Models(_Model(reply)), told).for_role("coder")
    assert model is not None
    assert await model.ask(ModelRequest(instructions="", conversation=())) is reply
    (spent,) = told.of("spent")
    assert (spent["role"], spent["model"], spent["usage"]) == ("coder", "a:fall-back", reply.usage)
    (called,) = told.of("model_call")
    assert (called["model"], called["ok"]) == ("a:fall-back", True)


async def test_p3_a_model_call_that_fails_costs_nothing_and_is_told() -> None:
    told = Told()
    model = CountedModels(_Models(_Model(Transient("busy"))), told).for_role("coder")
    assert model is not None
    with pytest.raises(Transient):
        await model.ask(ModelRequest(instructions="", conversation=()))
    (called,) = told.of("model_call")
    assert (called["model"], called["ok"]) == ("a:first", False)
    assert told.of("spent") == []
    assert CountedModels(_Models(None), told).for_role("coder") is None
