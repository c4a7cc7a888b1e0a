"""Lessons: what worked, with its evidence and how often it has helped since (R13)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

LessonKind = Literal["plan", "fix"]
_WORD = re.compile(r"[0-9a-z][0-9a-z_.-]*|[가-힣]+", re.IGNORECASE)
_MIN_LIKENESS = 0.2


class NewLesson(msgspec.Struct, frozen=True, kw_only=True):
    """What a run that succeeded has taught.

    `about` is what it is found again by: the request, or the error; `text` what to do; `evidence`
    names records (`RUN/TASK/KEY`) that show it worked.
    """

    kind: LessonKind
    team: str
    about: str
    text: str
    evidence: tuple[str, ...]


class Lesson(NewLesson, frozen=True, kw_only=True):
    """A stored lesson with the runs it was offered to that succeeded and failed."""

    id: str
    successes: int = 0
    failures: int = 0
    learned_at: str = ""
    """ISO 8601 in UTC."""


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: the share of their features that they have in common.

    Features are the words, and for Hangul the pairs of syllables, because particles and endings
    hang on the words.
    """
    ours, theirs = _features(one), _features(other)
    if not ours or not theirs:
        return 0.0
    return len(ours & theirs) / len(ours | theirs)


def fitting(lessons: Iterable[Lesson], text: str, *, most: int = 3) -> tuple[Lesson, ...]:
    """The lessons that fit a request or an error best; those that failed more than they helped
    are left out."""
    rated = [
        (likeness(lesson.about, text), lesson)
        for lesson in lessons
        if lesson.failures <= lesson.successes
    ]
    rated = [pair for pair in rated if pair[0] >= _MIN_LIKENESS]
    rated.sort(key=lambda pair: (-pair[0], pair[1].failures - pair[1].successes, pair[1].id))
    return tuple(lesson for _, lesson in rated[:most])


def _features(text: str) -> frozenset[str]:
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        if "가" <= word[0] <= "힣" and len(word) > 1:
            found.update(word[index : index + 2] for index in range(len(word) - 1))
        else:
            found.add(word.strip(".-"))
    return frozenset(found - {""})
