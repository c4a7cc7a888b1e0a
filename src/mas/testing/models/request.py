"""What a model is asked, in words that are the same for both protocols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from mas.core.values import JsonObject, JsonValue, encode_json

Protocol = Literal["anthropic", "openai"]
Need = Literal["free", "some_tool", "no_tool"]
CHARACTERS_PER_TOKEN = 4


class BadRequest(Exception):
    """What was sent is no request of this protocol; the text goes back to the client."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn of the conversation. `role` is `user`, `assistant` or `tool`."""

    role: str
    text: str
    calls: tuple[str, ...] = ()
    """Names of the tools that an assistant's turn called."""


@dataclass(frozen=True, kw_only=True)
class ToolOffer:
    """A tool that the model may call."""

    name: str
    description: str
    schema: JsonObject


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """One question to the model, as a script's function and rules see it."""

    protocol: Protocol
    model: str
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolOffer, ...] = ()
    forced_tool: str = ""
    """The tool that has to be called; empty when none is forced."""
    need: Need = "free"
    """Whether the model has to call some tool, or must not call any."""
    wants_json: bool = False
    """Whether the text of the answer has to be JSON (`json_schema` or `json_object`)."""
    output_schema: JsonObject | None = None
    streaming: bool = False
    counts_streamed_usage: bool = False
    """Whether a stream is to end with the number of tokens."""
    max_tokens: int | None = None
    body: JsonObject = field(repr=False)
    """All that was sent, decoded."""

    @property
    def text(self) -> str:
        """System prompt and all turns, one below the other."""
        turns = (one.text for one in self.messages)
        return "\n".join([*filter(None, [self.system]), *turns])

    @property
    def last(self) -> Message:
        """The turn that is to be answered."""
        return self.messages[-1]

    @property
    def input_tokens(self) -> int:
        """About as many tokens as a provider would count: a quarter of all characters."""
        tools = (encode_json(one) for one in self.tools)
        return to_tokens(len(self.text) + sum(map(len, tools)))

    def tool(self, name: str) -> ToolOffer | None:
        """The offered tool of this name."""
        return next((one for one in self.tools if one.name == name), None)


def to_tokens(characters: int) -> int:
    """Number of tokens of so many characters; at least one."""
    return max(1, round(characters / CHARACTERS_PER_TOKEN))


def read_anthropic(body: JsonObject) -> ModelRequest:
    """Read a body of `POST /v1/messages` or `/v1/messages/count_tokens`.

    Raises:
        BadRequest: A field that the protocol requires is missing or of the wrong kind.
    """
    choice = _object(body.get("tool_choice"))
    # `output_format` is what `output_config.format` was called while it was in beta.
    output = _object(_object(body.get("output_config")).get("format")) or _object(
        body.get("output_format")
    )
    kind = choice.get("type")
    turns = _messages(body)
    # Instructions may also stand among the turns; what is to be answered is the last real one.
    told = (_text(one.get("content")) for one in turns if one["role"] == "system")
    said = tuple(_anthropic_message(one) for one in turns if one["role"] != "system")
    if not said:
        raise BadRequest("messages: at least one message of the role user is required")
    return ModelRequest(
        protocol="anthropic",
        model=_string(body, "model"),
        system="\n".join(filter(None, [_text(body.get("system")), *told])),
        messages=said,
        tools=tuple(
            ToolOffer(
                name=str(one.get("name", "")),
                description=str(one.get("description", "")),
                schema=_object(one.get("input_schema")),
            )
            for one in map(_object, _list(body.get("tools")))
        ),
        forced_tool=str(choice.get("name", "")) if kind == "tool" else "",
        need="some_tool" if kind in ("tool", "any") else "no_tool" if kind == "none" else "free",
        wants_json=output.get("type") == "json_schema",
        output_schema=_object(output.get("schema")) or None,
        streaming=body.get("stream") is True,
        counts_streamed_usage=True,
        max_tokens=_number(body.get("max_tokens")),
        body=body,
    )


def read_openai(body: JsonObject) -> ModelRequest:
    """Read a body of `POST /v1/chat/completions`.

    Raises:
        BadRequest: A field that the protocol requires is missing or of the wrong kind.
    """
    turns = _messages(body)
    instructing = ("system", "developer")
    output = _object(body.get("response_format"))
    names, need = _openai_choice(body.get("tool_choice"))
    offered = tuple(
        ToolOffer(
            name=str(one.get("name", "")),
            description=str(one.get("description", "")),
            schema=_object(one.get("parameters")),
        )
        for one in (_object(_object(tool).get("function")) for tool in _list(body.get("tools")))
    )
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return ModelRequest(
        protocol="openai",
        model=_string(body, "model"),
        system="\n".join(_text(one.get("content")) for one in turns if one["role"] in instructing),
        messages=tuple(_openai_message(one) for one in turns if one["role"] not in instructing),
        tools=tuple(one for one in offered if not names or one.name in names),
        forced_tool=names[0] if len(names) == 1 and need == "some_tool" else "",
        need=need,
        wants_json=output.get("type") in ("json_schema", "json_object"),
        output_schema=_object(_object(output.get("json_schema")).get("schema")) or None,
        streaming=body.get("stream") is True,
        counts_streamed_usage=_object(body.get("stream_options")).get("include_usage") is True,
        max_tokens=_number(limit),
        body=body,
    )


def _openai_choice(choice: JsonValue) -> tuple[tuple[str, ...], Need]:
    """Tools that may be called (none named: all), and whether one has to be."""
    words: dict[JsonValue, Need] = {"required": "some_tool", "none": "no_tool"}
    if not isinstance(choice, Mapping):
        return (), words.get(cast(str | None, choice), "free")
    if choice.get("type") == "function":
        return (str(_object(choice.get("function")).get("name", "")),), "some_tool"
    allowed = _object(choice.get("allowed_tools"))
    tools = map(_object, _list(allowed.get("tools")))
    names = tuple(str(_object(one.get("function")).get("name", "")) for one in tools)
    return names, "some_tool" if allowed.get("mode") == "required" else "free"


def _anthropic_message(message: JsonObject) -> Message:
    blocks = [] if isinstance(message.get("content"), str) else _list(message.get("content"))
    kinds = [_object(one).get("type") for one in blocks]
    calls = [_object(one) for one in blocks if _object(one).get("type") == "tool_use"]
    said = _text(message.get("content"))
    return Message(
        role="tool" if "tool_result" in kinds else str(message["role"]),
        text="\n".join([said, *(_arguments(one.get("input")) for one in calls)]).strip(),
        calls=tuple(str(one.get("name", "")) for one in calls),
    )


def _openai_message(message: JsonObject) -> Message:
    functions = [_object(_object(one).get("function")) for one in _list(message.get("tool_calls"))]
    said = _text(message.get("content"))
    return Message(
        role=str(message["role"]),
        text="\n".join([said, *(str(one.get("arguments", "")) for one in functions)]).strip(),
        calls=tuple(str(one.get("name", "")) for one in functions),
    )


def _messages(body: JsonObject) -> list[JsonObject]:
    messages = [_object(one) for one in _list(body.get("messages"))]
    if not messages:
        raise BadRequest("messages: at least one message is required")
    for place, one in enumerate(messages):
        if not isinstance(one.get("role"), str):
            raise BadRequest(f"messages.{place}.role: a string is required")
    return messages


def _text(content: JsonValue) -> str:
    """All text of a content that is a string or blocks, which may hold blocks themselves."""
    return "\n".join(_texts(content))


def _texts(content: JsonValue) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    for block in map(_object, _list(content)):
        for key in ("text", "content", "thinking"):
            yield from _texts(block.get(key))


def _arguments(value: JsonValue) -> str:
    return encode_json(value).decode()


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _string(body: JsonObject, key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{key}: a string is required")
    return value


def _number(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
