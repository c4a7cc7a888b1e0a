"""Finding the JSON object that a model was asked for in what it has written."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from mas.core.errors import Bug
from mas.core.values import JsonValue, encode_json

_TRIES = 40
"""Beginnings of objects that are looked at; the rest of a text is no answer any more."""
_FENCE = re.compile(r"```[\w-]*\s*\n(.*?)\n?\s*```", re.DOTALL)


def read_object(text: str) -> tuple[JsonValue, str]:
    """The object in `text` and an empty text, or None and what is wrong, as a sentence.

    The text may be the object alone, hold it between fences, or have words around it: the
    longest object counts. Nothing is repaired.
    """
    if not text.strip():
        return None, "The answer is empty."
    fenced = [one.group(1) for one in _FENCE.finditer(text)]
    for candidate in (text, *sorted(fenced, key=len, reverse=True)):
        value = _whole(candidate)
        if value is not None:
            return _storable(value)
    value = _longest(text)
    if value is not None:
        return _storable(value)
    return None, _problem(text)


def read_exactly(text: str) -> tuple[JsonValue, str]:
    """As `read_object`, for a text that has to be the object and nothing else."""
    value = _whole(text)
    return (None, "It is no JSON object.") if value is None else _storable(value)


def _whole(text: str) -> Mapping[str, JsonValue] | None:
    try:
        value = _decoder().decode(text.strip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _longest(text: str) -> Mapping[str, JsonValue] | None:
    best: Mapping[str, JsonValue] | None = None
    longest = 0
    start = text.find("{")
    for _ in range(_TRIES):
        if start < 0:
            break
        try:
            value, end = _decoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if end - start > longest:
                best, longest = value, end - start
        start = text.find("{", end)
    return best


def _storable(value: JsonValue) -> tuple[JsonValue, str]:
    """Halves of characters are JSON for Python, and for nobody else."""
    try:
        encode_json(value)
    except (Bug, RecursionError):
        return None, "The JSON holds characters that cannot be stored."
    return value, ""


def _problem(text: str) -> str:
    start = text.find("{")
    if start < 0:
        return "The answer holds no JSON object."
    try:
        _decoder().raw_decode(text, start)
    except json.JSONDecodeError as exc:
        return f"The JSON is not valid: {exc.msg} at character {exc.pos - start + 1} of it."
    except (ValueError, RecursionError):
        return "The JSON is not valid: it holds NaN, Infinity or too many levels."
    return "The answer holds no JSON object."


def _decoder() -> json.JSONDecoder:
    # Line ends inside strings are taken: models write them, and their meaning is clear.
    return json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(number)
    return value
