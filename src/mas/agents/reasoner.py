"""Reasoners: who answers the questions of a stage, a model or rules, behind one port (A5, A6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from mas.core.ports import Work

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of context. Everything from outside MAS is data and is marked as such."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Question(Generic[T]):
    """One thing that a stage wants to know.

    `instructions` are the same for every task of the role and stage (providers cache them);
    `context` is what changes. `answer` is a msgspec Struct: its JSON schema is what a model is
    held to. `check` returns what is wrong with an answer, for the model to mend, or an empty
    text. `by_rules` answers without any model; None: only a model can.
    """

    key: str
    """Prefix of the records, such as `reason`."""
    instructions: str
    context: tuple[Block, ...]
    answer: type[T]
    by_rules: Callable[[], T] | None = None
    check: Callable[[T], str] | None = None
    max_output_tokens: int = 1500


@dataclass(frozen=True, kw_only=True)
class Thought(Generic[T]):
    """An answer and who gave it: `rules`, or `provider:name` of a model."""

    value: T
    by: str


class Reasoner(Protocol):
    """Answers questions with typed values."""

    @property
    def name(self) -> str:
        """`rules`, or `provider:name` of the model that is asked first."""
        ...

    async def answer(self, work: Work, question: Question[T]) -> Thought[T]:
        """Answer a question. Each call to a model is one record under `KEY/model/N`.

        An answer that does not parse, or does not pass `check`, is sent back with what is wrong,
        at most twice.

        Raises:
            UserError: Rules cannot answer it and no model is configured (`no_model`), or as
                `Model.ask`.
            Transient, Permanent: As `Model.ask`; `model_nonsense` after three bad answers.
            BudgetReached: The budget does not allow the call.
        """
        ...
