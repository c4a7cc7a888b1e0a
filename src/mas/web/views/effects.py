"""What a call does and why it asks, in the reader's language as far as MAS has worded it. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from mas.core.language import Language, plain
from mas.web.wording.effects import EFFECTS, SECRETS_NEAR

_BRACES = re.compile(r"\{(\w+)\}")


class Sentence(NamedTuple):
    """A sentence and the language that it is in."""

    text: str
    language: Language


def told_effect(text: str, reader: Language, *, limit: int = 1000) -> Sentence:
    """What is stored with a call, for a reader. What others have worded, a tool's own description
    or a rule of the person's own, stays as it is."""
    shown = plain(text, limit=limit)
    if reader != "ko":
        return Sentence(shown, "en")
    suffix = ""
    said = shown
    if (near := _pattern(SECRETS_NEAR[0]).search(shown)) is not None:
        said, suffix = shown[: near.start()], SECRETS_NEAR[1].format(**near.groupdict())
    for english, korean in _narrow_first():
        if (found := _pattern(english).fullmatch(said)) is not None:
            return Sentence(korean.format(**found.groupdict()) + suffix, "ko")
    return Sentence(shown, "en")


@cache
def _narrow_first() -> tuple[tuple[str, str], ...]:
    return tuple(sorted(EFFECTS, key=lambda pair: -len(_BRACES.sub("", pair[0]))))


@cache
def _pattern(english: str) -> re.Pattern[str]:
    parts = _BRACES.split(english)
    return re.compile(
        "".join(
            f"(?P<{part}>.+?)" if number % 2 else re.escape(part)
            for number, part in enumerate(parts)
        )
        + r"\Z"
    )
