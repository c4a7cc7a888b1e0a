"""Events as rows: a sentence each, of a kind that can be filtered by. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from markupsafe import Markup, escape

from mas.core.events import (
    ApprovalDecided,
    ApprovalRequested,
    EffectIntended,
    Event,
    EventBody,
    MessageSent,
    PlanExtended,
    RunCancelRequested,
    RunFinished,
    RunForked,
    RunPlanned,
    RunPlanning,
    RunQueued,
    RunReopened,
    TaskAwaiting,
    TaskCancelled,
    TaskDelegated,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.failure import Failure
from mas.core.language import Language, plain
from mas.core.messages import EVERYBODY, PERSON
from mas.core.run import RunStatus, Task
from mas.web.formats import duration
from mas.web.views.faults import told_failure
from mas.web.wording import Wording

__all__ = ["KINDS", "EventRow", "Names", "row_of", "rows_of"]

EventKind = Literal["action", "check", "message", "decision", "error"]
KINDS: tuple[EventKind, ...] = ("action", "check", "message", "decision", "error")

_MODEL_TOKENS = re.compile(r"(?P<model>\S+) (?P<read>[\d,]+) in, (?P<written>[\d,]+) out")
"""What is stored with an answer of a model."""

_LONGEST = 300
"""Characters of a text in a row; whole texts are with their task."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What tasks are called: id → role, and id → title."""

    roles: Mapping[str, str]
    titles: Mapping[str, str]

    @classmethod
    def of(cls, tasks: Iterable[Task]) -> Names:
        """The names of tasks as they stand."""
        tasks = tuple(tasks)
        return cls(
            roles={task.id: task.role for task in tasks},
            titles={task.id: task.spec.title for task in tasks},
        )


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One row. `css` and `icon` are colour and glyph, `text` a sentence with its values marked."""

    number: int
    at: datetime
    kind: EventKind
    who: str
    css: str
    icon: str
    text: Markup


@dataclass(frozen=True, kw_only=True)
class _Said:
    """A sentence by its key. `look` is one of `_LOOKS`."""

    kind: EventKind
    look: str
    key: str
    task: str = ""
    who: str = ""
    values: Mapping[str, object]


def rows_of(events: Iterable[Event], names: Names, language: Language) -> tuple[EventRow, ...]:
    """The rows of events, the newest first."""
    return tuple(row_of(event, names, language) for event in events)[::-1]


def row_of(event: Event, names: Names, language: Language) -> EventRow:
    """The row of one event."""
    said = _Sayer(names, Wording(language), language).said(event.body)
    css, icon = _LOOKS[said.look]
    who = said.who or (names.roles.get(said.task, said.task) if said.task else "MAS")
    return EventRow(
        number=event.number,
        at=event.at,
        kind=said.kind,
        who=plain(who, limit=40),
        css=css,
        icon=icon,
        text=phrase(Wording(language), said.key, **said.values),
    )


def phrase(t: Wording, key: str, **values: object) -> Markup:
    """A sentence with its values put in. Safe as HTML: both are escaped, values that are `Code`
    stand in an element of their own."""
    return Markup(escape(t(key)).format(**values))  # noqa: S704 - made of escaped parts alone


def code(text: str, *, limit: int = _LONGEST) -> Markup:
    """A name or line as it is typed somewhere."""
    return Markup("<code>{}</code>").format(plain(text, limit=limit))


_LOOKS: Mapping[str, tuple[str, str]] = {
    "ok": ("ok", "ok"),
    "bad": ("bad", "bad"),
    "run": ("run", "run"),
    "wait": ("wait", "wait"),
    "quiet": ("off", "queued"),
    "plan": ("run", "plan"),
    "skip": ("off", "skip"),
    "stop": ("off", "stop"),
    "budget": ("wait", "stop"),
    "stuck": ("wait", "stuck"),
}


class _Sayer:
    """Finds the sentence for an event."""

    def __init__(self, names: Names, t: Wording, language: Language) -> None:
        self._names = names
        self._t = t
        self._language = language

    def said(self, body: EventBody) -> _Said:
        """By its type: of a run, of a task, of a call or message."""
        return self._of_run(body) or self._of_task(body) or self._of_talk(body)

    def _of_run(self, body: EventBody) -> _Said | None:
        match body:
            case RunQueued(team=team):
                return _say("decision", "quiet", "event.queued", team=code(team))
            case RunPlanning():
                return _say("action", "plan", "event.planning")
            case RunPlanned(tasks=tasks, reason=reason):
                key = "event.planned_why" if reason else "event.planned"
                return _say("decision", "ok", key, count=len(tasks), reason=_text(reason))
            case PlanExtended(by=by, tasks=tasks):
                titles = ", ".join(task.title for task in tasks)
                return _say(
                    "decision", "ok", "event.extended", task=by, count=len(tasks),
                    titles=_text(titles),
                )  # fmt: skip
            case RunCancelRequested():
                return _say("decision", "stop", "event.cancel", who=self._t("event.person"))
            case RunForked(source=source, after=after):
                key = "event.forked_after" if after else "event.forked"
                return _say("decision", "quiet", key, source=code(source), after=code(after))
            case RunReopened(tasks=tasks):
                titles = ", ".join(self._title(task.id) for task in tasks)
                return _say(
                    "decision", "run", "event.reopened", who=self._t("event.person"),
                    count=len(tasks), titles=_text(titles),
                )  # fmt: skip
            case RunFinished():
                return self._finished(body)
            case _:
                return None

    def _finished(self, body: RunFinished) -> _Said:
        why = self._why(body.failure) if body.failure else ""
        if body.status is RunStatus.SUCCEEDED:
            return _say("decision", "ok", "event.partial" if body.partial else "event.succeeded")
        if body.status is RunStatus.CANCELLED:
            return _say("decision", "stop", "event.cancelled")
        if body.stop_reason == "budget":
            return _say("error", "budget", "event.budget", why=why)
        look = "stuck" if body.stop_reason == "blocked" else "bad"
        return _say(
            "error", look, "event.failed" if body.failure else "event.failed_plain", why=why
        )

    def _why(self, failure: Failure) -> str:
        return told_failure(failure, self._language, limit=_LONGEST).sentence

    def _of_task(self, body: EventBody) -> _Said | None:
        match body:
            case TaskStarted(task=task, attempt=attempt):
                key = "event.started" if attempt == 1 else "event.started_again"
                title = _text(self._title(task))
                return _say("action", "run", key, task=task, title=title, attempt=attempt)
            case TaskRecorded():
                return self._recorded(body)
            case EffectIntended(task=task, summary=summary, key=key):
                return _say("action", "run", "event.effect", task=task, what=code(summary or key))
            case TaskSucceeded(task=task, summary=summary):
                key = "event.done_says" if summary else "event.done"
                return _say(
                    "check", "ok", key, task=task, title=_text(self._title(task)),
                    summary=_text(summary),
                )  # fmt: skip
            case TaskRetrying(task=task, failure=failure, delay_seconds=delay):
                return _say(
                    "error", "bad", "event.retrying", task=task, why=self._why(failure),
                    delay=duration(delay, self._language),
                )  # fmt: skip
            case TaskReturned(task=task, reason=reason):
                key = f"event.returned.{reason}"
                known = reason in ("shutdown", "lost", "answered")
                return _say(
                    "decision", "quiet", key if known else "event.returned", task=task,
                    reason=_text(reason),
                )  # fmt: skip
            case TaskFailed(task=task, failure=failure, reported=reported):
                key = "event.task_reported" if reported else "event.task_failed"
                return _say(
                    "error", "bad", key, task=task, title=_text(self._title(task)),
                    why=self._why(failure),
                )  # fmt: skip
            case TaskSkipped(task=task, cause=cause):
                return _say(
                    "decision", "skip", "event.skipped", task=task,
                    title=_text(self._title(task)), cause=_text(self._title(cause)),
                )  # fmt: skip
            case TaskCancelled(task=task):
                title = _text(self._title(task))
                return _say("decision", "stop", "event.task_cancelled", task=task, title=title)
            case TaskAwaiting(task=task):
                return _say("decision", "wait", "event.awaiting", task=task)
            case TaskDelegated(task=task, needs=needs):
                titles = ", ".join(self._title(need) for need in needs)
                return _say("decision", "quiet", "event.delegated", task=task, titles=_text(titles))
            case _:
                return None

    def _recorded(self, body: TaskRecorded) -> _Said:
        """A finished step: a stage, an answer of a model, or a call."""
        took = duration(body.seconds, self._language)
        if body.kind == "stage":
            stage = body.key.partition("/")[2] or body.key
            name = stage.rpartition("/")[2].partition(".")[0]
            known = name in ("observe", "reason", "plan", "act", "validate")
            return _say(
                "check" if name == "validate" else "action",
                "ok" if name == "validate" else "quiet",
                f"event.stage.{name}" if known else "event.stage",
                task=body.task, summary=_text(body.summary), stage=code(name), took=took,
            )  # fmt: skip
        if body.kind == "model_call":
            if (told := _MODEL_TOKENS.fullmatch(body.summary)) is not None:
                return _say(
                    "action", "quiet", "event.model_tokens", task=body.task, took=took,
                    model=code(told["model"]), read=told["read"], written=told["written"],
                )  # fmt: skip
            return _say(
                "action", "quiet", "event.model", task=body.task,
                summary=code(body.summary or body.key), took=took,
            )  # fmt: skip
        if body.key.rpartition("/")[2].startswith("wipe"):
            return _say("decision", "wait", "event.wiped", task=body.task)
        what = code(body.summary or body.key)
        return _say("action", "quiet", "event.action", task=body.task, what=what, took=took)

    def _of_talk(self, body: EventBody) -> _Said:
        match body:
            case ApprovalRequested(task=task, tool=tool, target=target):
                key = "event.asks_on" if target else "event.asks"
                return _say(
                    "decision", "wait", key, task=task, tool=code(tool), target=code(target)
                )
            case ApprovalDecided(approval=approval, approved=approved, comment=comment):
                plain_key = "event.approved" if approved else "event.rejected"
                says = "event.approved_says" if approved else "event.rejected_says"
                return _say(
                    "decision",
                    "ok" if approved else "bad",
                    says if comment else plain_key,
                    who=self._t("event.person"),
                    approval=code(approval),
                    comment=_text(comment),
                )
            case MessageSent(sender=sender, recipient=recipient, intent=intent, content=content):
                return _say(
                    "message", "quiet", "event.message", who=self._who(sender),
                    intent=_text(self._t(f"intent.{intent}")), to=_text(self._who(recipient)),
                    content=_text(content),
                )  # fmt: skip
            case _:
                raise AssertionError(f"no sentence for {body}")

    def _title(self, task: str) -> str:
        return self._names.titles.get(task, task)

    def _who(self, name: str) -> str:
        if name == PERSON:
            return self._t("event.person")
        if name == EVERYBODY:
            return self._t("event.everybody")
        return self._names.roles.get(name, name)


def _say(
    kind: EventKind, look: str, key: str, *, task: str = "", who: str = "", **values: object
) -> _Said:
    return _Said(kind=kind, look=look, key=key, task=task, who=who, values=values)


def _text(text: str) -> str:
    return plain(text, limit=_LONGEST)
