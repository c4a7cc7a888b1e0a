"""One call to a model as one record of a task, counted against the limit of its role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from mas.core.errors import Permanent
from mas.core.models import Model, ModelReply, ModelRequest
from mas.core.ports import Work
from mas.core.usage import Usage
from mas.core.values import JsonValue

_NONSENSE = "model_nonsense"


class CallLimit:
    """The model calls that one task may make.

    Calls that an earlier attempt has recorded count as well, so that the limit falls on the same
    call in every attempt.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def take(self) -> None:
        """Count one call.

        Raises:
            Permanent: None is left (`call_limit`).
        """
        if self.left <= 0:
            raise Permanent(
                f"The task has made all {self.most} model calls that its role may make.",
                hint="Raise `limits.calls` in the role's file, or ask for less at once.",
                code="call_limit",
            )
        self.left -= 1


async def ask(
    work: Work,
    key: str,
    model: Model,
    request: ModelRequest,
    *,
    limit: CallLimit | None = None,
    on_text: Callable[[str], None] | None = None,
) -> ModelReply:
    """Ask a model once; the answer is recorded under `key` with what it has used.

    An answer that could not be read at all is recorded as well, as a reply with a `problem`, so
    that it can be sent back; it counts as the most that the call can have used.

    Raises:
        Permanent: The limit is reached, or the model refuses to answer (`model_refused`).
        BudgetReached: The budget has no room for the most that the call can use.
        MasError: As `Model.ask`.
    """
    if limit is not None:
        limit.take()
    # In a thread: the first use of a model loads its library, and the loop would stand still.
    most = await asyncio.to_thread(model.most, request)

    async def body() -> ModelReply:
        try:
            return await model.ask(request, on_text=on_text)
        except Permanent as exc:
            if exc.code != _NONSENSE:
                raise
            return _unreadable(model, exc, most)

    value = await work.record(key, "model_call", body, summary=_summary, usage=_usage, most=most)
    reply = msgspec.convert(value, ModelReply)
    if reply.stop == "refused":
        raise Permanent(
            f"{reply.model} refuses to answer.",
            hint="Put the request differently, or choose another model.",
            code="model_refused",
        )
    return reply


def _unreadable(model: Model, exc: Permanent, most: Usage) -> ModelReply:
    return ModelReply(
        model=model.name,
        problem=exc.message,
        input_tokens=most.input_tokens,
        output_tokens=most.output_tokens,
        cost_micros=most.cost_micros,
    )


def _summary(value: JsonValue) -> str:
    reply = msgspec.convert(value, ModelReply)
    return f"{reply.model} {reply.input_tokens:,} in, {reply.output_tokens:,} out"


def _usage(value: JsonValue) -> Usage:
    return msgspec.convert(value, ModelReply).usage
