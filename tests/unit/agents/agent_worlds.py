"""What the tests of agents share: the real engine in memory, models made of functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from mas.adapters.clock import SystemClock
from mas.agents.agent import do_task
from mas.agents.gate import Gate
from mas.core.calls import CallContext, Tools
from mas.core.language import Language
from mas.core.models import ModelRequest
from mas.core.plan import Plan, TaskSpec
from mas.core.policy import Policy
from mas.core.ports import Work
from mas.core.retry import RetryPolicy
from mas.core.roles import Role, RoleLimits
from mas.core.run import Run, RunRequest, TaskOutcome
from mas.engine import Engine, EngineSettings
from mas.testing.doubles import FixedTeam, FunctionDoer, memory_store
from mas.testing.function_model import FunctionModel, Reply
from mas.testing.function_tools import FunctionTools, MemoriesInMemory

Do = Callable[[Work], Awaitable[TaskOutcome]]
LIMIT = 60.0
"""Seconds that any wait of a test may take at most."""

AT_ONCE = EngineSettings(
    retry=RetryPolicy(max_failures=40, first_delay=timedelta(milliseconds=1), factor=1)
)
WORKER = Role(name="worker", description="Works.", instructions="You are the worker of a test.")


def spec(
    name: str = "t", *needs: str, role: str = "worker", risk: Any = "read", **more: Any
) -> TaskSpec:
    more.setdefault("goal", "Find out what the greeting is.")
    return TaskSpec(id=name, role=role, title=f"Task {name}", depends_on=needs, risk=risk, **more)


def role_with(*tools: str, calls: int = 40, name: str = "worker") -> Role:
    return Role(
        name=name,
        description="Works.",
        instructions="You are the worker of a test.",
        tools=tools,
        limits=RoleLimits(calls=calls),
    )


@asynccontextmanager
async def engine_of(do: Do | Mapping[str, Do], *tasks: TaskSpec) -> AsyncIterator[Engine]:
    """The real engine, on a store in memory, with a limit on the whole test."""
    doers = do if isinstance(do, Mapping) else {"worker": do}
    async with asyncio.timeout(LIMIT), memory_store() as store:
        engine = Engine(
            store=store,
            teams={"fixed": FixedTeam(plans=Plan(tasks=tasks or (spec(),)))},
            doers={name: FunctionDoer(one) for name, one in doers.items()},
            clock=SystemClock(),
            settings=AT_ONCE,
        )
        async with engine:
            yield engine


async def submitted(engine: Engine, *, language: Language = "en") -> Run:
    return await engine.submit(
        RunRequest(text="What is the greeting?", team="fixed", language=language)
    )


async def run_of(do: Do | Mapping[str, Do], *tasks: TaskSpec, language: Language = "en") -> Run:
    """The run, ended."""
    async with engine_of(do, *tasks) as engine:
        return await engine.drive((await submitted(engine, language=language)).id)


async def keys_of(engine: Engine, run_id: str, task: str = "t") -> list[str]:
    """The keys of a task's records, in the order in which they were made."""
    return [record.key for record in await engine.records(run_id, task=task)]


async def awaiting(engine: Engine, run_id: str) -> None:
    """Return when a task waits for a person."""
    async for event in engine.watch(run_id):
        if event.type == "task_awaiting":
            return
    raise AssertionError("the run has ended without asking anybody")


def gate_of(work: Work, tools: Tools, *, role: Role = WORKER, **more: Any) -> Gate:
    context = CallContext(
        run_id=work.run.id,
        task_id=work.task.id,
        role=role.name,
        workspace=Path("/nowhere"),
        cluster={},
    )
    more.setdefault("policy", Policy())
    return Gate(tools=tools, role=role, context=context, **more)


def agent(
    model: FunctionModel | None, tools: FunctionTools, *, role: Role = WORKER, **more: Any
) -> Do:
    """A doer that is the general agent."""
    more.setdefault("memories", MemoriesInMemory())
    more.setdefault("policy", Policy())

    async def do(work: Work) -> TaskOutcome:
        return await do_task(
            work, role=role, model=model, tools=tools, workspace=Path("/nowhere"), **more
        )

    return do


def by_stage(**stages: Callable[[ModelRequest, int], Reply]) -> FunctionModel:
    """A model that knows which stage asks: functions get the request and how often the stage has
    asked before, from 0."""
    asked: dict[str, int] = {}

    def function(request: ModelRequest) -> Reply:
        stage = stage_of(request)
        number = asked.get(stage, 0)
        reply = stages[stage](request, number)
        asked[stage] = number + 1
        return reply

    return FunctionModel(function)


def stage_of(request: ModelRequest) -> str:
    for stage in ("observe", "reason", "plan", "act"):
        if f"\nStage: {stage}." in request.instructions:
            return stage
    raise AssertionError("no stage in the instructions")


def thought(**more: Any) -> dict[str, Any]:
    return {
        "summary": "Thought about it.",
        "problem": "The greeting is not known.",
        "root_causes": [],
        "approach": "Read the file.",
        "risks": [],
        "success_criteria": ["It is found."],
        "conclusion": "Read it.",
        **more,
    }


def drafted(**check: Any) -> dict[str, Any]:
    return {
        "summary": "One step.",
        "steps": [
            {"action": "read", "target": "file", "method": "files.read", "expected": "a text"}
        ],
        "estimated_seconds": 1,
        "confidence": 0.9,
        "check": {"tool": "", "arguments": "{}", "exit_code": None, "contains": "", **check},
    }


GROUNDED = drafted(kind="grounded")
