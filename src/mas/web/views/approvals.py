"""Calls that wait for a person, and those that were answered: who, when, what was said. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mas.app.service import RunDetail
from mas.core.approvals import Approval
from mas.core.audit import AuditEntry
from mas.core.calls import StoredCall
from mas.core.language import plain
from mas.core.plan import Risk
from mas.core.run import Task
from mas.core.values import JsonValue
from mas.web.views.names import task_address

SHOWN_CHARACTERS = 20_000
"""Of the arguments of a call; the whole of them are with the task."""

_ANSWERS = ("call.approve", "call.reject")


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument, exactly. `block`: it has lines of its own."""

    name: str
    value: str
    block: bool


@dataclass(frozen=True, kw_only=True)
class OpenApproval:
    """A call that waits, with all that is needed to decide."""

    id: str
    tool: str
    risk: Risk
    target: str
    effect: str
    reason: str
    role: str
    title: str
    href: str
    asked_at: datetime
    arguments: tuple[Argument, ...]
    cut: int
    """Characters of the arguments that are not shown; they have to be read before approving."""
    earlier: tuple[Answer, ...]
    """Answers in this run, the newest first."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A call that does not wait any more. `who` is empty where the audit log does not say."""

    id: str
    state: str
    tool: str
    target: str
    who: str
    at: datetime | None
    comment: str


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """The calls of a run: those that wait first."""

    waiting: tuple[OpenApproval, ...]
    answered: tuple[Answer, ...]


def approvals_of(detail: RunDetail, audit: Iterable[AuditEntry] = ()) -> Approvals:
    """The calls of a run; `audit` are entries about it."""
    answerers = {
        entry.subject: entry for entry in audit if entry.action in _ANSWERS and entry.subject
    }
    tasks = {task.id: task for task in detail.tasks}
    answered = tuple(
        answer_of(one, answerers.get(one.id))
        for one in reversed(detail.approvals)
        if one.state != "waiting"
    )
    return Approvals(
        waiting=tuple(
            _open(one, tasks.get(one.task), answered)
            for one in detail.approvals
            if one.state == "waiting"
        ),
        answered=answered,
    )


def _open(one: Approval, task: Task | None, answered: tuple[Answer, ...]) -> OpenApproval:
    call = one.call
    arguments, cut = exact_arguments(call)
    return OpenApproval(
        id=one.id,
        tool=call.call.tool,
        risk=call.risk,
        target=plain(call.target, limit=500),
        effect=plain(call.effect, limit=1000),
        reason=plain(call.reason, limit=500),
        role=plain(task.role, limit=60) if task else "",
        title=plain(task.spec.title, limit=200) if task else one.task,
        href=task_address(one.run_id, one.task),
        asked_at=one.asked_at,
        arguments=arguments,
        cut=cut,
        earlier=answered,
    )


def answer_of(one: Approval, entry: AuditEntry | None) -> Answer:
    """What became of a call; `entry` is that of whoever has answered."""
    return Answer(
        id=one.id,
        state=one.state,
        tool=one.call.call.tool,
        target=plain(one.call.target, limit=200),
        who=plain(entry.actor, limit=80) if entry else "",
        at=one.decided_at or (entry.at if entry else None),
        comment=plain(one.comment, limit=500),
    )


def exact_arguments(call: StoredCall) -> tuple[tuple[Argument, ...], int]:
    """Every argument as it will be handed over, and how many characters did not fit."""
    made: list[Argument] = []
    room = SHOWN_CHARACTERS
    cut = 0
    for name, value in call.call.arguments.items():
        text = readable(value)
        shown = text[: max(room, 0)]
        cut += len(text) - len(shown)
        room -= len(shown)
        made.append(Argument(name=name, value=shown, block="\n" in text or len(text) > 60))
    return tuple(made), cut


def readable(value: JsonValue) -> str:
    """A value as people read it: text as it is, all else as indented JSON. Signs that would turn
    or hide text are written out."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(_VISIBLE.get(sign, sign) for sign in text)


def _visible() -> Mapping[str, str]:
    hidden = [
        *range(0x09), 0x0B, 0x0C, *range(0x0D, 0x20), *range(0x7F, 0xA0), 0x061C, 0x200B,
        0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF,
    ]  # fmt: skip
    return {chr(code): f"\\u{code:04x}" for code in hidden}


_VISIBLE = _visible()
