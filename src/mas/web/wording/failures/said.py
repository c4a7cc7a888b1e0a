"""The shape of an entry."""

from __future__ import annotations

from typing import Literal, NamedTuple

Beside = Literal["nothing", "sentence", "all"]


class Said(NamedTuple):
    """What an error means and what to do next, in Korean.

    `beside` is what is shown of the program's own words, too, because it alone names values that
    the reader needs: nothing, its sentence, or sentence and hint.
    """

    sentence: str
    step: str
    beside: Beside = "sentence"
