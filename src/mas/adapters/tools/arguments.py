"""Checks a call's arguments against the JSON schema of its tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, SchemaError, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from referencing import Registry
from referencing.exceptions import Unresolvable

from mas.core.values import JsonObject, JsonValue

_MOST_PROBLEMS: Final = 5
_SHOWN_VALUE: Final = 80
# Expressions of a schema from outside may take for ever; the server checks them itself.
_Validator = extend(Draft202012Validator, {"pattern": None})
# An empty registry: a reference in a schema never leads to the network.
_NOWHERE: Registry[Any] = Registry()
_WRONG_SCHEMA = (
    SchemaError,
    Unresolvable,
    RecursionError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)


def problems_of(arguments: Mapping[str, JsonValue], schema: JsonObject) -> tuple[str, ...]:
    """What does not fit, a sentence each; empty when the arguments fit.

    A schema that is wrong itself lets everything pass: the tool has to judge then.
    """
    plain = _plain(arguments)
    try:
        found = sorted(
            _Validator(_plain(schema), registry=_NOWHERE).iter_errors(plain),
            key=lambda error: [str(part) for part in error.absolute_path],
        )
    except _WRONG_SCHEMA:
        return ()
    return tuple(_sentence(error) for error in found[:_MOST_PROBLEMS])


def _sentence(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {})
        extra = [str(key) for key in error.instance if key not in known]
        return f"{place or 'The call'} has unknown arguments: {', '.join(extra)}."
    if error.validator == "required":
        return f"{error.message}." if not place else f"{place}: {error.message}."
    if error.validator == "type":
        value = repr(error.instance)[:_SHOWN_VALUE]
        return f"{place or 'The call'} must be of type {error.validator_value}, not {value}."
    return f"{place or 'The call'}: {error.message[:300]}."


def _plain(value: JsonValue) -> JsonValue:
    """The value in dicts and lists, which are what the validator knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return cast("JsonValue", value)
