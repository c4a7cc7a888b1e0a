"""What the page says, in English and in Korean side by side: one file for each page.

`WORDS` of a file maps a key to (English, Korean). Values that vary stand in braces and are named; a
particle in Korean has to fit whatever is put in.
"""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.language import Language
from mas.web.wording import (
    agents,
    approvals,
    audit,
    cluster,
    decide,
    doctor,
    errors,
    events,
    fanout,
    knowledge,
    login,
    run,
    runs,
    shell,
    start,
)

_PAGES = (
    agents.WORDS,
    approvals.WORDS,
    audit.WORDS,
    cluster.WORDS,
    decide.WORDS,
    doctor.WORDS,
    errors.WORDS,
    events.WORDS,
    fanout.WORDS,
    knowledge.WORDS,
    login.WORDS,
    run.WORDS,
    runs.WORDS,
    shell.WORDS,
    start.WORDS,
)
_ALL: Mapping[str, tuple[str, str]] = {key: pair for page in _PAGES for key, pair in page.items()}


def has_phrase(key: str) -> bool:
    """Whether there is a phrase of this key."""
    return key in _ALL


class Wording:
    """Says things in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._index = 0 if language == "en" else 1

    def __call__(self, key: str, **values: object) -> str:
        """The phrase of a key with its values put in; of `KEY.one` where that is there and
        `count` is 1.

        Raises:
            KeyError: There is no such phrase, or a value is missing.
        """
        if values.get("count") == 1 and f"{key}.one" in _ALL:
            key = f"{key}.one"
        phrase = _ALL[key][self._index]
        return phrase.format(**values) if values else phrase
