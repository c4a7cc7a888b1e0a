"""An error as it stands beside the field that it is about. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mas.core.errors import MasError
from mas.core.language import Language, plain
from mas.web.wording import Wording, has_phrase


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, in a sentence, and what to do. `field` empty: the form as a whole.

    `original` is the sentence of the program, in English, where the other one says less.
    """

    field: str
    sentence: str
    language: Language
    original: str = ""
    hint: str = ""


def fault_of(error: MasError, *, field: str, reader: Language) -> Fault:
    """The fault for an error: told in the reader's language where there are words for its code."""
    message = plain(error.message, limit=500)
    hint = plain(error.hint, limit=500)
    key = f"error.code.{error.code}"
    if reader != "en" and has_phrase(key):
        sentence = Wording(reader)(key)
        return Fault(field=field, sentence=sentence, language=reader, original=message, hint=hint)
    return Fault(field=field, sentence=message, language="en", hint=hint)
