"""Says findings and reports in Korean and English.

Korean sentences avoid particles after names that vary (은/는, 을/를), because their form would hang
on the last sound of a name from a cluster. Whatever comes from a cluster is made plain first.
"""

from __future__ import annotations

import string
from collections.abc import Mapping

from mas.core.errors import Bug
from mas.core.language import Language, plain
from mas.core.tools import Text
from mas.teams.decide.findings import Param, Phrase, Sentences
from mas.teams.decide.wording.advice import ADVICE
from mas.teams.decide.wording.model import MODEL
from mas.teams.decide.wording.page import PAGE
from mas.teams.decide.wording.progress import PROGRESS
from mas.teams.decide.wording.reasons import REASONS
from mas.teams.decide.wording.room import ROOM

MESSAGES: dict[str, Text] = {**REASONS, **ROOM, **ADVICE, **PAGE, **PROGRESS, **MODEL}
_FORMATTER = string.Formatter()


def say(what: Phrase | Text, language: Language) -> str:
    """A finding, phrase or catalog text as a sentence in one language."""
    if isinstance(what, Text):
        return _of(what, language)
    template = MESSAGES.get(what.key)
    if template is None:
        raise Bug(f"There is no message {what.key!r}.", hint="Add it to teams/decide/wording.")
    texts = {name: _say_param(value, language) for name, value in what.params.items()}
    return _tidy(_FORMATTER.vformat(_of(template, language), (), _Strict(texts)))


def _of(text: Text, language: Language) -> str:
    return text.ko if language == "ko" else text.en


def _say_param(value: Param, language: Language) -> str:
    if isinstance(value, tuple):
        parts = [_say_param(one, language) for one in value]
        return ", ".join(part for part in parts if part)
    if isinstance(value, Text):
        return _of(value, language).rstrip(".")
    if isinstance(value, Phrase):
        return say(value, language)
    if isinstance(value, Sentences):
        return " ".join(say(one, language) for one in value.parts)
    return plain(str(value))


def _tidy(text: str) -> str:
    """Take away what an empty parameter leaves behind."""
    return (
        " ".join(text.split())
        .replace(" .", ".")
        .replace(" ,", ",")
        .replace(" :", ":")
        .replace("()", "")
        .strip()
    )


class _Strict(dict[str, str]):
    """A missing parameter is our mistake, and says which."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts)

    def __missing__(self, key: str) -> str:
        raise Bug(f"A message lacks its parameter {key!r}.")
