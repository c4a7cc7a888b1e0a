"""What is said to a language model and what it answers, whichever provider serves it (A5).

One request is one call over the network, and one durable step of a task: what a model has
answered is stored and never paid for again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from mas.core.usage import Usage
from mas.core.values import JsonObject, JsonValue

Author = Literal["user", "model", "tool"]
StopKind = Literal["end", "length", "calls", "refused"]


class ToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that a model wants called; `id` pairs the call with its result."""

    id: str
    tool: str
    arguments: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a conversation.

    `user` and `model` carry `text`; a `model` part may ask for `calls`; a `tool` part is the
    result of the call `answers`.
    """

    author: Author
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    failed: bool = False
    """A tool part whose call did not succeed."""


class ToolOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as a model sees it: `schema` is the JSON schema of its arguments, an object."""

    name: str
    description: str
    schema: JsonObject


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a model.

    `instructions` are the same for every call of a role and stage, so that providers can cache
    them; what changes is in `conversation`. With `output`, the JSON schema of an object, the
    answer is that object; a model without support for it is asked for plain JSON.
    """

    instructions: str
    conversation: tuple[Said, ...]
    tools: tuple[ToolOffer, ...] = ()
    output: JsonObject | None = None
    output_name: str = "answer"
    max_output_tokens: int = 2000


class ModelReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a model has answered.

    `output` is the decoded JSON where the request wanted one and the text could be decoded; it
    has not been checked against the schema. `problem` says in a sentence why it could not.
    """

    model: str
    """`provider:name` of the model that answered, which may be a fall-back."""
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    output: JsonValue = None
    problem: str = ""
    stop: StopKind = "end"
    input_tokens: int = 0
    """All tokens that went in, those read from or written to the provider's cache included."""
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_micros: int = 0
    priced: bool = True
    """False when no price is known for the model, so that the cost counts as nothing."""
    tried: tuple[str, ...] = ()
    """Failures before this answer, a sentence each: retries and models that were passed over."""

    @property
    def usage(self) -> Usage:
        """What the call has used."""
        return Usage(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost_micros=self.cost_micros,
        )


class Model(Protocol):
    """A configured language model, with its retries and fall-backs.

    Every implementation passes tests/contract/test_model.py.
    """

    @property
    def name(self) -> str:
        """`provider:name` of the first choice."""
        ...

    @property
    def calls_tools(self) -> bool:
        """Whether it can call tools by itself; one that cannot is asked for JSON instead."""
        ...

    def most(self, request: ModelRequest) -> Usage:
        """The most that a call can use, for reserving a budget before it: tokens are estimated
        on the high side, the output counts whole, the price is the dearest of the fall-backs.

        Safe in any thread, and best called in one: the first call may load a library."""
        ...

    async def ask(
        self, request: ModelRequest, *, on_text: Callable[[str], None] | None = None
    ) -> ModelReply:
        """Make one call and return the answer; `on_text` gets text as it comes.

        A model that is overloaded or out of reach is asked again after the pause that it wants,
        a bounded number of times, then its fall-backs in turn.

        Raises:
            UserError: The key is refused (`model_key`), the model is unknown (`model_unknown`),
                a setting is missing or wrong (`model_setting`), nothing is left to pay with
                (`model_quota`), or the request is too large (`model_too_large`).
            Transient: Every choice stayed out of reach or overloaded (`model_unreachable`,
                `model_overloaded`), or did not answer in time (`model_timeout`).
            Permanent: The answer could not be read at all (`model_nonsense`), or the provider
                rejects the request (`model_rejected`).
        """
        ...


class Models(Protocol):
    """The models that a person has configured."""

    def for_role(self, role: str, *, wanted: str | None = None) -> Model | None:
        """The model of a role; `wanted` (a request's or role file's choice) goes before the
        settings. None: no model is configured, and rules decide (A6).

        Raises:
            UserError: The name cannot be used.
        """
        ...
