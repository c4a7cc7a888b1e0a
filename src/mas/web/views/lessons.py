"""What the page shows of a lesson. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mas.core.lessons import Lesson

_RECORD = re.compile(r"(?P<run>\d{8}_\d{6}_[0-9a-f]{8})(?:/(?P<task>[^/]+)(?:/(?P<key>.+))?)?")


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A record that shows that a lesson worked; `href` empty where it leads nowhere."""

    text: str
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class LessonCard:
    """A lesson with what carries it."""

    lesson: Lesson
    proofs: tuple[Proof, ...]

    @property
    def used(self) -> int:
        """Runs that it was offered to."""
        return self.lesson.successes + self.lesson.failures

    @property
    def retired(self) -> bool:
        """Whether it is no longer offered, because it failed more often than it helped."""
        return self.lesson.failures > self.lesson.successes


def cards_of(lessons: Iterable[Lesson]) -> tuple[LessonCard, ...]:
    """All lessons as they are shown, in the same order."""
    return tuple(
        LessonCard(lesson=one, proofs=tuple(to_proof(told) for told in one.evidence))
        for one in lessons
    )


def to_proof(told: str) -> Proof:
    """Evidence as it is stored (`RUN/TASK/KEY`), with the way to its task."""
    found = _RECORD.fullmatch(told)
    if found is None:
        return Proof(text=told)
    task = f"#task-{found['task']}" if found["task"] else ""
    shown = "/".join(part for part in (found["run"][-8:], found["task"], found["key"]) if part)
    return Proof(text=shown, href=f"/runs/{found['run']}{task}")
