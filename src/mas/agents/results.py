"""What a task gives to those that depend on it, and how they are shown it (A2)."""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.values import JsonValue, encode_json

_LIMIT = 8_000


def text_of_result(result: JsonValue) -> str:
    """A task's result as text for a model: the output of an agent, any other value as JSON."""
    output = result.get("output") if isinstance(result, Mapping) else None
    text = output if isinstance(output, str) else encode_json(result).decode()
    if len(text) > _LIMIT:
        return f"{text[:_LIMIT]}\n... cut: {_LIMIT:,} of {len(text):,} characters shown"
    return text
