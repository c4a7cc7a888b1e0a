"""JSON schemas that a model is held to, made from the types that its answers become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from mas.core.errors import Bug
from mas.core.values import JsonObject, JsonValue

T = TypeVar("T")

_LEFT_OUT = frozenset({"title", "default", "$defs"})
_PREFIX = "#/$defs/"


def strict_schema(type_: type[Any]) -> JsonObject:
    """The schema of a Struct as providers want it for typed output: without references, every
    field required, no others allowed. Free-form objects stay open.

    Raises:
        Bug: The type refers to itself.
    """
    schema: JsonObject = msgspec.json.schema(type_)
    definitions = cast("Mapping[str, JsonObject]", schema.get("$defs", {}))
    return cast("JsonObject", _inlined(schema, definitions, ()))


def to_answer(value: JsonValue, type_: type[T]) -> T:
    """Convert a model's JSON, leniently: numbers may be text, unknown fields are dropped.

    Raises:
        ValueError: It does not fit; the text names the place.
    """
    try:
        return msgspec.convert(value, type_, strict=False)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc


def _inlined(
    node: JsonValue, definitions: Mapping[str, JsonObject], inside: tuple[str, ...]
) -> JsonValue:
    if isinstance(node, list):
        return [_inlined(one, definitions, inside) for one in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(_PREFIX)
        if name in inside:
            raise Bug(f"The type {name} refers to itself and cannot be asked of a model.")
        return _inlined(definitions[name], definitions, (*inside, name))
    made = {key: value for key, value in node.items() if key not in _LEFT_OUT}
    fields = made.get("properties")
    if isinstance(fields, Mapping):
        # Below `properties` stand names of fields, which may be called `title` too.
        made["properties"] = {
            name: _inlined(field, definitions, inside) for name, field in fields.items()
        }
        return {**made, "required": list(fields), "additionalProperties": False}
    return {
        key: value if key in ("enum", "const") else _inlined(value, definitions, inside)
        for key, value in made.items()
    }
