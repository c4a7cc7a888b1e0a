"""Short forms of the JSON schemas that built-in tools use."""

from __future__ import annotations

from mas.core.values import JsonObject


def arguments(properties: JsonObject, *, needed: tuple[str, ...] = ()) -> JsonObject:
    """The schema of a call's arguments: nothing but these."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }


def text(description: str, *, least: int = 0) -> JsonObject:
    """A text of at least so many characters."""
    return {"type": "string", "description": description, "minLength": least}


def number(description: str, *, least: int = 1, most: int = 1_000_000_000) -> JsonObject:
    """A whole number within bounds."""
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def switch(description: str) -> JsonObject:
    """True or false."""
    return {"type": "boolean", "description": description}


def texts(description: str, *, least: int = 0) -> JsonObject:
    """A list of texts."""
    return {
        "type": "array",
        "items": {"type": "string"},
        "description": description,
        "minItems": least,
    }
