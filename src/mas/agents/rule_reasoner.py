"""The reasoner that works without any model (A6)."""

from __future__ import annotations

from typing import TypeVar

from mas.agents.reasoner import Question, Thought
from mas.core.errors import UserError
from mas.core.ports import Work

T = TypeVar("T")


def no_model(what: str) -> UserError:
    """The error for work that only a model can do: it names the setting that is missing."""
    return UserError(
        f"{what} needs a language model, and none is configured.",
        hint='Set MAS_MODEL, or `default = "anthropic:..."` under [models] in mas.toml, and the '
        "provider's key; `mas doctor` shows what is missing.",
        code="no_model",
    )


class RuleReasoner:
    """Answers what rules can answer. Implements `mas.agents.reasoner.Reasoner`."""

    name = "rules"

    async def answer(self, work: Work, question: Question[T]) -> Thought[T]:
        """See `Reasoner.answer`; makes no record, because rules give the same again."""
        if question.by_rules is None:
            raise no_model(f"The step {question.key} of task {work.task.id} ({work.task.role})")
        return Thought(value=question.by_rules(), by=self.name)
