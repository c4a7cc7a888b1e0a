"""What an agent is told about its task: blocks of context, made from what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mas.agents.agent_records import AgentActing
from mas.agents.context import first_line
from mas.agents.reasoner import Block
from mas.agents.results import text_of_result
from mas.agents.stuck import Stuck
from mas.core.calls import ToolSpec
from mas.core.lessons import Lesson
from mas.core.messages import PERSON, Message
from mas.core.ports import Work
from mas.core.stages import Observation, Reasoning, StagePlan, Validation
from mas.core.values import encode_json

TASK = "task"
"""Titles that the preamble tells a model to follow; nothing else may have them."""
TOLD = "person"


def task_block(work: Work) -> Block:
    """What is to be done."""
    spec = work.task.spec
    lines = [f"{spec.title} (task {spec.id})", spec.goal]
    if spec.success_criteria:
        lines += ["Success criteria:", *(f"- {one}" for one in spec.success_criteria)]
    if work.run.request.strip() not in (spec.goal.strip(), spec.title.strip()):
        lines += ["It is part of this request:", work.run.request]
    may = "only read" if spec.risk == "read" else "read and change"
    lines.append(f"It may {may} things.")
    return Block(title=TASK, text="\n".join(line for line in lines if line.strip()))


def input_blocks(work: Work) -> tuple[Block, ...]:
    """What other tasks have given, and what the plan hands in."""
    given = work.task.spec.inputs
    blocks = [
        Block(title=f"result of {name}", text=text_of_result(result))
        for name, result in work.inputs.items()
    ]
    if given:
        blocks.append(Block(title="inputs", text=encode_json(given).decode()))
    return tuple(blocks)


def message_blocks(messages: Sequence[Message]) -> tuple[Block, ...]:
    """What a person has said, and what other agents have."""
    person = [message.content for message in messages if message.sender == PERSON]
    others = [
        f"{message.sender} ({message.intent}): {message.content}"
        for message in messages
        if message.sender != PERSON
    ]
    return (
        Block(title=TOLD, text="\n".join(person)),
        Block(title="messages of other agents", text="\n".join(others)),
    )


def observation_block(seen: Observation) -> Block:
    """What was observed."""
    lines = [
        seen.summary,
        *_listed("Facts", seen.facts),
        *_listed("Findings", seen.findings),
    ]
    return Block(title="observation", text="\n".join(lines))


def reasoning_block(thought: Reasoning) -> Block:
    """What was concluded."""
    return Block(
        title="reasoning",
        text="\n".join(
            [
                f"Problem: {thought.problem}",
                *_listed("Root causes", thought.root_causes),
                f"Approach: {thought.approach}",
                *_listed("Risks", thought.risks),
                f"Conclusion: {thought.conclusion}",
            ]
        ),
    )


def plan_block(planned: StagePlan, check: str) -> Block:
    """What will be done, and how it will be checked."""
    steps = [
        f"{number}. {step.action} {step.target}: {step.method}; expected: {step.expected}"
        for number, step in enumerate(planned.steps, 1)
    ]
    return Block(title="plan", text="\n".join([*steps, f"Check: {check}"]))


def tools_block(specs: Sequence[ToolSpec]) -> Block:
    """The tools that there are, a line each."""
    return Block(
        title="tools",
        text="\n".join(
            f"- {spec.name} ({spec.risk}): {first_line(spec.description, 120)}" for spec in specs
        ),
    )


def earlier_blocks(
    stuck: Stuck | None, failure: Validation | None, done: AgentActing | None
) -> tuple[Block, ...]:
    """What earlier rounds have come to: circles, or an answer that did not pass its check."""
    circles = "" if stuck is None else f"It went round in circles: {stuck.repetition}."
    lines: list[str] = []
    if failure is not None:
        lines += [f"Check: {failure.check}", f"Outcome: {failure.output}"]
    if done is not None:
        lines += ["Calls:", *(f"- {note.said}" for note in done.calls)]
        lines.append(f"Answer: {done.answer.text if done.answer else 'none'}")
    return (
        Block(title="a try before this one", text=circles),
        Block(title="the last try, which did not pass its check", text="\n".join(lines)),
    )


def lesson_block(lessons: Sequence[Lesson]) -> Block:
    """What has helped with errors like this one before."""
    return Block(
        title="what helped before",
        text="\n".join(f"- {lesson.about[:200]}: {lesson.text[:400]}" for lesson in lessons),
    )


def knowledge_block(knowledge: Iterable[str]) -> Block:
    """What the role has learnt in earlier runs."""
    return Block(title="knowledge", text="\n".join(f"- {entry}" for entry in knowledge))


def _listed(title: str, entries: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"- {entry}" for entry in entries)] if entries else []
