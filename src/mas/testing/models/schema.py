"""Puts typed output into the shape that a request's JSON schema asks for.

A script says what the output is. What travels can have a wrapping of its own: a value that is no
object becomes the one property of an object, and one of several types is told apart by its `kind`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mas.core.values import JsonObject, JsonValue


def takes(schema: JsonObject, value: JsonValue) -> bool:
    """Whether a value has the names that an object's schema asks for; no more is looked at."""
    return _takes(schema, schema, value)


def shape(schema: JsonObject, value: JsonValue) -> JsonValue:
    """The value as this schema wants it; the value itself where it fits, or fits in no way."""
    properties = _object(schema.get("properties"))
    if _takes(schema, schema, value) or len(properties) != 1:
        return value
    ((name, wrapped),) = properties.items()
    for option in _options(schema, wrapped):
        inner = _object(option.get("properties"))
        if set(inner) != {"kind", "data"}:
            continue
        if _takes(schema, _resolved(schema, inner["data"]), value):
            return {name: {"kind": _only(_object(inner["kind"])), "data": value}}
    return value if isinstance(value, Mapping) else {name: value}


def _takes(root: JsonObject, schema: JsonObject, value: JsonValue) -> bool:
    schema = _resolved(root, schema)
    if not isinstance(value, Mapping):
        return False
    required = schema.get("required")
    needed = set(required) if isinstance(required, list) else set()
    return set(value) <= set(_object(schema.get("properties"))) and needed <= set(value)


def _options(root: JsonObject, schema: JsonValue) -> Iterator[JsonObject]:
    options = _resolved(root, schema).get("anyOf")
    for one in options if isinstance(options, list) else []:
        yield _resolved(root, one)


def _resolved(root: JsonObject, schema: JsonValue) -> JsonObject:
    reference = _object(schema).get("$ref")
    if not isinstance(reference, str):
        return _object(schema)
    return _object(_object(root.get("$defs")).get(reference.removeprefix("#/$defs/")))


def _only(schema: JsonObject) -> JsonValue:
    """The one value that a schema allows."""
    values = schema.get("enum")
    return values[0] if isinstance(values, list) and values else schema.get("const")


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
