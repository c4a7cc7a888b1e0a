"""Two ways to let a model call tools: as its provider does it, or as plain JSON objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from mas.agents.context import data
from mas.agents.schema import strict_schema
from mas.core.models import ModelReply, ModelRequest, Said, ToolCall, ToolOffer
from mas.core.values import JsonObject, JsonValue, encode_json

FINISH: Final = "finish"
"""The call that ends the loop; it is no tool and never reaches the gate."""

_HOW_TO_FINISH = "Call this once, alone, when the stage is done. Its arguments are your answer."


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A reply, understood: the part of the conversation that it is, the calls to make, and the
    answer that ends the loop. `problem`: it could not be understood."""

    said: Said
    calls: tuple[ToolCall, ...] = ()
    final: ToolCall | None = None
    problem: str = ""


class Speaker(Protocol):
    """How requests, replies and results look for one kind of model."""

    streams: bool
    """Whether the text of replies is meant for people, and may be shown as it comes."""

    def request(
        self, instructions: str, parts: tuple[Said, ...], offers: Sequence[ToolOffer], most: int
    ) -> ModelRequest:
        """The next request; `most` is its limit of output tokens."""
        ...

    def hear(self, reply: ModelReply, number: int) -> Heard:
        """Understand the reply to request `number`."""
        ...

    def result(self, call: ToolCall, text: str, *, failed: bool) -> Said:
        """The part that tells the model what came of a call."""
        ...


class ToolSpeaker:
    """Calls as the provider knows them."""

    streams = True

    def __init__(self, final: type[Any]) -> None:
        self._finish = ToolOffer(
            name=FINISH, description=_HOW_TO_FINISH, schema=strict_schema(final)
        )

    def request(
        self, instructions: str, parts: tuple[Said, ...], offers: Sequence[ToolOffer], most: int
    ) -> ModelRequest:
        """See `Speaker.request`."""
        return ModelRequest(
            instructions=instructions,
            conversation=parts,
            tools=(*offers, self._finish),
            max_output_tokens=most,
        )

    def hear(self, reply: ModelReply, number: int) -> Heard:
        """See `Speaker.hear`; gives calls without an id of their own one that is unique."""
        calls: list[ToolCall] = []
        for index, call in enumerate(reply.calls):
            known = {earlier.id for earlier in calls}
            id_ = call.id if call.id and call.id not in known else f"call-{number}-{index}"
            calls.append(msgspec.structs.replace(call, id=id_))
        return Heard(
            said=Said(author="model", text=reply.text, calls=tuple(calls)),
            calls=tuple(call for call in calls if call.tool != FINISH),
            final=next((call for call in calls if call.tool == FINISH), None),
            problem=reply.problem,
        )

    def result(self, call: ToolCall, text: str, *, failed: bool) -> Said:
        """See `Speaker.result`."""
        return Said(author="tool", text=text, answers=call.id, failed=failed)


class JsonSpeaker:
    """One JSON object a reply, for models that cannot call tools:
    `{"action": {"tool": ..., "arguments": {...}}}` or `{"done": {...}}`."""

    streams = False

    def __init__(self, final: type[Any]) -> None:
        self._final = strict_schema(final)

    def request(
        self, instructions: str, parts: tuple[Said, ...], offers: Sequence[ToolOffer], most: int
    ) -> ModelRequest:
        """See `Speaker.request`."""
        tools = "\n".join(
            f"- {offer.name}: {offer.description} Arguments: {encode_json(offer.schema).decode()}"
            for offer in offers
        )
        how = (
            'Answer with one JSON object. To call a tool: {"action": {"tool": "...", "arguments": '
            '{...}}, "done": null}; you are told the result. To finish: {"action": null, "done": '
            "{...}}."
        )
        return ModelRequest(
            instructions=f"{instructions}\n\n{how}\n\n{data('tools', tools or 'none')}",
            conversation=parts,
            output=self._schema(),
            output_name="step",
            max_output_tokens=most,
        )

    def hear(self, reply: ModelReply, number: int) -> Heard:
        """See `Speaker.hear`."""
        if not isinstance(reply.output, Mapping):
            said = Said(author="model", text=reply.text or "(nothing)")
            return Heard(said=said, problem=reply.problem or "It holds no JSON object.")
        said = Said(author="model", text=encode_json(reply.output).decode())
        done, action = reply.output.get("done"), reply.output.get("action")
        if isinstance(action, Mapping) and isinstance(action.get("tool"), str):
            arguments = action.get("arguments") or {}
            if not isinstance(arguments, Mapping):
                return Heard(said=said, problem="`action.arguments` must be an object.")
            call = ToolCall(id=f"call-{number}", tool=str(action["tool"]), arguments=arguments)
            return Heard(said=said, calls=(call,))
        if done is not None:
            fields: JsonObject = done if isinstance(done, Mapping) else {"text": _text(done)}
            call = ToolCall(id=f"call-{number}", tool=FINISH, arguments=fields)
            return Heard(said=said, final=call)
        return Heard(said=said, problem='It holds neither "action" with a "tool" nor "done".')

    def result(self, call: ToolCall, text: str, *, failed: bool) -> Said:
        """See `Speaker.result`."""
        title = f"{'failed call' if failed else 'result'} of {call.tool}"
        return Said(author="user", text=data(title, text), failed=failed)

    def _schema(self) -> JsonObject:
        action: JsonObject = {
            "type": "object",
            "properties": {"tool": {"type": "string"}, "arguments": {"type": "object"}},
            "required": ["tool", "arguments"],
        }
        nothing: JsonObject = {"type": "null"}
        return {
            "type": "object",
            "properties": {
                "action": {"anyOf": [action, nothing]},
                "done": {"anyOf": [self._final, nothing]},
            },
            "required": ["action", "done"],
            "additionalProperties": False,
        }


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
