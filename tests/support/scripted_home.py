"""A `mas` command whose models are a scripted server on loopback, over either protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mas.testing.models import Call, ModelRequest, Reply, ScriptedModelServer
from support.command import Mas

Protocol = Literal["anthropic", "openai"]

KEY = "test-key-0001"
"""What stands for a key; the server refuses any other."""


def mas_with_model(
    home: Path, server: ScriptedModelServer, protocol: Protocol, *, more: str = ""
) -> Mas:
    """The command on a MAS_HOME whose only model is the scripted one."""
    url = server.anthropic_url if protocol == "anthropic" else server.openai_url
    name = "claude-sonnet-5" if protocol == "anthropic" else "scripted-1"
    home.mkdir(parents=True, exist_ok=True)
    (home / "mas.toml").write_text(
        f"""[models]
default = "scripted:{name}"
timeout_seconds = 20

[models.endpoints.scripted]
protocol = "{protocol}"
base_url = "{url}"
key_env = "SCRIPTED_KEY"

[models.prices."scripted:{name}"]
input = 3.0
output = 15.0
{more}""",
        encoding="utf-8",
    )
    mas = Mas(home)
    mas.environment["SCRIPTED_KEY"] = KEY
    return mas


def wanted(request: ModelRequest) -> str:
    """Which answer of `decide` a request wants: `findings`, `explanation` or `subject`."""
    asked = str(request.body)
    if "what it means for this person" in asked:
        return "explanation"
    if "words of the request name" in asked:
        return "subject"
    return "findings"


def helpful(request: ModelRequest) -> Reply:
    """A model that says true things about the examples, in the language it is asked for."""
    if wanted(request) == "findings":
        return Reply(output={"findings": []})
    if wanted(request) == "subject":
        return Reply(output={"tool": None, "capability": None})
    korean = "클러스터" in request.text and "도입" in request.text
    overview = (
        "이 클러스터에는 필요한 기능을 이미 제공하는 도구가 있습니다. "
        "그래서 도구를 하나 더 들이면 관리할 것만 늘어납니다."
        if korean
        else "This cluster already has a tool that gives what is needed. Another one would only "
        "add more to care for."
    )
    return Reply(
        output={
            "overview": overview,
            "reasons": [],
            "next_steps": [],
            "verdict": "do_not_recommend",
            "because": overview.split(". ")[0] + ".",
        }
    )


def lying(request: ModelRequest) -> Reply:
    """A model that gets everything wrong: numbers, tools, objects, and the verdict."""
    if wanted(request) == "findings":
        return Reply(
            output={
                "findings": [
                    {
                        "finding": "There are 977 nodes and SuperDeployer 88.7 runs.",
                        "evidence": ["s1"],
                    },
                    {"finding": "Everything is broken.", "evidence": ["s999"]},
                ]
            }
        )
    if wanted(request) == "subject":
        return Reply(output={"tool": "superdeployer", "capability": "teleportation"})
    return Reply(
        output={
            "overview": "The cluster has 977 nodes. You should adopt Tekton at once. "
            "SuperDeployer 88.7 in `ghost/phantom-controller` already does it.",
            "reasons": [
                {"reason": 1, "text": "Nothing overlaps, because 42 teams need it."},
                {"reason": 99, "text": "It is free."},
            ],
            "next_steps": ["Install SuperDeployer 88.7 now.", "Adopt Tekton."],
            "verdict": "recommend",
            "because": "977 nodes want it.",
        }
    )


def stage_of(request: ModelRequest) -> str:
    """The stage that an agent is in, by its instructions."""
    return next(
        name for name in ("observe", "reason", "plan", "act") if f"Stage: {name}." in request.text
    )


def writing(request: ModelRequest) -> Reply:
    """An agent that writes note.txt, and whose check reads it."""
    return agent(request, "note.txt")


def agent(request: ModelRequest, path: str) -> Reply:
    """An agent that writes a file with the word hello, and whose check reads it."""
    stage = stage_of(request)
    if stage == "observe":
        return Reply(calls=(finish(summary="Nothing is there yet.", facts=[], findings=[]),))
    if stage == "reason":
        return Reply(
            output={
                "summary": "A file has to be written.",
                "problem": f"{path} is missing.",
                "root_causes": [],
                "approach": "Write it.",
                "risks": [],
                "success_criteria": [f"{path} holds hello"],
                "conclusion": f"Write {path}.",
            }
        )
    if stage == "plan":
        return Reply(output=_plan(path))
    if "tool_result" in str(request.body) or request.last.role == "tool":
        return Reply(calls=(finish(text=f"{path} is written.", sources=[path]),))
    return Reply(calls=(Call(name="files__write", arguments={"path": path, "content": "hello\n"}),))


def finish(**arguments: object) -> Call:
    """The call that ends a stage."""
    return Call(name="finish", arguments=arguments)


def _plan(path: str) -> dict[str, object]:
    return {
        "summary": "Write, then read.",
        "steps": [
            {"action": "write", "target": path, "method": "files.write", "expected": "hello"}
        ],
        "estimated_seconds": 1,
        "confidence": 0.9,
        "check": {
            "kind": "tool",
            "tool": "files.read",
            "arguments": f'{{"path": "{path}"}}',
            "exit_code": None,
            "contains": "hello",
        },
    }
