"""An error as it is told to a reader, on a page of its own or beside what it is about. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mas.core.errors import MasError
from mas.core.failure import Failure
from mas.core.language import Language, detect_language, plain
from mas.web.wording.failures import KOREAN

_IN_OWN_WORDS = frozenset(
    "all_failed cancelled error failed killed no_changes setup_failed timeout".split()
)
"""Codes of what a team says in the language of its run; all others are told in English."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What went wrong, in a sentence, and what to do.

    `original` are the program's own words, in English, where the sentence lacks their values.
    """

    sentence: str
    language: Language
    original: str = ""
    hint: str = ""
    hint_language: Language = "en"


@dataclass(frozen=True, kw_only=True)
class Fault(Told):
    """What is wrong with a form. `field` empty: with the form as a whole."""

    field: str


def told_of(*, code: str, message: str, hint: str, reader: Language, limit: int = 500) -> Told:
    """An error in the reader's language, as far as there are words for its code.

    Args:
        code: Of the error.
        message: Its sentence.
        hint: What it says to do.
        reader: Who is told.
        limit: Characters of each text.
    """
    message, hint = plain(message, limit=limit), plain(hint, limit=limit)
    spoken: Language = detect_language(message) if code in _IN_OWN_WORDS else "en"
    said = KOREAN.get(code)
    if reader == spoken or reader == "en" or said is None:
        return Told(sentence=message, language=spoken, hint=hint, hint_language=spoken)
    if said.beside == "all":
        beside = f"{message} {hint}".strip()
    else:
        beside = message if said.beside == "sentence" else ""
    return Told(
        sentence=said.sentence,
        language="ko",
        original=beside,
        hint=said.step,
        hint_language="ko",
    )


def told_failure(failure: Failure, reader: Language, *, limit: int = 500) -> Told:
    """A failure that was stored, in the reader's language."""
    return told_of(
        code=failure.code,
        message=failure.message,
        hint=failure.hint,
        reader=reader,
        limit=limit,
    )


def fault_of(error: MasError, *, field: str, reader: Language) -> Fault:
    """The fault of a form for an error."""
    told = told_of(code=error.code, message=error.message, hint=error.hint, reader=reader)
    return Fault(
        field=field,
        sentence=told.sentence,
        language=told.language,
        original=told.original,
        hint=told.hint,
        hint_language=told.hint_language,
    )
