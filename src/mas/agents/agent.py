"""Doing a task with the general agent: what it takes, what it gives (A1, A2, A4)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import msgspec

from mas.agents.agent_records import AgentActing, AgentObservation, AgentPlan, AgentReasoning
from mas.agents.context import first_line
from mas.agents.gate import Gate, Preapproved
from mas.agents.loop import Rounds, Worked, stage_key, work_through
from mas.agents.mind import AgentMind, CallStyle
from mas.agents.rule_reasoner import no_model
from mas.core.calls import CallContext, Tools
from mas.core.errors import Permanent
from mas.core.masking import Masker
from mas.core.memory import Memory
from mas.core.models import Model
from mas.core.policy import Policy
from mas.core.ports import Lessons, Memories, Work
from mas.core.roles import Role
from mas.core.run import TaskOutcome
from mas.core.stages import ActionTaken, Reasoning, Validation
from mas.core.values import JsonObject

__all__ = ["AgentMind", "AgentResult", "Mended", "call_context", "do_task"]

_CLUSTER_OPTIONS = ("cluster_kind", "cluster", "cluster_name")


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """An error of an earlier round, and the approach that came past it: stuff for a lesson."""

    error: str
    approach: str
    evidence: str
    """The record that shows it: `RUN/TASK/KEY`."""


class AgentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a task gives when it has succeeded; flows to its dependents as plain JSON."""

    success: bool
    """What the check has measured."""
    output: str
    sources: tuple[str, ...]
    reasoning: Reasoning
    actions: tuple[ActionTaken, ...]
    validation: Validation
    unfounded: tuple[str, ...]
    """What the output says and nothing read holds; only where the check was a call."""
    mended: tuple[Mended, ...] = ()
    lessons: tuple[str, ...] = ()
    """Ids of the lessons that were offered."""


async def do_task(
    work: Work,
    *,
    role: Role,
    model: Model | None,
    tools: Tools,
    policy: Policy,
    memories: Memories,
    workspace: Path,
    lessons: Lessons | None = None,
    preapproved: Preapproved = "none",
    masker: Masker | None = None,
    calls: CallStyle = "tools",
    deadline: timedelta = timedelta(minutes=2),
    rounds: Rounds | None = None,
) -> TaskOutcome:
    """Do a task of any role with a model and tools; the result is an `AgentResult` as JSON.

    Args:
        work: The attempt.
        role: Whose instructions, tools and limits hold.
        model: The model of the role; None when none is configured.
        tools: All tools; the role's patterns choose among them.
        policy: What may be done without asking.
        memories: Where the role remembers.
        workspace: Folder that file and command tools are kept to.
        lessons: Fixes of earlier runs, offered after a failed check.
        preapproved: `write`: the person has said yes to writes beforehand.
        masker: Takes secrets out of what is written down about calls.
        calls: How the model calls tools; `json` for one that cannot by itself.
        deadline: Time for one call of a tool.
        rounds: How often to try anew.

    Raises:
        UserError: No model is configured (`no_model`), or as `Model.ask`.
        Refused: A person has rejected a call, or the budget is used up.
        Permanent: The check has not passed, also after trying again (`not_valid`).
        Blocked: The agent repeats itself, also after a fresh start.
    """
    if model is None:
        raise no_model(f"A task of the role {role.name}")
    context = call_context(work, role, workspace, deadline)
    gate = Gate(
        tools=tools,
        policy=policy,
        role=role,
        context=context,
        preapproved=preapproved,
        masker=masker,
    )
    mind = AgentMind(
        work,
        role=role,
        model=model,
        gate=gate,
        memories=memories,
        lessons=lessons,
        calls=calls,
    )
    name = f"{work.run.id}/{work.task.id}"
    await memories.change(role.name, lambda memory: memory.began(name))
    try:
        worked = await work_through(work, mind, rounds)
    except Permanent as exc:
        reason = f"{name}: {exc.message}"
        await memories.change(role.name, lambda memory: memory.blocked(reason))
        raise
    # Of all that was said only this is kept for good: an error that a check has measured, and what
    # came past it. Later tasks see it as data, because an error may quote what was read.
    fixes = [
        f"{name}: after {first_line(error, 200)!r}: {first_line(worked.thought.approach, 200)}"
        for error in mind.failures
    ]

    def done(memory: Memory) -> Memory:
        for fix in fixes:
            memory = memory.learned(fix)
        return memory.completed(name)

    await memories.change(role.name, done)
    return _outcome(work, mind, worked)


def call_context(work: Work, role: Role, workspace: Path, deadline: timedelta) -> CallContext:
    """Where the calls of a task happen."""
    options = work.run.options
    cluster: JsonObject = {key: options[key] for key in _CLUSTER_OPTIONS if key in options}
    return CallContext(
        run_id=work.run.id,
        task_id=work.task.id,
        role=role.name,
        workspace=workspace,
        cluster=cluster,
        deadline=deadline,
    )


def _outcome(
    work: Work,
    mind: AgentMind,
    worked: Worked[AgentObservation, AgentReasoning, AgentPlan, AgentActing],
) -> TaskOutcome:
    answer = worked.done.answer
    output = answer.text if answer else ""
    thought = worked.thought
    mended = tuple(
        Mended(
            error=first_line(error, 500),
            approach=thought.approach,
            evidence=f"{work.run.id}/{work.task.id}/{stage_key('validate', mind.round)}",
        )
        for error in mind.failures
    )
    result = AgentResult(
        success=worked.validation.valid,
        output=output,
        sources=answer.sources if answer else (),
        reasoning=thought,
        actions=worked.done.actions,
        validation=worked.validation,
        unfounded=worked.done.unfounded,
        mended=mended,
        lessons=thought.lessons,
    )
    return TaskOutcome(
        result=cast("JsonObject", msgspec.to_builtins(result)), summary=first_line(output)
    )
