"""The general agent's mind: any role with a model and tools, through the five stages (A1, A2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec

from mas.agents import prompts
from mas.agents.acting import Ended, Order, ToolLoop
from mas.agents.agent_records import (
    AgentActing,
    AgentObservation,
    AgentPlan,
    AgentReasoning,
    Answer,
    CallNote,
    PlanDraft,
)
from mas.agents.asking import CallLimit
from mas.agents.briefing import (
    earlier_blocks,
    input_blocks,
    knowledge_block,
    lesson_block,
    message_blocks,
    observation_block,
    plan_block,
    reasoning_block,
    task_block,
    tools_block,
)
from mas.agents.checks import fault_of, outcome_of
from mas.agents.context import first_line, room_beside, to_context
from mas.agents.evidence import notes_of, read_texts, recall, taken, with_real_sources
from mas.agents.gate import COMMANDS, Gate
from mas.agents.loop import stage_key
from mas.agents.model_reasoner import ModelReasoner
from mas.agents.prompts import instructions_of
from mas.agents.reasoner import Block, Question
from mas.agents.sending import SEND
from mas.agents.speaking import JsonSpeaker, ToolSpeaker
from mas.agents.stuck import Stuck
from mas.agents.wording import say
from mas.core.grounding import Facts, ungrounded
from mas.core.lessons import Lesson
from mas.core.memory import Memory
from mas.core.messages import Message
from mas.core.models import Model
from mas.core.ports import Lessons, Memories, Work
from mas.core.roles import Role
from mas.core.stages import Observation, Reasoning, StageName, Validation

T = TypeVar("T")

CallStyle = Literal["tools", "json"]

OBSERVE_CALLS = 6
"""Tool calls of the first stage."""

_KEPT_BACK = 6
"""Model calls that the act stage leaves for another round, should the check fail."""


class AgentMind:
    """What an agent of any role thinks and does. A mind for `mas.agents.loop.work_through`.

    It also reads messages, tries again after a failed check, and starts afresh after going round
    in circles.
    """

    observes = AgentObservation
    reasons = AgentReasoning
    plans = AgentPlan
    acts = AgentActing

    def __init__(
        self,
        work: Work,
        *,
        role: Role,
        model: Model,
        gate: Gate,
        memories: Memories,
        lessons: Lessons | None = None,
        calls: CallStyle = "tools",
    ) -> None:
        """`calls` says how the model calls tools: by itself, or as JSON where it cannot."""
        self.work = work
        self._role = role
        self._model = model
        self._gate = gate
        self._memories = memories
        self._lessons = lessons
        self._speaker_type = ToolSpeaker if calls == "tools" else JsonSpeaker
        self._language = work.run.language
        # Calls on record from before a person gave it a new chance are counted as well.
        self._limit = CallLimit(role.limits.calls * (1 + work.task.chances))
        self._reasoner = ModelReasoner(model, role, self._language, limit=self._limit)
        self._round = 1
        self._first = 1
        self._acted: list[int] = []
        self._changed = False
        self._messages: list[Message] = []
        self._failure: Validation | None = None
        self._stuck: Stuck | None = None
        self.failures: list[str] = []
        """What checks have found wrong, since the last fresh start."""

    def told(self, messages: Sequence[Message]) -> None:
        """See `Listens`."""
        known = {message.number for message in self._messages}
        self._messages += [message for message in messages if message.number not in known]

    def failed(self, validation: Validation) -> None:
        """See `TriesAgain`."""
        self._acted.append(self._round)
        self._failure = validation
        self._round += 1
        self.failures.append(validation.output)

    async def wipe(self) -> None:
        """See `StartsAfresh`."""
        await self._memories.change(
            self._role.name, lambda memory: memory.wiped().began(self._name)
        )

    def afresh(self, why: Stuck) -> None:
        """See `StartsAfresh`."""
        self._stuck = why
        self._failure = None
        self.failures.clear()
        self._round += 1
        self._first = self._round

    @property
    def round(self) -> int:
        """The round that is worked on, from 1."""
        return self._round

    async def observe(self) -> AgentObservation:
        """Read what the task needs, with calls that change nothing."""
        self._live("observe")
        memory = await self._memories.read(self._role.name)
        order = Order(
            key=self._key("observe"),
            instructions=self._instructions(prompts.OBSERVE),
            opening=self._context(
                prompts.OBSERVE,
                *self._about_task(),
                *input_blocks(self.work),
                knowledge_block(memory.knowledge),
            ),
            final=Observation,
            from_text=_to_observation,
            calls=OBSERVE_CALLS,
            rounds=min(OBSERVE_CALLS + 2, max(1, self._limit.left // 3)),
            reading=True,
            max_output_tokens=2_000,
        )
        ended = await self._talk(order)
        seen = ended.value or Observation(summary=say("limit", self._language))
        await self._remember(Memory.observed, seen.summary)
        return AgentObservation(
            summary=seen.summary,
            facts=seen.facts,
            findings=seen.findings,
            calls=notes_of(ended.made),
        )

    async def reason(self, seen: AgentObservation) -> AgentReasoning:
        """Say what it means, knowing why an earlier try has failed."""
        self._live("reason")
        lessons = await self._fitting_lessons()
        question = Question(
            key=self._key("reason"),
            instructions=prompts.REASON,
            context=(
                *self._about_task(),
                *await self._earlier(),
                lesson_block(lessons),
                observation_block(seen),
                *input_blocks(self.work),
            ),
            answer=Reasoning,
        )
        thought = (await self._reasoner.answer(self.work, question)).value
        await self._remember(Memory.reasoned, thought.conclusion)
        return AgentReasoning(
            summary=thought.summary,
            problem=thought.problem,
            root_causes=thought.root_causes,
            approach=thought.approach,
            risks=thought.risks,
            success_criteria=thought.success_criteria,
            conclusion=thought.conclusion,
            lessons=tuple(lesson.id for lesson in lessons),
        )

    async def plan(self, seen: AgentObservation, thought: AgentReasoning) -> AgentPlan:
        """Say what will be done, and by which check it will be judged."""
        self._live("plan")
        specs = await self._gate.specs()
        by_tool = await self._has_to_measure()

        def wrong(draft: PlanDraft) -> str:
            try:
                check = draft.check.to_check()
            except ValueError as exc:
                return str(exc)
            if not draft.steps:
                return "steps: there is none."
            if not 0 <= draft.confidence <= 1 or draft.estimated_seconds < 0:
                return "confidence is from 0 to 1, estimated_seconds from 0."
            return fault_of(check, self._gate.assess(check.call), changes=by_tool)

        question = Question(
            key=self._key("plan"),
            instructions=prompts.PLAN,
            context=(
                *self._about_task(),
                reasoning_block(thought),
                observation_block(seen),
                tools_block(specs),
            ),
            answer=PlanDraft,
            check=wrong,
        )
        draft = (await self._reasoner.answer(self.work, question)).value
        return AgentPlan(
            summary=draft.summary,
            steps=draft.steps,
            estimated_seconds=draft.estimated_seconds,
            confidence=draft.confidence,
            check=draft.check.to_check(),
        )

    async def act(
        self, seen: AgentObservation, thought: AgentReasoning, planned: AgentPlan
    ) -> AgentActing:
        """Carry the plan out with the role's tools, and answer."""
        self._live("act")
        left = self._limit.left
        order = Order(
            key=self._key("act"),
            instructions=self._instructions(prompts.ACT),
            opening=self._context(
                prompts.ACT,
                *self._about_task(),
                plan_block(planned, str(planned.check)),
                *await self._earlier(),
                reasoning_block(thought),
                observation_block(seen),
                *input_blocks(self.work),
            ),
            final=Answer,
            from_text=_to_answer,
            calls=self._role.limits.calls,
            rounds=left - min(_KEPT_BACK, left // 4),
            expects_calls=self.work.task.spec.risk != "read" and bool(await self._gate.specs()),
        )
        ended = await self._talk(order)
        notes = notes_of(ended.made)
        texts = await self._texts(seen, notes)
        answer = with_real_sources(ended.value, texts) if ended.value else None
        summary = answer.text if answer else say("limit", self._language)
        return AgentActing(
            summary=first_line(summary) or say("done", self._language, count=len(notes)),
            actions=tuple(taken(made) for made in ended.made),
            answer=answer,
            calls=notes,
            unfounded=ungrounded(answer.text, Facts(texts)) if answer else (),
        )

    async def validate(
        self,
        seen: AgentObservation,
        thought: AgentReasoning,
        planned: AgentPlan,
        done: AgentActing,
    ) -> Validation:
        """Run the planned check. What a model says about its own success is not looked at."""
        del seen, thought
        self._live("validate")
        check, name = planned.check, str(planned.check)
        if check.kind == "grounded":
            name = say("grounded", self._language)
        if done.answer is None or not done.answer.text.strip():
            return self._judged(False, say("no_answer", self._language), name)
        if check.kind == "tool":
            key = f"{self._key('validate')}/call/1"
            output = await self._gate.call(self.work, key, check.call)
            return self._judged(*outcome_of(check, output), name)
        changed = await self._has_changed() or any(note.changed for note in done.calls)
        if changed and await self._can_measure():
            return self._judged(False, say("changed", self._language), name)
        if done.unfounded:
            found = ", ".join(done.unfounded[:20])
            return self._judged(False, say("ungrounded", self._language, found=found), name)
        return self._judged(True, say("passed", self._language), name)

    # What the stages share.

    @property
    def _name(self) -> str:
        return f"{self.work.run.id}/{self.work.task.id}"

    def _key(self, stage: StageName) -> str:
        return stage_key(stage, self._round)

    def _live(self, stage: StageName) -> None:
        self.work.live(f"\n[{self.work.task.id}: {self._key(stage)}]\n")

    def _instructions(self, stage: str) -> str:
        return instructions_of(self._language, self._role.instructions, stage)

    def _context(self, stage: str, *blocks: Block) -> str:
        return to_context(blocks, room_beside(self._instructions(stage)))

    def _about_task(self) -> tuple[Block, ...]:
        return (task_block(self.work), *message_blocks(self._messages))

    async def _talk(self, order: Order[T]) -> Ended[T]:
        loop = ToolLoop(
            order,
            work=self.work,
            model=self._model,
            gate=self._gate,
            speaker=self._speaker_type(order.final),
            limit=self._limit,
        )
        try:
            return await loop.run()
        finally:
            # Also of a round that ends here: what it has changed stays changed.
            self._changed = self._changed or any(made.may_have_changed for made in loop.made)

    async def _acts(self, *, since: int = 1) -> list[AgentActing]:
        """What earlier rounds that came to a check have done, out of their records."""
        return [
            msgspec.convert(await recall(self.work, stage_key("act", round_)), AgentActing)
            for round_ in self._acted
            if round_ >= since
        ]

    async def _earlier(self) -> tuple[Block, ...]:
        """What earlier rounds have come to, and why that did not do."""
        done = await self._acts(since=self._first)
        return earlier_blocks(self._stuck, self._failure, done[-1] if done else None)

    async def _fitting_lessons(self) -> tuple[Lesson, ...]:
        if self._lessons is None or self._failure is None:
            return ()
        return await self._lessons.fitting(self._failure.output, kind="fix")

    async def _texts(self, seen: AgentObservation, notes: Sequence[CallNote]) -> tuple[str, ...]:
        """Everything that an answer may rest on."""
        earlier = await self._acts(since=self._first)
        calls = [*seen.calls, *(note for done in earlier for note in done.calls), *notes]
        given = [block.text for block in (*self._about_task(), *input_blocks(self.work))]
        return (*given, *await read_texts(self.work, calls))

    async def _has_to_measure(self) -> bool:
        """Whether only a call can show success: the task may change things, or has."""
        may = self.work.task.spec.risk != "read"
        return (may or await self._has_changed()) and await self._can_measure()

    async def _has_changed(self) -> bool:
        """Whether a call of an earlier round may have changed something."""
        noted = (note.changed for done in await self._acts() for note in done.calls)
        return self._changed or any(noted)

    async def _can_measure(self) -> bool:
        """Whether the role has a tool that a check can call."""
        return any(
            spec.name in COMMANDS or (spec.risk == "read" and spec.name != SEND)
            for spec in await self._gate.specs()
        )

    async def _remember(self, change: Callable[[Memory, str], Memory], text: str) -> None:
        entry = f"{self._name}: {text}"
        await self._memories.change(self._role.name, lambda memory: change(memory, entry))

    def _judged(self, valid: bool, output: str, check: str) -> Validation:
        summary = say("passed" if valid else "not_passed", self._language)
        return Validation(summary=summary, valid=valid, check=check, output=output)


def _to_observation(text: str) -> Observation:
    """A reply in plain text: each line of it is a fact."""
    lines = tuple(line.strip(" -*•\t") for line in text.splitlines() if line.strip())
    return Observation(summary=first_line(text), facts=lines[1:])


def _to_answer(text: str) -> Answer:
    return Answer(text=text)
