"""What both protocols share: an answer in full, and the pieces of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from mas.core.values import JsonObject, JsonValue, encode_json
from mas.testing.models.request import ModelRequest, ToolOffer, to_tokens
from mas.testing.models.schema import shape, takes
from mas.testing.models.script import Call, Reply, Stop, Tokens

SHORTEST_PIECE = 4
MOST_PIECES = 256
OUTPUT_TOOL = "final_result"
"""What agent frameworks call the tool that takes typed output when it is one tool of several."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A reply, as it is said to one request."""

    number: int
    """Number of the request on this server, from 1; ids are made of it."""
    text: str
    calls: tuple[Call, ...]
    usage: Tokens
    stop: Stop


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One event of a stream."""

    data: bytes
    characters: int = 0
    """How much of the answer's text and arguments it carries."""


class Wire(Protocol):
    """One protocol's way to say an answer or an error."""

    def whole(self, request: ModelRequest, answer: Answer) -> JsonObject:
        """The body of an answer that is not streamed."""
        ...

    def stream(self, request: ModelRequest, answer: Answer) -> Iterator[Piece]:
        """The events of a streamed answer, from the first to the last."""
        ...

    def error(self, status: int, message: str, number: int) -> JsonObject:
        """The body of an error."""
        ...

    def error_piece(self, status: int, message: str, number: int) -> Piece:
        """The event that tells of an error within a stream."""
        ...


def to_answer(request: ModelRequest, reply: Reply, number: int) -> Answer:
    """Say a reply in the way that the request asks for."""
    text, calls = reply.text, reply.calls
    if reply.output is not None:
        taker = _taker(request, reply.output)
        if taker is None:
            text = encode_json(shape(request.output_schema or {}, reply.output)).decode()
        else:
            arguments = shape(taker.schema, reply.output)
            calls = (*calls, Call(name=taker.name, arguments=_object(arguments)))
    said = len(text) + sum(len(one.name) + len(to_arguments(one)) for one in calls)
    usage = reply.usage or Tokens(input=request.input_tokens, output=to_tokens(said))
    stop = reply.stop or ("calls" if calls else "end")
    return Answer(number=number, text=text, calls=calls, usage=usage, stop=stop)


def misfit(request: ModelRequest) -> Reply:
    """A reply that no schema of the request is made for."""
    wrong: JsonObject = {"unexpected": ["this does not fit"]}
    tool = _taker(request, wrong) or next(iter(request.tools), None)
    if tool is None or request.wants_json:
        return Reply(output=wrong)
    return Reply(calls=(Call(name=tool.name, arguments=wrong),))


def to_arguments(call: Call) -> str:
    """A call's arguments as JSON text."""
    return encode_json(call.arguments).decode()


def split(text: str) -> Iterator[str]:
    """Cut a text into the pieces of a stream: small ones, but never very many."""
    size = max(SHORTEST_PIECE, ceil(len(text) / MOST_PIECES))
    for start in range(0, len(text), size):
        yield text[start : start + size]


def sse(data: JsonValue, event: str = "") -> bytes:
    """One server-sent event."""
    name = f"event: {event}\n" if event else ""
    return name.encode() + b"data: " + encode_json(data) + b"\n\n"


def _taker(request: ModelRequest, output: JsonValue) -> ToolOffer | None:
    """The tool that typed output goes to; None when it is to be said as text."""
    if request.wants_json or request.need == "no_tool":
        return None
    if request.forced_tool:
        return request.tool(request.forced_tool)
    made_for_it = [one for one in request.tools if one.name.startswith(OUTPUT_TOOL)]
    candidates = made_for_it or (list(request.tools) if request.need == "some_tool" else [])
    fitting = (one for one in candidates if takes(one.schema, shape(one.schema, output)))
    return next(fitting, candidates[0] if candidates else None)


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, Mapping) else {"value": value}
