"""Requests and replies of `core.models` as messages of the library, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.messages import ModelRequest as RequestMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

from mas.adapters.models.json_text import read_exactly, read_object
from mas.adapters.models.settings import Typed
from mas.core.models import ModelRequest, Said, StopKind, ToolCall
from mas.core.values import JsonObject, JsonValue, encode_json

_GO_ON = "Go on."
"""Said to a model where nobody has said anything after it."""
_NAME = re.compile(r"[^a-zA-Z0-9_-]+")
_NAME_LENGTH = 64
_ASKED = """
Answer with one JSON object that fits this JSON schema, and with nothing else:

{schema}
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered, without what it has used."""

    text: str
    calls: tuple[ToolCall, ...]
    output: JsonValue
    problem: str
    stop: StopKind


def to_messages(request: ModelRequest) -> list[ModelMessage]:
    """The conversation; parts of one side that follow each other are one message."""
    tools = {call.id: call.tool for said in request.conversation for call in said.calls}
    messages: list[ModelMessage] = []
    for is_model, parts in groupby(request.conversation, lambda said: said.author == "model"):
        if is_model:
            spoken = [part for said in parts for part in _spoken(said)]
            messages += [ModelResponse(parts=spoken)] if spoken else []
        else:
            messages.append(RequestMessage(parts=[_heard(said, tools) for said in parts]))
    if not messages or isinstance(messages[-1], ModelResponse):
        messages.append(RequestMessage(parts=[UserPromptPart(_GO_ON)]))
    return messages


def _spoken(said: Said) -> Iterator[ModelResponsePart]:
    # Providers refuse a text of nothing but white space.
    if said.text.strip():
        yield TextPart(_sendable(said.text))
    for call in said.calls:
        yield ToolCallPart(call.tool, dict(call.arguments), tool_call_id=call.id)


def _heard(said: Said, tools: dict[str, str]) -> ModelRequestPart:
    text = _sendable(said.text) if said.text.strip() else "(nothing)"
    if said.author != "tool":
        return UserPromptPart(text)
    return ToolReturnPart(
        tools.get(said.answers, "tool"),
        text,
        tool_call_id=said.answers,
        outcome="failed" if said.failed else "success",
    )


def to_parameters(request: ModelRequest, typed: Typed) -> ModelRequestParameters:
    """Instructions, tools and the wanted output, asked for in this way."""
    tools = [_to_tool(offer.name, offer.description, offer.schema) for offer in request.tools]
    instructions = _sendable(request.instructions)
    if request.output is None:
        return ModelRequestParameters(
            function_tools=tools, instruction_parts=_instructions(instructions)
        )
    name = output_name(request)
    if typed == "native":
        return ModelRequestParameters(
            function_tools=tools,
            output_mode="native",
            output_object=OutputObjectDefinition(json_schema=_schema(request.output), name=name),
            instruction_parts=_instructions(instructions),
        )
    if typed == "tool":
        wanted = _to_tool(name, "Give the answer.", request.output)
        wanted.kind = "output"
        return ModelRequestParameters(
            function_tools=tools,
            output_mode="tool",
            output_tools=[wanted],
            allow_text_output=False,
            instruction_parts=_instructions(instructions),
        )
    asked = _ASKED.format(schema=encode_json(request.output).decode())
    return ModelRequestParameters(
        function_tools=tools, instruction_parts=_instructions(instructions + asked)
    )


def output_name(request: ModelRequest) -> str:
    """The name of the wanted output, in the characters that every provider takes."""
    return _NAME.sub("_", request.output_name)[:_NAME_LENGTH] or "answer"


def _to_tool(name: str, description: str, schema: JsonObject) -> ToolDefinition:
    return ToolDefinition(
        name=name,
        description=_sendable(description),
        parameters_json_schema=_schema(schema),
    )


def _schema(schema: JsonObject) -> dict[str, Any]:
    """A copy, which the library may change, of plain dictionaries and lists."""
    copied = cast("dict[str, Any]", _plain(schema))
    copied.setdefault("type", "object")
    copied.setdefault("properties", {})
    return copied


def _plain(value: JsonValue) -> Any:
    if isinstance(value, str) or value is None:
        return value
    if hasattr(value, "items"):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, Sequence) else value


def _instructions(text: str) -> list[InstructionPart]:
    return [InstructionPart(content=text)] if text.strip() else []


def to_answer(response: ModelResponse, request: ModelRequest) -> Answer:
    """Read a response.

    Raises:
        ValueError: The arguments of a call are no JSON object.
    """
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    made = [part for part in response.parts if isinstance(part, ToolCallPart)]
    name = output_name(request) if request.output is not None else None
    offered = {tool.name for tool in request.tools}
    given = [part for part in made if part.tool_name == name and name not in offered]
    calls = tuple(_to_call(part) for part in made if part not in given)
    output, problem = None, ""
    if given:
        text = _arguments(given[0])
    if request.output is not None and (given or not calls):
        output, problem = read_object(text)
    return Answer(
        text=_sendable(text),
        calls=calls,
        output=output,
        problem=problem,
        stop=_stop(response, calls),
    )


def _to_call(part: ToolCallPart) -> ToolCall:
    # To the letter: what may be written or deleted is not guessed out of half an object.
    arguments, problem = read_exactly(_arguments(part))
    if problem:
        raise ValueError(f"The arguments of {part.tool_name} cannot be read: {problem}")
    return ToolCall(
        id=part.tool_call_id, tool=part.tool_name, arguments=cast("JsonObject", arguments)
    )


def _arguments(part: ToolCallPart) -> str:
    """The arguments of a call as JSON text, as they came; no text is an empty object."""
    if isinstance(part.args, str):
        return part.args if part.args.strip() else "{}"
    return json.dumps(part.args or {}, ensure_ascii=False)


def _stop(response: ModelResponse, calls: Iterable[ToolCall]) -> StopKind:
    if response.finish_reason == "length":
        return "length"
    if response.finish_reason == "content_filter":
        return "refused"
    return "calls" if calls else "end"


def _sendable(text: str) -> str:
    """Text without halves of characters, which no provider and no store takes."""
    return text.encode("utf-8", "replace").decode()
