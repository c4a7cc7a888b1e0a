"""A reasoner that answers from a script, with the records and the mending of a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from mas.agents.reasoner import Question, Thought
from mas.core.errors import MasError, Permanent
from mas.core.ports import Work
from mas.core.usage import Usage

T = TypeVar("T")
Line: TypeAlias = "Mapping[str, Any] | MasError | Callable[[Question[Any]], Any]"
"""An answer, an error, or a function of the question that gives either."""


class FakeReasoner:
    """Gives each role its lines in order; the last one again when they are used up.

    `asked` are all questions by role, `problems` what was sent back.
    """

    def __init__(self, *, name: str = "fake:model", **lines: Line | Sequence[Line]) -> None:
        self.name = name
        self.asked: list[tuple[str, Question[Any]]] = []
        self.problems: list[str] = []
        self._lines = {
            role: list(given) if isinstance(given, (list, tuple)) else [given]
            for role, given in lines.items()
        }
        self._said: dict[str, int] = {}

    @property
    def roles(self) -> list[str]:
        """Who has asked, in order."""
        return [role for role, _ in self.asked]

    def question(self, role: str) -> Question[Any]:
        """What a role has asked."""
        return next(question for asking, question in self.asked if asking == role)

    def shown(self, role: str) -> str:
        """All that a role has shown to the model."""
        return "\n".join(block.text for block in self.question(role).context)

    async def answer(self, work: Work, question: Question[T]) -> Thought[T]:
        role = work.task.role
        self.asked.append((role, question))
        wrong = ""
        for number in range(1, 4):

            async def say() -> Any:
                line = self._next(role)
                made = line(question) if callable(line) else line
                if isinstance(made, MasError):
                    raise made
                return made

            value = await work.record(
                f"{question.key}/model/{number}",
                "model_call",
                say,
                usage=lambda _: Usage(input_tokens=100, output_tokens=10),
                most=Usage(input_tokens=200, output_tokens=20),
            )
            try:
                found = msgspec.convert(value, question.answer, strict=False)
                wrong = question.check(found) if question.check else ""
            except msgspec.ValidationError as exc:
                wrong = str(exc)
            if not wrong:
                return Thought(value=found, by=self.name)
            self.problems.append(wrong)
        raise Permanent(f"{self.name} answered nonsense: {wrong}", code="model_nonsense")

    def _next(self, role: str) -> Line:
        lines = self._lines[role]
        number = self._said.get(role, 0)
        self._said[role] = number + 1
        return lines[min(number, len(lines) - 1)]
