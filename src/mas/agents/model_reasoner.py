"""The reasoner that asks a model, and sends back what cannot be used (A5, D7)."""

from __future__ import annotations

from typing import TypeVar

from mas.agents.asking import CallLimit, ask
from mas.agents.context import room_beside, to_context
from mas.agents.prompts import instructions_of, mend
from mas.agents.reasoner import Question, Thought
from mas.agents.schema import strict_schema, to_answer
from mas.core.errors import Permanent
from mas.core.language import Language
from mas.core.models import Model, ModelReply, ModelRequest, Said
from mas.core.ports import Work
from mas.core.roles import Role

T = TypeVar("T")

TRIES = 3
"""The first answer, and two that mend it."""

_SHOWN = 4_000
"""Characters of a bad answer that the model sees again."""


class ModelReasoner:
    """Answers questions with a model. Implements `mas.agents.reasoner.Reasoner`."""

    def __init__(
        self,
        model: Model,
        role: Role,
        language: Language | None = None,
        *,
        limit: CallLimit | None = None,
    ) -> None:
        """Without `language` the run's own is used; `limit` counts the calls of the task."""
        self._model = model
        self._role = role
        self._language = language
        self._limit = limit

    @property
    def name(self) -> str:
        """`provider:name` of the model that is asked first."""
        return self._model.name

    async def answer(self, work: Work, question: Question[T]) -> Thought[T]:
        """See `Reasoner.answer`."""
        conversation = self._opening(work, question)
        error = ""
        for number in range(1, TRIES + 1):
            request = ModelRequest(
                instructions=self._instructions(work, question),
                conversation=conversation,
                output=strict_schema(question.answer),
                output_name=question.answer.__name__,
                max_output_tokens=question.max_output_tokens,
            )
            reply = await ask(
                work, f"{question.key}/model/{number}", self._model, request, limit=self._limit
            )
            try:
                return Thought(value=_read(reply, question), by=reply.model)
            except ValueError as exc:
                error = str(exc)
            conversation = (
                *conversation,
                Said(author="model", text=reply.text[:_SHOWN] or "(nothing)"),
                Said(author="user", text=mend(error)),
            )
        raise Permanent(
            f"{self.name} gave no usable answer to {question.key} in {TRIES} tries: {error}",
            hint="Choose a stronger model, or ask without a model (--no-model).",
            code="model_nonsense",
        )

    def _instructions(self, work: Work, question: Question[T]) -> str:
        language = self._language or work.run.language
        return instructions_of(language, self._role.instructions, question.instructions)

    def _opening(self, work: Work, question: Question[T]) -> tuple[Said, ...]:
        room = room_beside(self._instructions(work, question))
        context = to_context(question.context, room)
        return (Said(author="user", text=context or "There is no further context."),)


def _read(reply: ModelReply, question: Question[T]) -> T:
    """The answer; a ValueError says what is wrong with it."""
    if reply.output is None:
        if reply.stop == "length":
            limit = question.max_output_tokens
            raise ValueError(f"It was cut off at {limit} tokens. Be shorter.")
        raise ValueError(reply.problem or "It holds no JSON object.")
    try:
        value = to_answer(reply.output, question.answer)
    except ValueError as exc:
        raise ValueError(f"{exc}.") from exc
    wrong = question.check(value) if question.check else ""
    if wrong:
        raise ValueError(wrong)
    return value
