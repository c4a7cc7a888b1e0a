"""A model made of a function: every port of the models, without any network; public."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import count

import msgspec

from mas.core.models import ModelReply, ModelRequest, StopKind, ToolCall
from mas.core.usage import Usage
from mas.core.values import JsonObject, JsonValue, encode_json

Reply = ModelReply | JsonObject | str | Exception
"""What a function may answer with: a whole reply, a typed output, a text, or an error to raise."""


class FunctionModel:
    """A `mas.core.models.Model` that asks a function. `requests` are those it was asked."""

    def __init__(
        self, function: Callable[[ModelRequest], Reply], *, name: str = "test:function"
    ) -> None:
        self._function = function
        self._name = name
        self.requests: list[ModelRequest] = []

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self._name

    @property
    def calls_tools(self) -> bool:
        """See `Model.calls_tools`."""
        return True

    def most(self, request: ModelRequest) -> Usage:
        """See `Model.most`."""
        return Usage(input_tokens=_tokens(request), output_tokens=request.max_output_tokens)

    async def ask(
        self, request: ModelRequest, *, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """See `Model.ask`; the tokens are counted roughly."""
        self.requests.append(request)
        reply = to_reply(self._function(request), model=self._name)
        if on_text is not None and reply.text:
            on_text(reply.text)
        return msgspec.structs.replace(
            reply,
            input_tokens=reply.input_tokens or _tokens(request),
            output_tokens=reply.output_tokens or len(reply.text) // 4 + 1,
        )


def scripted(replies: Iterable[Reply], *, name: str = "test:script") -> FunctionModel:
    """A model that gives these replies in turn; one call more is an error of the test."""
    left = iter(replies)

    def function(request: ModelRequest) -> Reply:
        try:
            return next(left)
        except StopIteration:
            last = request.conversation[-1].text[:200]
            raise AssertionError(f"the script has ended; the model was asked: {last}") from None

    return FunctionModel(function, name=name)


_NUMBERS = count(1)


def calling(
    tool: str, arguments: Mapping[str, JsonValue] | None = None, *, text: str = ""
) -> ModelReply:
    """A reply that calls one tool, under the tool's own name or as it was offered."""
    call = ToolCall(
        id=f"c{next(_NUMBERS)}", tool=tool.replace(".", "__"), arguments=dict(arguments or {})
    )
    return ModelReply(model="", text=text, calls=(call,), stop="calls")


def finishing(**answer: JsonValue) -> ModelReply:
    """A reply that ends a loop of calls with this answer."""
    return calling("finish", answer)


def to_reply(given: Reply, *, model: str, stop: StopKind = "end") -> ModelReply:
    """The whole reply for what a function has given; an error is raised."""
    if isinstance(given, Exception):
        raise given
    if isinstance(given, ModelReply):
        return msgspec.structs.replace(given, model=given.model or model)
    if isinstance(given, str):
        return ModelReply(model=model, text=given, stop=stop)
    return ModelReply(model=model, text=encode_json(given).decode(), output=given, stop=stop)


def _tokens(request: ModelRequest) -> int:
    said = sum(len(part.text) + 8 for part in request.conversation)
    return (len(request.instructions) + said) // 4 + 1
