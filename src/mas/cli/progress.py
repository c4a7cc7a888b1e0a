"""Live progress on a terminal: one line an event, on standard error."""

from __future__ import annotations

import sys

from mas.core.events import (
    ApprovalDecided,
    Event,
    MessageSent,
    PlanExtended,
    RunFinished,
    RunForked,
    RunPlanned,
    RunReopened,
    TaskAwaiting,
    TaskDelegated,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.language import Language, plain
from mas.core.plan import Plan

_STAGES = {
    "ko": {
        "observe": "관찰",
        "reason": "추론",
        "plan": "계획",
        "act": "실행",
        "validate": "검증",
    },
    "en": {},
}
_WORDS = {
    "ko": {
        "done": "완료",
        "failed": "실패",
        "skipped": "건너뜀",
        "again": "다시 시도",
        "waits": "대기",
        "approved": "승인",
        "rejected": "거절",
        "forked": "이어받은 실행:",
        "reopened": "다시 시작",
    },
    "en": {
        "done": "done",
        "failed": "failed",
        "skipped": "skipped",
        "again": "trying again",
        "waits": "waits",
        "approved": "approved",
        "rejected": "rejected",
        "forked": "fork of",
        "reopened": "starting again",
    },
}


class Progress:
    """Turns events into lines; remembers the titles of the tasks."""

    def __init__(self, language: Language, plan: Plan | None = None) -> None:
        """`plan` is that of a run which has begun before."""
        self._language = language
        self._titles = {task.id: task.title for task in plan.tasks} if plan else {}

    def line(self, event: Event) -> str | None:
        """What to show for an event; None for one that a person need not see."""
        words, body = _WORDS[self._language], event.body
        match body:
            case RunPlanned():
                self._titles = {task.id: task.title for task in body.tasks}
                return " → ".join(plain(task.title) for task in body.tasks)
            case TaskStarted(attempt=attempt) if attempt == 1:
                return f"● {self._title(body.task)}"
            case TaskStarted():
                return f"● {self._title(body.task)} (attempt {body.attempt})"
            case TaskRecorded(kind="model_call"):
                return f"      · {plain(body.summary)}"
            case TaskRecorded(kind="action") if "/" in body.key:
                return f"      → {plain(body.summary)}"
            case TaskRecorded():
                stage = _stage(body.key, self._language)
                return f"    {stage}: {plain(body.summary)}"
            case TaskSucceeded():
                return f"✓ {self._title(body.task)}: {words['done']}"
            case TaskFailed():
                return f"✗ {self._title(body.task)}: {words['failed']}. {body.failure.message}"
            case TaskRetrying():
                return f"… {self._title(body.task)}: {words['again']}. {body.failure.message}"
            case TaskReturned():
                return f"… {self._title(body.task)}: {words['again']}"
            case TaskAwaiting() | TaskDelegated():
                return f"… {self._title(body.task)}: {words['waits']}"
            case PlanExtended():
                self._titles |= {task.id: task.title for task in body.tasks}
                return "+ " + ", ".join(plain(task.title) for task in body.tasks)
            case ApprovalDecided():
                said = words["approved" if body.approved else "rejected"]
                return f"  {body.approval}: {said} {plain(body.comment)}".rstrip()
            case MessageSent():
                return f"  ✉ {plain(body.sender)} → {plain(body.recipient)}: {plain(body.content)}"
            case TaskSkipped():
                return f"- {self._title(body.task)}: {words['skipped']}"
            case RunForked():
                return f"⑂ {words['forked']} {plain(body.source)} {plain(body.after)}".rstrip()
            case RunReopened():
                again = ", ".join(self._title(task.id) for task in body.tasks)
                return f"… {words['reopened']}: {again}".rstrip(": ")
            case RunFinished():
                return f"{plain(body.status.value)} ({body.stop_reason})"
            case _:
                return None

    def show(self, event: Event) -> None:
        """Print the line of an event, if it has one."""
        line = self.line(event)
        if line is not None:
            print(line, file=sys.stderr, flush=True)

    def _title(self, task: str) -> str:
        return plain(self._titles.get(task, task))


def _stage(key: str, language: Language) -> str:
    """`plan.2` is the second round of the stage `plan`."""
    stage, _, round_ = key.partition(".")
    word = _STAGES[language].get(stage, stage)
    return f"{word} {round_}" if round_ else word
