"""Kept exchanges as a script, so that a run's model can be played again without one.

    python -m mas.adapters.models.gateway.replay FOLDER > script.json
    python -m mas.testing.models script.json

The script answers in the order in which the calls were begun: texts, tool calls, counted tokens
and failures as they were. What a model thought to itself is left out, and so are answers that were
not kept whole.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from mas.adapters.models.gateway.events import EventCutter, object_of
from mas.adapters.models.gateway.keeping import KeptExchange, read_exchanges
from mas.core.errors import UserError
from mas.core.values import JsonObject, JsonValue, encode_json

_STOPS: Final = {
    "end_turn": "end",
    "stop": "end",
    "completed": "end",
    "max_tokens": "length",
    "length": "length",
    "incomplete": "length",
    "tool_use": "calls",
    "tool_calls": "calls",
}


def to_script(exchanges: Sequence[KeptExchange]) -> JsonObject:
    """A script in the format of `mas.testing.models.script_file`; encode it as JSON."""
    return {"steps": [_step(one) for one in exchanges if not one.answer_cut]}


def read_script(folder: Path) -> JsonObject:
    """The script of all exchanges in a folder.

    Raises:
        UserError: The folder cannot be read, or holds a file that is no exchange
            (`exchanges_unreadable`).
    """
    try:
        return to_script(read_exchanges(folder))
    except (OSError, msgspec.MsgspecError) as exc:
        raise UserError(
            f"The exchanges in {folder} cannot be read: {exc}.",
            hint="Name the folder of exchanges of one agent.",
            code="exchanges_unreadable",
        ) from exc


def main(words: Sequence[str]) -> int:
    """Print the script of a folder; 2 where that cannot be done."""
    if len(words) != 1:
        print("usage: python -m mas.adapters.models.gateway.replay FOLDER", file=sys.stderr)
        return 2
    try:
        script = read_script(Path(words[0]))
    except UserError as exc:
        print(exc, file=sys.stderr)
        return 2
    print(encode_json(script).decode())
    return 0


def _step(kept: KeptExchange) -> JsonObject:
    if kept.status == 0:
        return {"fault": {"kind": "close"}}
    if kept.status >= 400:
        return {"fault": _fault(kept)}
    said = _Said()
    if kept.streams:
        for event in _events(kept.answer):
            said.event(event)
    else:
        said.whole(_object(kept.answer))
    reply = said.reply(kept)
    if kept.complete or said.ended:
        return {"reply": reply}
    # The agent heard the beginning of it, and then nothing more.
    characters = len(said.text) + sum(len(call[1]) for call in said.calls.values())
    whole = {**reply, "text": said.text + " "}
    return {"fault": {"kind": "cut", "reply": whole, "after_chars": characters}}


def _fault(kept: KeptExchange) -> JsonObject:
    fault: dict[str, JsonValue] = {"kind": "status", "status": min(kept.status, 599)}
    body = _object(kept.answer)
    error = body.get("error")
    message = error.get("message") if isinstance(error, Mapping) else None
    if isinstance(message, str):
        fault["message"] = message
    after = kept.headers.get("retry-after", "")
    if after.isdigit():
        fault["retry_after_seconds"] = int(after)
    return fault


class _Said:
    """What a model has said, put together from an answer of any of the protocols."""

    def __init__(self) -> None:
        self.text = ""
        self.calls: dict[object, tuple[str, str]] = {}
        """Name and arguments as text, by their place."""
        self.stop = ""
        self.ended = False

    def event(self, event: Mapping[str, Any]) -> None:
        """Take in one event of a stream."""
        kind = event.get("type")
        if kind == "content_block_start":
            block = event.get("content_block") or {}
            self.text += str(block.get("text") or "")
            if block.get("type") == "tool_use":
                self._call(event.get("index"), name=str(block.get("name", "")))
        elif kind in ("content_block_delta", "message_delta"):
            delta = event.get("delta") or {}
            self.text += str(delta.get("text") or "")
            if "partial_json" in delta:
                self._call(event.get("index"), more=str(delta["partial_json"]))
            self.stop = str(delta.get("stop_reason") or self.stop)
        elif kind in ("response.completed", "response.incomplete"):
            self.whole(event.get("response") or {})
            self.ended = True
        for choice in event.get("choices") or []:
            self._choice(choice, choice.get("delta") or {})
        self.ended |= kind == "message_stop"

    def whole(self, body: Mapping[str, Any]) -> None:
        """Take in an answer that is no stream, or the one that a stream ends with."""
        self.stop = str(body.get("stop_reason") or body.get("status") or "")
        for place, block in enumerate(body.get("content") or []):
            self.text += str(block.get("text") or "")
            if block.get("type") == "tool_use":
                name, given = str(block.get("name", "")), block.get("input") or {}
                self._call(place, name=name, more=encode_json(given).decode())
        for place, item in enumerate(body.get("output") or []):
            for part in item.get("content") or []:
                self.text += str(part.get("text") or "")
            if item.get("type") == "function_call":
                name = str(item.get("name", ""))
                self._call(place, name=name, more=str(item.get("arguments", "")))
        for choice in body.get("choices") or []:
            self._choice(choice, choice.get("message") or {})

    def reply(self, kept: KeptExchange) -> JsonObject:
        """It as a reply of a script."""
        used = kept.exchange
        cached = used.cache_read_tokens + used.cache_write_tokens
        reply: dict[str, JsonValue] = {
            "text": self.text,
            "calls": [
                {"name": name, "arguments": _object(given)} for name, given in self.calls.values()
            ],
            "usage": {
                "input": max(used.input_tokens - cached, 0),
                "output": used.output_tokens,
                "cache_read": used.cache_read_tokens,
                "cache_write": used.cache_write_tokens,
            },
        }
        # Where it called tools, `calls` is what a script says by itself.
        if self.stop in _STOPS and not self.calls:
            reply["stop"] = _STOPS[self.stop]
        return reply

    def _choice(self, choice: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        if choice.get("index", 0) != 0:
            return
        self.text += str(said.get("content") or "")
        for number, call in enumerate(said.get("tool_calls") or []):
            function = call.get("function") or {}
            self._call(
                call.get("index", number),
                name=str(function.get("name") or ""),
                more=str(function.get("arguments") or ""),
            )
        self.stop = str(choice.get("finish_reason") or self.stop)

    def _call(self, place: object, *, name: str = "", more: str = "") -> None:
        before, given = self.calls.get(place, ("", ""))
        self.calls[place] = (before + name, given + more)


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    for event in EventCutter().feed(text.encode("utf-8", "replace")):
        value = object_of(event)
        if value is not None:
            yield value


def _object(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return {}
    return value if isinstance(value, dict) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
