"""Asking a model inside a decision: an answer, or a failure that the decision survives (D7).

The rules decide with or without a model, so that no failure of one ends a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec

from mas.agents.context import cut, estimate_tokens
from mas.agents.reasoner import Question as Asking
from mas.agents.reasoner import Reasoner, Thought
from mas.core.errors import BudgetReached, Permanent, Transient, UserError
from mas.core.failure import Failure
from mas.core.ports import Work
from mas.core.tools import Catalog

T = TypeVar("T")

_SHOWN_PROBLEMS = 12


class Aside(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task hands on besides its result, when there is more than rules gave."""

    understood_by: str = ""
    """The model that found the subject of the request, where the rules found none."""
    follows: str = ""
    """The run whose subject is asked about again."""
    findings: tuple[str, ...] = ()
    """What a model found to matter in the cluster; checked."""
    failure: Failure | None = None
    """Why no model was to be had. Whoever sees it asks no model again."""

    @property
    def ends_the_run(self) -> bool:
        """Whether the run has to fail for it: the person can mend it, or the budget is reached."""
        return self.failure is not None and self.failure.kind in ("user", "budget")


NOTHING_ASIDE = Aside()


def model_of(reasoner: Reasoner | None) -> Reasoner | None:
    """The reasoner when a model stands behind it; None when rules are all there is."""
    return None if reasoner is None or reasoner.name == "rules" else reasoner


class SentBackOnce(Generic[T]):
    """A check that sends an answer back once, and then takes what comes.

    What is still wrong with it is left out by whoever asked. `last` is the latest answer seen.
    """

    def __init__(self, problems: Callable[[T], Iterable[str]]) -> None:
        self._problems = problems
        self._told = False
        self.last: T | None = None

    def __call__(self, answer: T) -> str:
        self.last = answer
        found = [] if self._told else list(self._problems(answer))
        self._told = self._told or bool(found)
        more = len(found) - _SHOWN_PROBLEMS
        lines = [*found[:_SHOWN_PROBLEMS], *([f"... and {more} more."] if more > 0 else [])]
        return "\n".join(lines)


async def consult(
    reasoner: Reasoner, work: Work, asking: Asking[T]
) -> tuple[Thought[T] | None, Failure | None]:
    """Ask, and return the answer, or why there is none.

    An answer that was sent back and could not be mended is used as it was.

    Raises:
        Bug: MAS itself is wrong.
    """
    try:
        return await reasoner.answer(work, asking), None
    except (UserError, BudgetReached) as exc:
        return None, Failure.of(exc)
    except (Transient, Permanent) as exc:
        if isinstance(asking.check, SentBackOnce) and asking.check.last is not None:
            return Thought(value=asking.check.last, by=reasoner.name), None
        return None, Failure.of(exc)


def handed_on(failure: Failure | None) -> Failure | None:
    """The failure that the agents behind have to know; one bad answer says nothing of the next."""
    return None if failure is not None and failure.kind == "permanent" else failure


def tool_names(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """All names of the catalog's tools, by id, for holding prose against facts."""
    return {
        tool.id: (tool.name, *tool.aliases, *((tool.id,) if "-" in tool.id else ()))
        for tool in catalog.tools.values()
    }


def within(lines: Iterable[str], tokens: int, *, more: str = "... and {count} more") -> str:
    """As many whole lines as fit into `tokens`; the last line then says how many are left out.

    A first line that does not fit alone is cut.
    """
    kept: list[str] = []
    every = list(lines)
    left = tokens - estimate_tokens(more)
    for line in every:
        cost = estimate_tokens(line + "\n")
        if cost > left:
            break
        kept.append(line)
        left -= cost
    if not kept and every:
        kept.append(cut(every[0], max(left, 1)))
    if len(kept) < len(every):
        kept.append(more.format(count=f"{len(every) - len(kept):,}"))
    return "\n".join(kept)
