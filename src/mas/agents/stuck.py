"""Noticing that an agent goes round in circles (R12): pure, over its latest steps."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import Literal

from mas.core.errors import Blocked

WINDOW = 20
"""Latest steps that are looked at."""

SAME_RESULT = 4
SAME_ERROR = 3
MONOLOGUE = 3
ALTERNATION = 6

Pattern = Literal["same_result", "same_error", "monologue", "alternation"]

_NOISE = re.compile(
    r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"
    r"|\b\d+(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds|초)\b"
    r"|\b0x[0-9a-fA-F]+\b"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: what was called and what came of it. An empty `action` is text without a call."""

    action: str
    result: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """What repeats, how often, in words for the model and for people."""

    pattern: Pattern
    times: int
    what: str

    def __str__(self) -> str:
        if self.pattern == "monologue":
            return f"{self.times} answers in a row without calling a tool"
        if self.pattern == "alternation":
            return f"the same two calls in turn, {self.times} times: {self.what}"
        outcome = "error" if self.pattern == "same_error" else "result"
        return f"the same call with the same {outcome}, {self.times} times: {self.what}"


class Stuck(Blocked):
    """An agent has gone on repeating itself after it was told so."""

    def __init__(self, repetition: Repetition) -> None:
        super().__init__(
            f"The agent repeats itself: {repetition}.",
            hint="Look at its steps with `mas runs show`, and give it what it lacks.",
        )
        self.repetition = repetition


class StuckDetector:
    """Looks at the latest steps of one agent, as each is added."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque(maxlen=WINDOW)

    def add(self, step: Step) -> Repetition | None:
        """Add a step, and say what repeats with it, if anything does."""
        self._steps.append(Step(action=step.action, result=_plain(step.result), failed=step.failed))
        return found(tuple(self._steps))


def found(steps: tuple[Step, ...]) -> Repetition | None:
    """The repetition that the last of these steps completes or carries on.

    The same call with the same outcome counts wherever it stands in the window: what lies
    between has changed nothing about it.
    """
    if not steps:
        return None
    last = steps[-1]
    if not last.action:
        return _monologue(steps)
    times = steps.count(last)
    what = _short(last.action)
    if last.failed and times >= SAME_ERROR:
        return Repetition(pattern="same_error", times=times, what=what)
    if not last.failed and times >= SAME_RESULT:
        return Repetition(pattern="same_result", times=times, what=what)
    return _alternation(steps)


def nudge(repetition: Repetition) -> str:
    """What the agent is told, once."""
    return (
        f"You repeat yourself: {repetition}. It will not come out differently. Do something else, "
        "or finish and say what stands in the way."
    )


def _monologue(steps: tuple[Step, ...]) -> Repetition | None:
    times = 0
    for step in reversed(steps):
        if step.action:
            break
        times += 1
    if times < MONOLOGUE:
        return None
    return Repetition(pattern="monologue", times=times, what="")


def _alternation(steps: tuple[Step, ...]) -> Repetition | None:
    """A, B, A, B, A, B at the end, with two different steps."""
    tail = steps[-ALTERNATION:]
    if len(tail) < ALTERNATION or tail[0] == tail[1]:
        return None
    if any(step != tail[index % 2] for index, step in enumerate(tail)):
        return None
    what = f"{_short(tail[0].action)} / {_short(tail[1].action)}"
    return Repetition(pattern="alternation", times=ALTERNATION // 2, what=what)


def _plain(result: str) -> str:
    """A result without what differs each time whatever is done: times and addresses."""
    return _NOISE.sub("#", result)


def _short(action: str) -> str:
    return action if len(action) <= 160 else action[:159] + "…"
