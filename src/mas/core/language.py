"""The two languages MAS answers in, and small rules of writing in them."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["ko", "en"]

_HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def detect_language(text: str) -> Language:
    """Korean when there is any Hangul in the text, else English."""
    return "ko" if _HANGUL.search(text) else "en"


def plain(text: str, *, limit: int = 200) -> str:
    """Text from outside made safe for one line of a terminal or report.

    Control and direction characters become spaces, white space is folded, and what is longer than
    `limit` characters is cut with an ellipsis.
    """
    folded = " ".join(_CONTROL.sub(" ", text).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
