"""Makes the argument schema of a foreign tool safe to show and to check against.

A schema is data of the server: its texts are cleaned and cut, and what could make the check reach
outside or take for ever (remote references, regular expressions) is taken out. The server checks
its own arguments anyway.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from mas.core.language import plain
from mas.core.values import JsonObject, JsonValue, encode_json

LONGEST_DESCRIPTION: Final = 1_000
_LONGEST_FIELD_TEXT: Final = 300
_LARGEST_SCHEMA: Final = 20_000
_DEEPEST: Final = 30
_ANY_OBJECT: Final[JsonObject] = {"type": "object"}

_TEXTS: Final = frozenset({"title", "description", "$comment"})
_LEFT_OUT: Final = frozenset({"pattern", "patternProperties", "$id", "$schema", "$anchor"})
_NAMED_SCHEMAS: Final = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_UNSAFE: Final = re.compile(r"[^\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\uac00-\ud7a3]")


def clean(text: str, *, limit: int) -> str:
    """Foreign text on one line, without control, direction and invisible characters."""
    # Cut roughly first: a text of megabytes is not looked at sign by sign.
    return plain(_UNSAFE.sub(_visible, text[: 4 * limit]), limit=limit)


def clean_schema(schema: JsonObject) -> JsonObject:
    """The schema of an object's fields as a model may see it and arguments are checked against.

    One that is too large or nested too deep even without its texts becomes "any object".
    """
    try:
        cleaned = _cleaned(schema, texts=_LONGEST_FIELD_TEXT)
        if len(encode_json(cleaned)) > _LARGEST_SCHEMA:
            cleaned = _cleaned(schema, texts=0)
        if len(encode_json(cleaned)) > _LARGEST_SCHEMA:
            return _ANY_OBJECT
    except _TooDeepError:
        return _ANY_OBJECT
    return {**cleaned, "type": "object"}


class _TooDeepError(Exception):
    pass


def _visible(found: re.Match[str]) -> str:
    sign = found[0]
    if sign.isspace():
        return " "
    return "" if unicodedata.category(sign) in _HIDDEN else sign


def _cleaned(schema: JsonObject, *, texts: int, depth: int = 0) -> dict[str, JsonValue]:
    if depth > _DEEPEST:
        raise _TooDeepError
    kept: dict[str, JsonValue] = {}
    for key, value in schema.items():
        if key in _LEFT_OUT or (key == "$ref" and not _is_local(value)):
            continue
        if key in _TEXTS:
            if texts and isinstance(value, str) and key != "$comment":
                kept[key] = clean(value, limit=texts)
        elif key in _NAMED_SCHEMAS and isinstance(value, Mapping):
            kept[key] = {
                str(name): _part(part, texts=texts, depth=depth) for name, part in value.items()
            }
        else:
            kept[key] = _part(value, texts=texts, depth=depth)
    return kept


def _part(value: JsonValue, *, texts: int, depth: int) -> JsonValue:
    if depth > _DEEPEST:
        raise _TooDeepError
    if isinstance(value, Mapping):
        return _cleaned(value, texts=texts, depth=depth + 1)
    if isinstance(value, list | tuple):
        return [_part(item, texts=texts, depth=depth + 1) for item in value]
    return value


def _is_local(reference: JsonValue) -> bool:
    return isinstance(reference, str) and reference.startswith("#")
