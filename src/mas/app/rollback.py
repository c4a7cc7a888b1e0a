"""Undoing what a run has done, as far as that can be done, and saying what is left (F5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mas.adapters.stores.records import Effect
from mas.app.fanout import FanoutResults
from mas.core.language import plain
from mas.repositories.undoing import NotedMerge

_SHORT = 12
"""Characters of a commit that people read."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    """Something that was taken back."""

    what: str


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that stays, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RollbackReport:
    """What became of a rollback, the latest first."""

    undone: tuple[Undone, ...]
    left: tuple[Left, ...]


async def undo_merges(results: FanoutResults) -> RollbackReport:
    """Move the branches of a fanout run back to where they were before its merges.

    A branch on which something came on top stays, and so does what was delivered: both may be
    somebody's work by now.
    """
    done = await results.repository.undo_merges()
    left = [
        Left(
            what=_merge(one),
            why=f"The branch {one.branch} was moved by something else since; "
            f"it was at {one.before[:_SHORT]} before.",
        )
        for one in done.left
    ]
    for name in await results.repository.delivered():
        left.append(
            Left(
                what=f"the branch {name} in {plain(results.origin or 'your repository')}",
                why=f"It is in your own repository, where nothing is removed: git branch -D {name}",
            )
        )
    undone = tuple(
        Undone(what=f"{_merge(one)}, back to {one.before[:_SHORT]}") for one in done.undone
    )
    return RollbackReport(undone=undone, left=tuple(left))


def effects_left(effects: Iterable[Effect], mask: Callable[[str], str]) -> RollbackReport:
    """What a run has done to the outside world, the latest first: no tool says how to undo it."""
    return RollbackReport(
        undone=(),
        left=tuple(
            Left(
                what=mask(_effect(one)),
                why="Its tool does not say how it is undone."
                if one.settled
                else "It is not known whether it was done, and its tool does not say how it is "
                "undone.",
            )
            for one in reversed(tuple(effects))
        ),
    )


def _merge(one: NotedMerge) -> str:
    return f"merge into {one.branch} ({one.after[:_SHORT]})"


def _effect(effect: Effect) -> str:
    """`tool target`, as the intent has it."""
    intent = effect.intent
    if not isinstance(intent, Mapping) or "tool" not in intent:
        return f"{effect.task}/{effect.key}"
    return plain(f"{intent['tool']} {intent.get('target') or ''}".strip(), limit=300)
