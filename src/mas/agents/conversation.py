"""A conversation with a model that stays short: old results give way to a line (D10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from mas.agents.context import estimate_tokens, first_line
from mas.core.calls import ToolOutput
from mas.core.models import Said, ToolCall
from mas.core.values import JsonValue, encode_json

ABOVE = 12_000
"""Tokens from which on a conversation is made shorter."""

DOWN_TO = 7_000
"""Tokens that it is then brought down to, so that the next shortening is some calls away and the
provider's cache holds until then."""

_LATEST = 6
"""Parts at the end that are never shortened."""

_ARGUMENT = 400
"""Characters of a text argument that an old call keeps."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One part of a conversation and what it is replaced by once it is old; None: by nothing."""

    said: Said
    short: Said | None = None


class Conversation:
    """What was said so far, as the next request shows it."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []

    def add(self, said: Said, *, short: Said | None = None) -> None:
        """Add a part; `short` takes its place when the conversation grows long."""
        self._turns.append(Turn(said=said, short=short))

    @property
    def tokens(self) -> int:
        """About the size of the conversation."""
        return sum(_tokens(turn.said) for turn in self._turns)

    def parts(self) -> tuple[Said, ...]:
        """The parts for the next request; shortens the oldest first where it is too long."""
        size = self.tokens
        if size > ABOVE:
            for index, turn in enumerate(self._turns[:-_LATEST]):
                if size <= DOWN_TO:
                    break
                if turn.short is not None:
                    size += _tokens(turn.short) - _tokens(turn.said)
                    self._turns[index] = Turn(said=turn.short)
        return tuple(turn.said for turn in self._turns)


def short_output(output: ToolOutput) -> str:
    """What an old result is replaced by: its first line, and where the rest is."""
    line = first_line(output.text, 160)
    if output.output_id:
        return f"{line}\n... left out here; the whole output is kept as {output.output_id}"
    if line == output.text.strip():
        return line
    return f"{line}\n... {len(output.text):,} characters left out here; call again if needed"


def short_said(said: Said) -> Said:
    """What an old part of the model is replaced by: calls with their long arguments cut."""
    calls = tuple(_short_call(call) for call in said.calls)
    return msgspec.structs.replace(said, calls=calls)


def _short_call(call: ToolCall) -> ToolCall:
    arguments = {name: _short_value(value) for name, value in call.arguments.items()}
    return msgspec.structs.replace(call, arguments=arguments)


def _short_value(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > _ARGUMENT:
        return f"{value[:_ARGUMENT]}... {len(value):,} characters in all"
    if isinstance(value, Mapping):
        return {name: _short_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_short_value(inner) for inner in value]
    return value


def _tokens(said: Said) -> int:
    calls = sum(
        estimate_tokens(encode_json(call.arguments).decode(errors="replace")) + 10
        for call in said.calls
    )
    return estimate_tokens(said.text) + calls + 4
