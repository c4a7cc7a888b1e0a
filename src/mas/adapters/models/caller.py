"""One model on one server: makes one call, in the way that this model can be asked in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import httpx2
from pydantic_ai import direct
from pydantic_ai.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.settings import ModelSettings as LibrarySettings

from mas.adapters.models import estimate, faults, mapping
from mas.adapters.models.prices import PriceTag
from mas.adapters.models.providers import to_model
from mas.adapters.models.settings import Price, Typed
from mas.adapters.models.targets import Target
from mas.core.errors import MasError
from mas.core.models import ModelReply, ModelRequest
from mas.core.usage import Usage

_NEXT: dict[Typed, Typed] = {"native": "tool", "tool": "prompt"}
_THINKING_TOKENS = 4000
"""Room beside the wanted output for models that cannot help thinking before they answer."""

OnText = Callable[[str], None]


class Caller:
    """Makes calls to one model; what the model turned out not to support is kept in mind."""

    def __init__(self, target: Target, http: httpx2.AsyncClient, own_price: Price | None) -> None:
        self._target = target
        self._model = to_model(target, http)
        self._price = PriceTag(target, own_price)
        self._typed: dict[bool, Typed] = {}
        """What has worked, for requests without and with tools: some take only one of both."""

    def most(self, request: ModelRequest) -> Usage:
        """The most that one call can use."""
        input_tokens = estimate.most_input_tokens(request)
        output_tokens = self._output_limit(request)
        return Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_micros=self._price.most_micros(input=input_tokens, output=output_tokens),
        )

    async def ask(self, request: ModelRequest, on_text: OnText | None) -> ModelReply:
        """Make one call.

        Raises:
            MasError: As `core.models.Model.ask`; nothing is tried again but another way of
                asking for typed output, where the server refuses the first.
        """
        has_tools = bool(request.tools)
        typed = self._typed.get(has_tools) or self._first_typed()
        while True:
            try:
                reply = await self._ask(request, typed, on_text)
            except _FormRefused as refused:
                if request.output is None or self._target.typed or typed not in _NEXT:
                    raise refused.error from refused.__cause__
                typed = _NEXT[typed]
            else:
                if request.output is not None:
                    self._typed[has_tools] = typed
                return reply

    async def _ask(self, request: ModelRequest, typed: Typed, on_text: OnText | None) -> ModelReply:
        messages = mapping.to_messages(request)
        asked: dict[str, Any] = {
            "model_settings": self._settings(request),
            "model_request_parameters": mapping.to_parameters(request, typed),
            "instrument": False,
        }
        try:
            if on_text is None:
                response = await direct.model_request(self._model, messages, **asked)
            else:
                async with direct.model_request_stream(self._model, messages, **asked) as stream:
                    async for event in stream:
                        _tell(event, on_text)
                    response = stream.get()
            answer = mapping.to_answer(response, request)
        except faults.RAISED as exc:
            error = faults.to_error(exc, self._target)
            if faults.refuses_form(exc):
                raise _FormRefused(error) from exc
            raise error from exc
        return self._reply(request, response, answer)

    def _reply(
        self, request: ModelRequest, response: ModelResponse, answer: mapping.Answer
    ) -> ModelReply:
        used = response.usage
        counted = used.input_tokens > 0
        # Some servers count nothing; a budget needs a number all the same.
        input_tokens = used.input_tokens if counted else estimate.most_input_tokens(request)
        output_tokens = used.output_tokens if counted else estimate.tokens_of(answer.text)
        cost = self._price.cost_micros(
            input=input_tokens,
            output=output_tokens,
            cache_read=used.cache_read_tokens,
            cache_write=used.cache_write_tokens,
        )
        return ModelReply(
            model=self._target.name,
            text=answer.text,
            calls=answer.calls,
            output=answer.output,
            problem=answer.problem,
            stop=answer.stop,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cache_read_tokens=used.cache_read_tokens,
            cache_write_tokens=used.cache_write_tokens,
            cost_micros=cost or 0,
            priced=cost is not None,
        )

    def _settings(self, request: ModelRequest) -> LibrarySettings:
        settings: dict[str, object] = {"max_tokens": self._output_limit(request)}
        if self._target.wire == "anthropic":
            settings["anthropic_cache_instructions"] = True
            settings["anthropic_cache_tool_definitions"] = bool(request.tools)
        if self._target.family in ("anthropic", "openai", "google"):
            # The five stages are the thinking; a second one inside each would be paid twice.
            settings["thinking"] = False
        # What is meant for one vendor alone has no place in the type for all.
        return cast("LibrarySettings", settings)

    def _output_limit(self, request: ModelRequest) -> int:
        thinks = self._target.free or self._model.profile.get("thinking_always_enabled", False)
        return request.max_output_tokens + (_THINKING_TOKENS if thinks else 0)

    def _first_typed(self) -> Typed:
        if self._target.typed is not None:
            return self._target.typed
        profile = self._model.profile
        if profile.get("supports_json_schema_output", False):
            return "native"
        return "tool" if profile.get("supports_tools", True) else "prompt"


class _FormRefused(Exception):
    """The server refuses the way of asking; `error` is what it means where no other is left."""

    def __init__(self, error: MasError) -> None:
        super().__init__(str(error))
        self.error = error


def _tell(event: object, on_text: OnText) -> None:
    text = ""
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        text = event.part.content
    elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        text = event.delta.content_delta
    if text:
        on_text(text)
