"""The built-in tool `messages.send`: words for other agents, and work handed to them (R11)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from mas.agents.results import text_of_result
from mas.agents.schema import strict_schema, to_answer
from mas.core.calls import ToolOutput, ToolSpec
from mas.core.plan import TaskSpec
from mas.core.ports import Work
from mas.core.values import JsonValue

SEND: Final = "messages.send"

DEPTH = 2
"""A helper may ask for help, and its helper may not."""

_CONTENT_LIMIT = 4_000
_HELPER = "+help-"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `messages.send`."""

    to: str
    intent: Literal["request_info", "provide_result", "report_blocked", "hand_off", "request_help"]
    content: str


SPEC = ToolSpec(
    name=SEND,
    description=(
        "Send a message to another agent of this run: `to` is a task id, a role, or `all`. With "
        "the intent `request_help`, `to` is a role: an agent of that role is given `content` as "
        "its task, and its result is what this call returns."
    ),
    schema=strict_schema(Sent),
    risk="read",
    idempotent=True,
    target="to",
)


async def send(work: Work, key: str, arguments: Mapping[str, JsonValue]) -> ToolOutput:
    """Send a message, or hand work to another role and return what came of it.

    Raises:
        UserError: The recipient or role is not known.
    """
    try:
        sent = to_answer(dict(arguments), Sent)
    except ValueError as exc:
        return ToolOutput(text=f"The arguments do not fit: {exc}.", failed=True)
    if not sent.to.strip() or not sent.content.strip():
        return ToolOutput(text="`to` and `content` must say something.", failed=True)
    if sent.intent == "request_help":
        return await _delegated(work, key, sent)
    content = sent.content[:_CONTENT_LIMIT]
    await work.send(f"{key}/message", to=sent.to, intent=sent.intent, content=content)
    return ToolOutput(text=f"Sent to {sent.to}.")


async def _delegated(work: Work, key: str, sent: Sent) -> ToolOutput:
    if sent.to == work.task.role:
        return ToolOutput(text=f"You are the {sent.to} yourself: do it.", failed=True)
    if work.task.id.count(_HELPER) >= DEPTH:
        return ToolOutput(
            text="This task was itself begun to help a helper; do it, or say what you lack.",
            failed=True,
        )
    name = f"{work.task.id}{_HELPER}{re.sub('[^a-z0-9]+', '-', key.lower()).strip('-')}"
    helper = TaskSpec(
        id=name,
        role=sent.to,
        title=sent.content.strip().splitlines()[0][:120],
        goal=sent.content[:_CONTENT_LIMIT],
        inputs={"asked_by": work.task.id},
        risk=work.task.spec.risk,
    )
    results = await work.delegate(f"{key}/help", (helper,))
    return ToolOutput(text=text_of_result(results[name]))
