"""Answers in the form of OpenAI Chat Completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mas.core.values import JsonObject, JsonValue
from mas.testing.models.request import ModelRequest
from mas.testing.models.script import Stop, Tokens
from mas.testing.models.wire import Answer, Piece, split, sse, to_arguments

CREATED = 1_767_225_600
"""Seconds since the epoch; always the same, so that answers can be compared."""
STOPS: Mapping[Stop, str] = {"end": "stop", "length": "length", "calls": "tool_calls"}
ERRORS: Mapping[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}


class OpenAiWire:
    """Says answers as `POST /v1/chat/completions` does."""

    def whole(self, request: ModelRequest, answer: Answer) -> JsonObject:
        calls: list[JsonValue] = [
            {
                "id": _call_id(answer, place),
                "type": "function",
                "function": {"name": call.name, "arguments": to_arguments(call)},
            }
            for place, call in enumerate(answer.calls)
        ]
        message: JsonObject = {
            "role": "assistant",
            "content": answer.text or (None if calls else ""),
            "refusal": None,
            **({"tool_calls": calls} if calls else {}),
        }
        choice: JsonObject = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": STOPS[answer.stop],
        }
        return {
            **_envelope(request, answer, "chat.completion"),
            "choices": [choice],
            "usage": _usage(answer.usage),
        }

    def stream(self, request: ModelRequest, answer: Answer) -> Iterator[Piece]:
        envelope = _envelope(request, answer, "chat.completion.chunk")
        if request.counts_streamed_usage:
            envelope = {**envelope, "usage": None}
        yield _chunk(envelope, {"role": "assistant", "content": ""})
        for part in split(answer.text):
            yield _chunk(envelope, {"content": part}, len(part))
        for place, call in enumerate(answer.calls):
            named: JsonObject = {
                "index": place,
                "id": _call_id(answer, place),
                "type": "function",
                "function": {"name": call.name, "arguments": ""},
            }
            yield _chunk(envelope, {"tool_calls": [named]})
            for part in split(to_arguments(call)):
                more: JsonObject = {"index": place, "function": {"arguments": part}}
                yield _chunk(envelope, {"tool_calls": [more]}, len(part))
        yield _chunk(envelope, {}, finish=STOPS[answer.stop])
        if request.counts_streamed_usage:
            yield Piece(data=sse({**envelope, "choices": [], "usage": _usage(answer.usage)}))
        yield Piece(data=b"data: [DONE]\n\n")

    def error(self, status: int, message: str, number: int) -> JsonObject:  # noqa: ARG002 - no ids here
        fallback = "server_error" if status >= 500 else "invalid_request_error"
        kind, code = ERRORS.get(status, (fallback, None))
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def error_piece(self, status: int, message: str, number: int) -> Piece:
        return Piece(data=sse(self.error(status, message, number)))


def _chunk(
    envelope: JsonObject, delta: JsonObject, characters: int = 0, *, finish: str | None = None
) -> Piece:
    choice: JsonObject = {
        "index": 0,
        "delta": delta,
        "logprobs": None,
        "finish_reason": finish,
    }
    return Piece(data=sse({**envelope, "choices": [choice]}), characters=characters)


def _envelope(request: ModelRequest, answer: Answer, kind: str) -> JsonObject:
    return {
        "id": f"chatcmpl-{answer.number:06}",
        "object": kind,
        "created": CREATED,
        "model": request.model,
    }


def _call_id(answer: Answer, place: int) -> str:
    return f"call_{answer.number:06}_{place}"


def _usage(tokens: Tokens) -> JsonObject:
    # Here the prompt's tokens include those of the cache.
    prompt = tokens.input + tokens.cache_read + tokens.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens.output,
        "total_tokens": prompt + tokens.output,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
        },
    }
