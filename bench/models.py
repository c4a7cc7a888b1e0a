"""What runs with models cost: tokens of a decision by cluster size, and time of an agent.

The models are scripted servers on loopback that answer at once, so no second here is a provider's.

- Tokens: one `mas ask` for each protocol, language and cluster size, as a whole process; input
  tokens are the server's count (a quarter of all characters), once by rules for comparison.
- Overhead: one agent that makes N tool calls through the durable engine, the gate and the budget,
  beside the same model asked as often by pydantic-ai's own agent with the same tool, which
  records nothing.

    python bench/models.py [--nodes 3,500,5000] [--calls 20] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from mas.adapters.clock import SystemClock
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import Endpoint, ModelSettings
from mas.adapters.stores.sqlite import SqliteStore
from mas.agents.agent import do_task
from mas.core.calls import ToolOutput
from mas.core.plan import Plan, TaskSpec
from mas.core.policy import Policy
from mas.core.ports import Work
from mas.core.roles import Role, RoleLimits
from mas.core.run import RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer
from mas.testing.function_tools import FunctionTools, MemoriesInMemory, tool
from mas.testing.models import Call, ModelRequest, Reply, ScriptedModelServer

HERE = Path(__file__).resolve().parent
REQUESTS = {"en": "Should we adopt Tekton?", "ko": "Tekton 도입 여부를 결정해줘"}
PROTOCOLS = ("anthropic", "openai")
MODEL = "claude-sonnet-5"


def explain(request: ModelRequest) -> Reply:
    """Answers what `decide` asks for, shortly."""
    if "what it means for this person" not in str(request.body):
        return Reply(output={"findings": []})
    korean = "도입" in request.text
    said = "규칙의 판정에 동의합니다." if korean else "The verdict of the rules is sound."
    return Reply(
        output={
            "overview": said,
            "reasons": [],
            "next_steps": [],
            "verdict": "do_not_recommend",
            "because": said,
        }
    )


def tokens_of(folder: Path, snapshot: Path, protocol: str, language: str) -> dict[str, object]:
    """One decision as a process; what the server has counted."""
    home = folder / f"{protocol}-{language}-{snapshot.stem}"
    home.mkdir()
    with ScriptedModelServer(explain) as server:
        url = server.anthropic_url if protocol == "anthropic" else server.openai_url
        (home / "mas.toml").write_text(
            f'[models]\ndefault = "bench:{MODEL}"\n'
            f'[models.endpoints.bench]\nprotocol = "{protocol}"\nbase_url = "{url}"\n',
            encoding="utf-8",
        )
        began = time.perf_counter()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "mas", "ask", REQUESTS[language]),
                *("--cluster", str(snapshot), "--json"),
            ],
            env={"PATH": os.environ.get("PATH", ""), "MAS_HOME": str(home)},
            capture_output=True,
            check=True,
        )
        wall = time.perf_counter() - began
        asked = server.asked
    answer = json.loads(done.stdout)
    return {
        "protocol": protocol,
        "language": language,
        "cluster": snapshot.stem,
        "verdict": answer["result"]["verdict"],
        "calls": len(asked),
        "input_tokens": sum(request.input_tokens for request in asked),
        "largest_prompt": max((request.input_tokens for request in asked), default=0),
        "cache_markers": sum(str(request.body).count("cache_control") for request in asked),
        "wall_s": round(wall, 2),
    }


def working(calls: int):
    """A model that calls a tool so often and then finishes; for both agents alike."""

    def script(request: ModelRequest) -> Reply:
        made = str(request.body).count("'tool_result'")
        ours = request.tool("finish") is not None
        if "Stage: observe." in request.text:
            return Reply(calls=(_finish(summary="Seen.", facts=[], findings=[]),))
        if "Stage: reason." in request.text:
            return Reply(output=REASONING)
        if "Stage: plan." in request.text:
            return Reply(output=PLAN)
        if made < calls:
            return Reply(calls=(Call(name="bench__look", arguments={"n": made}),))
        return Reply(calls=(_finish(text="Done.", sources=[]),)) if ours else Reply(text="Done.")

    return script


def _finish(**arguments: object) -> Call:
    return Call(name="finish", arguments=arguments)


REASONING = {
    "summary": "Look.",
    "problem": "Look.",
    "root_causes": [],
    "approach": "Look.",
    "risks": [],
    "success_criteria": ["seen"],
    "conclusion": "Look.",
}
PLAN = {
    "summary": "Look.",
    "steps": [{"action": "look", "target": "-", "method": "bench.look", "expected": "seen"}],
    "estimated_seconds": 1,
    "confidence": 0.9,
    "check": {
        "kind": "tool",
        "tool": "bench.look",
        "arguments": '{"n": 1}',
        "exit_code": None,
        "contains": "seen",
    },
}
TOOLS = FunctionTools(tool("bench.look", lambda arguments: ToolOutput(text=f"seen {arguments}")))
ROLE = Role(
    name="worker",
    description="Looks.",
    instructions="Look.",
    tools=("bench.*",),
    limits=RoleLimits(calls=200),
)


async def ours(server: ScriptedModelServer, folder: Path) -> tuple[float, int]:
    """Seconds and model calls of one task through engine, gate and models."""
    settings = ModelSettings(
        default=f"bench:{MODEL}",
        endpoints={"bench": Endpoint(protocol="anthropic", base_url=server.anthropic_url)},
    )
    clock = SystemClock()
    memories = MemoriesInMemory()
    plan = Plan(tasks=(TaskSpec(id="a", role="worker", title="Look", goal="Look."),))
    async with (
        ConfiguredModels(settings, {}, clock=clock) as models,
        SqliteStore(folder / "mas.db", clock=clock) as store,
    ):
        model = models.for_role("worker")

        async def do(work: Work) -> TaskOutcome:
            return await do_task(
                work,
                role=ROLE,
                model=model,
                tools=TOOLS,
                policy=Policy(),
                memories=memories,
                workspace=folder,
            )

        async with Engine(
            store=store,
            teams={"bench": FixedTeam(plans=plan)},
            doers={"worker": FunctionDoer(do)},
            clock=clock,
        ) as engine:
            before = len(server.asked)
            began = time.perf_counter()
            run = await engine.drive(
                (await engine.submit(RunRequest(text="Look.", team="bench"))).id
            )
            took = time.perf_counter() - began
            if run.status is not RunStatus.SUCCEEDED:
                raise SystemExit(f"The run has not succeeded: {run.failure}")
            return took, len(server.asked) - before


async def peers(server: ScriptedModelServer) -> tuple[float, int]:
    """The same tool and model in pydantic-ai's agent."""
    provider = AnthropicProvider(api_key="none", base_url=server.anthropic_url)
    agent = Agent(AnthropicModel(MODEL, provider=provider), instructions="Look.")

    @agent.tool_plain(name="bench__look")
    def look(n: int) -> str:
        return f"seen {n}"

    before = len(server.asked)
    began = time.perf_counter()
    await agent.run("Look.", usage_limits=None)
    return time.perf_counter() - began, len(server.asked) - before


async def overhead(calls: int, rounds: int) -> dict[str, object]:
    """Milliseconds for each model call, medians; the first round of each does not count."""
    own, other = [], []
    with ScriptedModelServer(working(calls)) as server:
        for _ in range(rounds + 1):
            with tempfile.TemporaryDirectory(prefix="mas-bench-") as folder:
                seconds, asked = await ours(server, Path(folder))
            own.append(seconds / asked * 1000)
            seconds, asked = await peers(server)
            other.append(seconds / asked * 1000)
    mine, theirs = statistics.median(own[1:]), statistics.median(other[1:])
    return {
        "tool_calls": calls,
        "ms_per_model_call": round(mine, 2),
        "pydantic_ai_ms_per_model_call": round(theirs, 2),
        "ratio": round(mine / theirs, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", default="3,500,5000")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="mas-bench-") as name:
        folder = Path(name)
        for nodes in options.nodes.split(","):
            snapshot = folder / f"{nodes}-nodes.json"
            subprocess.run(
                [sys.executable, str(HERE / "generate.py"), nodes, str(snapshot)], check=True
            )
            for protocol in PROTOCOLS:
                rows += [tokens_of(folder, snapshot, protocol, lang) for lang in REQUESTS]
            snapshot.unlink()
    share = asyncio.run(overhead(options.calls, options.rounds))
    if options.json:
        print(json.dumps({"bench": "models", "tokens": rows, "overhead": share}))
        return
    print(
        f"{'a decision with a model':<26}{'calls':>6}{'tokens in':>11}{'largest':>9}"
        f"{'cache marks':>13}{'wall':>9}"
    )
    for row in rows:
        name = f"{row['cluster']}, {row['protocol']}, {row['language']}"
        print(
            f"{name:<26}{row['calls']:>6}{row['input_tokens']:>11,}{row['largest_prompt']:>9,}"
            f"{row['cache_markers']:>13}{row['wall_s']:>7} s"
        )
    print(
        f"an agent with {share['tool_calls']} tool calls, ms a model call: "
        f"{share['ms_per_model_call']} (pydantic-ai alone, nothing stored: "
        f"{share['pydantic_ai_ms_per_model_call']}, ratio {share['ratio']})"
    )


if __name__ == "__main__":
    main()
