"""What an agent asks a model, read as far as the gateway has to: the rest stays as it came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from mas.adapters.models.estimate import tokens_of
from mas.adapters.models.gateway.wires import Kind
from mas.core.values import JsonObject, JsonValue

_OUTPUT_TOKENS: Final = 32_000
"""Promised where a request names no limit of its own."""
_LIMITS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "messages": ("max_tokens",),
    "chat": ("max_completion_tokens", "max_tokens"),
    "responses": ("max_output_tokens",),
    "count": (),
}
_IMAGE_TOKENS: Final = 5_000
"""More than any provider counts for one image, whatever its size in bytes."""
_FRAME: Final = 100
_TOOL_FRAME: Final = 700
"""What providers say to a model by themselves as soon as it has tools."""
_DEEPEST: Final = 200
"""Levels of arrays and objects; schemas of tools are the deepest that agents send."""
_MOST_ANSWERS: Final = 128
_MOST_TOKENS: Final = 100_000_000

_OWN_TOOLS: Final = (
    *("bash", "text_editor", "computer", "memory", "advisor", "tool_search"),
    *("custom", "function", "local_shell", "shell", "apply_patch"),
)
"""Beginnings of the kinds of tools that an agent runs itself. All others are the provider's."""
_REMOTE: Final = ("mcp_servers", "container", "web_search_options")
"""Fields that make the provider reach or run something."""


class BadRequest(Exception):
    """The text is told to the agent."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request to a model, ready to be sent on."""

    body: bytes
    """With the admitted model's name, and else as it came but for white space between fields."""
    value: JsonObject
    """What came, decoded."""
    streams: bool
    input_tokens: int
    """Estimated, on the high side."""
    output_tokens: int
    """The most that is asked for."""
    adds_usage: bool = False
    """A stream is asked for its number of tokens, which the agent did not ask for."""


def read_asked(kind: Kind, data: bytes, *, model: str, provider_tools: bool) -> Asked:
    """Read the body of a request.

    Raises:
        BadRequest: It is no JSON object, or asks for what cannot be metered or is not permitted.
    """
    try:
        # Twice: the fields as they were written, to send them on; and what they say.
        fields = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        value: JsonObject = msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BadRequest("The body of the request is no JSON object.") from exc
    if value.get("background"):
        raise BadRequest("Answers in the background are not offered: they cannot be metered.")
    remote = None if provider_tools else _provider_tool(value)
    if remote is not None:
        raise BadRequest(f"{remote[:80]} runs at the provider, which is not permitted here.")
    fields["model"] = msgspec.Raw(msgspec.json.encode(model))
    streams = value.get("stream") is True
    options = value.get("stream_options")
    adds_usage = kind == "chat" and streams and not _counts(options)
    if adds_usage:
        given = dict(options) if isinstance(options, Mapping) else {}
        told = msgspec.json.encode({**given, "include_usage": True})
        fields["stream_options"] = msgspec.Raw(told)
    return Asked(
        body=msgspec.json.encode(fields),
        value=value,
        streams=streams,
        input_tokens=_most_input(value),
        output_tokens=_most_output(kind, value),
        adds_usage=adds_usage,
    )


def _counts(options: JsonValue) -> bool:
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _provider_tool(value: JsonObject) -> str | None:
    """The first thing that the provider would run."""
    for name in _REMOTE:
        if value.get(name):
            return name
    tools = value.get("tools")
    for tool in tools if isinstance(tools, list) else []:
        kind = tool.get("type") if isinstance(tool, Mapping) else None
        if isinstance(kind, str) and not kind.startswith(_OWN_TOOLS):
            return kind
    return None


def _most_output(kind: Kind, value: JsonObject) -> int:
    limit = next(
        (found for name in _LIMITS[kind] if (found := _count(value.get(name))) is not None),
        _OUTPUT_TOKENS,
    )
    answers = _count(value.get("n")) or 1
    return min(limit * min(answers, _MOST_ANSWERS), _MOST_TOKENS)


def _count(value: JsonValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, _MOST_TOKENS)


def _most_input(value: JsonObject) -> int:
    frame = _FRAME + (_TOOL_FRAME if value.get("tools") else 0)
    return frame + sum(_tokens(value))


def _tokens(root: JsonValue) -> Iterator[int]:
    """Tokens of all names, texts and numbers; an image counts as one, not by its letters."""
    waiting = [(root, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST:
            raise BadRequest("The body of the request is nested too deeply.")
        if isinstance(value, str):
            yield _IMAGE_TOKENS if value.startswith("data:image/") else tokens_of(value)
        elif isinstance(value, Mapping):
            if _is_image(value):
                yield _IMAGE_TOKENS
                continue
            for name, inner in value.items():
                yield tokens_of(name)
                waiting.append((inner, depth + 1))
        elif isinstance(value, list):
            waiting.extend((inner, depth + 1) for inner in value)
        else:
            yield 1


def _is_image(value: JsonObject) -> bool:
    return value.get("type") == "base64" and str(value.get("media_type")).startswith("image/")
