"""Arguments taken out of a call; they have been checked against the tool's schema."""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.values import JsonValue

Arguments = Mapping[str, JsonValue]


def text_of(arguments: Arguments, name: str, default: str = "") -> str:
    """A text, or the default where it is not given."""
    value = arguments.get(name)
    return value if isinstance(value, str) else default


def number_of(arguments: Arguments, name: str, default: int) -> int:
    """A whole number, or the default where it is not given."""
    value = arguments.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def switch_of(arguments: Arguments, name: str) -> bool:
    """True or false; false where it is not given."""
    return arguments.get(name) is True


def texts_of(arguments: Arguments, name: str) -> tuple[str, ...]:
    """A list of texts; empty where it is not given."""
    value = arguments.get(name)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in value if isinstance(item, str))
