"""The general agent with the real toolbox, the real model adapter and a scripted model server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.executors.local import LocalExecutor
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import Endpoint, ModelSettings
from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox
from mas.agents.agent import do_task
from mas.core.masking import Masker
from mas.core.plan import Plan, TaskSpec
from mas.core.policy import Policy
from mas.core.ports import Work
from mas.core.roles import Role
from mas.core.run import Run, RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing import ScriptedModelServer
from mas.testing.doubles import FixedTeam, FunctionDoer, memory_store
from mas.testing.function_tools import MemoriesInMemory
from mas.testing.models import Call, ModelRequest, Reply

CODER = Role(
    name="coder",
    description="Writes code.",
    instructions="You write small programs.",
    tools=("files.*", "command.run", "outputs.*", "messages.send"),
)
WRONG = "def add(a, b):\n    return a - b\n"
# Of another length: Python takes its cached code for a file of the same second and length.
RIGHT = "def add(a, b):\n    return sum((a, b))\n"
TEST = "from sums import add\n\nassert add(2, 2) == 4, add(2, 2)\n"
PLAN = {
    "summary": "Write it.",
    "steps": [{"action": "write", "target": "sums.py", "method": "files.write", "expected": "x"}],
    "estimated_seconds": 5,
    "confidence": 0.8,
    "check": {
        "kind": "tool",
        "tool": "command.run",
        "arguments": f'{{"argv": ["{sys.executable}", "check.py"]}}',
        "exit_code": 0,
        "contains": "",
    },
}
THOUGHT = {
    "summary": "It is missing.",
    "problem": "There is no sums.py.",
    "root_causes": [],
    "approach": "Write it.",
    "risks": [],
    "success_criteria": ["check.py ends with 0"],
    "conclusion": "Write it.",
}


def play(request: ModelRequest) -> Reply:
    """A model that writes the wrong program first, and mends it when it is shown the error."""
    stage = next(s for s in ("observe", "reason", "plan", "act") if f"Stage: {s}." in request.text)
    if stage == "reason":
        return Reply(output=THOUGHT)
    if stage == "plan":
        return Reply(output=PLAN)
    turns = sum(message.role == "assistant" for message in request.messages)
    if stage == "observe":
        if turns == 0:
            return Reply(calls=(Call(name="files__list", arguments={}),))
        return Reply(
            calls=(
                Call(name="finish", arguments={"summary": "Looked.", "facts": [], "findings": []}),
            )
        )
    if turns == 0:
        text = RIGHT if "AssertionError" in request.text else WRONG
        return Reply(
            calls=(Call(name="files__write", arguments={"path": "sums.py", "content": text}),)
        )
    return Reply(
        calls=(Call(name="finish", arguments={"text": "sums.py adds.", "sources": ["sums.py"]}),)
    )


@pytest.fixture(params=["anthropic", "openai"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[ScriptedModelServer, Endpoint]]:
    with ScriptedModelServer(play) as scripted:
        url = scripted.anthropic_url if request.param == "anthropic" else scripted.openai_url
        yield scripted, Endpoint(protocol=request.param, base_url=url)


@asynccontextmanager
async def opened(
    folder: Path, endpoint: Endpoint, **more: Any
) -> AsyncIterator[tuple[Engine, Path]]:
    workspace = folder / "workspace"
    workspace.mkdir()
    (workspace / "check.py").write_text(TEST)
    kept = KeptOutputs(folder / "outputs")
    families = built_in_families(
        executor=LocalExecutor(),
        kept=kept,
        objects_of=lambda _: None,  # type: ignore[arg-type, return-value]
        path=os.defpath,
        homes=folder / "homes",
    )
    toolbox = Toolbox(families, kept=kept, masker=Masker())
    settings = ModelSettings(default="local:m", endpoints={"local": endpoint})

    async def do(work: Work) -> TaskOutcome:
        return await do_task(
            work,
            role=CODER,
            model=models.for_role("coder"),
            tools=toolbox,
            policy=Policy(),
            memories=MemoriesInMemory(),
            workspace=workspace,
            **more,
        )

    task = TaskSpec(
        id="t",
        role="coder",
        title="Add",
        goal="Write sums.py so that check.py passes.",
        risk="write",
    )
    async with (
        asyncio.timeout(60),
        ConfiguredModels(settings, {}, clock=SystemClock()) as models,
        memory_store() as store,
        Engine(
            store=store,
            teams={"fixed": FixedTeam(plans=Plan(tasks=(task,)))},
            doers={"coder": FunctionDoer(do)},
            clock=SystemClock(),
        ) as engine,
    ):
        yield engine, workspace


async def drive(engine: Engine) -> Run:
    run = await engine.submit(RunRequest(text="Write sums.py.", team="fixed"))
    return await engine.drive(run.id)


async def test_a2_an_agent_mends_its_program_until_the_real_check_passes(
    tmp_path: Path, server: tuple[ScriptedModelServer, Endpoint]
) -> None:
    scripted, endpoint = server
    async with opened(tmp_path, endpoint, preapproved="write") as (engine, workspace):
        run = await drive(engine)
    assert run.status is RunStatus.SUCCEEDED, (run.failure, scripted.problems)
    assert (workspace / "sums.py").read_text() == RIGHT
    result: Any = run.result
    assert result["t"]["validation"]["valid"] is True
    assert result["t"]["output"] == "sums.py adds."
    assert "AssertionError" in result["t"]["mended"][0]["error"]
    assert scripted.problems == ()
    assert run.usage.input_tokens > 0
