"""JSON values: what records, results, options and events are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from mas.core.errors import Bug

if TYPE_CHECKING:
    JsonValue: TypeAlias = (
        "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
    )
    """Anything that JSON can say. Read-only on purpose: a value is never changed in place."""

    JsonObject: TypeAlias = Mapping[str, JsonValue]
else:
    # The same for msgspec, which decodes fields of Structs and cannot follow a recursive alias.
    JsonValue = Any
    JsonObject = Mapping[str, Any]


def encode_json(value: object, *, what: str = "A value") -> bytes:
    """Return `value` as compact UTF-8 JSON; `what` names it in the error.

    msgspec Structs, dataclasses and tuples are accepted and come back as plain objects and lists.

    Raises:
        Bug: The value holds something that JSON cannot say.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, msgspec.MsgspecError, UnicodeEncodeError) as exc:
        raise Bug(f"{what} cannot be stored as JSON: {exc}.", code="not_json") from exc


def decode_json(data: bytes) -> JsonValue:
    """Return the plain value of bytes that `encode_json` wrote."""
    value: JsonValue = msgspec.json.decode(data)
    return value
