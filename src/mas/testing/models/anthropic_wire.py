"""Answers in the form of Anthropic Messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mas.core.values import JsonObject, JsonValue
from mas.testing.models.request import ModelRequest
from mas.testing.models.script import Stop, Tokens
from mas.testing.models.wire import Answer, Piece, split, sse, to_arguments

STOPS: Mapping[Stop, str] = {"end": "end_turn", "length": "max_tokens", "calls": "tool_use"}
ERRORS: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class AnthropicWire:
    """Says answers as `POST /v1/messages` does."""

    def whole(self, request: ModelRequest, answer: Answer) -> JsonObject:
        blocks: list[JsonValue] = [{"type": "text", "text": answer.text}] if answer.text else []
        blocks += [
            {**_call_block(answer, place), "input": call.arguments}
            for place, call in enumerate(answer.calls)
        ]
        return {
            **_envelope(request, answer),
            "content": blocks,
            "stop_reason": STOPS[answer.stop],
            "usage": _usage(answer.usage, answer.usage.output),
        }

    def stream(self, request: ModelRequest, answer: Answer) -> Iterator[Piece]:
        started: JsonObject = {
            **_envelope(request, answer),
            "content": [],
            "stop_reason": None,
            "usage": _usage(answer.usage, 1),
        }
        yield _piece("message_start", {"message": started})
        index = 0
        if answer.text:
            yield from _block(
                index, {"type": "text", "text": ""}, "text_delta", "text", answer.text
            )
            index += 1
        for place, call in enumerate(answer.calls):
            yield from _block(
                index,
                {**_call_block(answer, place), "input": {}},
                "input_json_delta",
                "partial_json",
                to_arguments(call),
            )
            index += 1
        delta: JsonObject = {"stop_reason": STOPS[answer.stop], "stop_sequence": None}
        usage = _usage(answer.usage, answer.usage.output)
        yield _piece("message_delta", {"delta": delta, "usage": usage})
        yield _piece("message_stop", {})

    def error(self, status: int, message: str, number: int) -> JsonObject:
        kind = ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return {
            "type": "error",
            "error": {"type": kind, "message": message},
            "request_id": f"req_{number:06}",
        }

    def error_piece(self, status: int, message: str, number: int) -> Piece:
        return Piece(data=sse(self.error(status, message, number), "error"))


def _block(index: int, opening: JsonObject, delta: str, key: str, content: str) -> Iterator[Piece]:
    yield _piece("content_block_start", {"index": index, "content_block": opening})
    if index == 0:
        yield _piece("ping", {})
    for part in split(content):
        data: JsonObject = {"index": index, "delta": {"type": delta, key: part}}
        yield _piece("content_block_delta", data, len(part))
    yield _piece("content_block_stop", {"index": index})


def _piece(kind: str, data: JsonObject, characters: int = 0) -> Piece:
    return Piece(data=sse({"type": kind, **data}, kind), characters=characters)


def _envelope(request: ModelRequest, answer: Answer) -> JsonObject:
    return {
        "id": f"msg_{answer.number:06}",
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "stop_sequence": None,
    }


def _call_block(answer: Answer, place: int) -> JsonObject:
    name = answer.calls[place].name
    return {"type": "tool_use", "id": f"toolu_{answer.number:06}_{place}", "name": name}


def _usage(tokens: Tokens, output: int) -> JsonObject:
    return {
        "input_tokens": tokens.input,
        "output_tokens": output,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
    }
