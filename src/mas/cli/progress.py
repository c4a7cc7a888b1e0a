"""Live progress on a terminal: one line an event, on standard error."""

from __future__ import annotations

import sys

from mas.core.events import (
    Event,
    RunFinished,
    RunPlanned,
    TaskFailed,
    TaskRecorded,
    TaskRetrying,
    TaskReturned,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.language import Language, plain

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
    "ko": {"done": "완료", "failed": "실패", "skipped": "건너뜀", "again": "다시 시도"},
    "en": {"done": "done", "failed": "failed", "skipped": "skipped", "again": "trying again"},
}


class Progress:
    """Turns events into lines; remembers the titles of the tasks."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._titles: dict[str, str] = {}

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
            case TaskRecorded():
                stage = _STAGES[self._language].get(body.key, body.key)
                return f"    {stage}: {plain(body.summary)}"
            case TaskSucceeded():
                return f"✓ {self._title(body.task)}: {words['done']}"
            case TaskFailed():
                return f"✗ {self._title(body.task)}: {words['failed']}. {body.failure.message}"
            case TaskRetrying():
                return f"… {self._title(body.task)}: {words['again']}. {body.failure.message}"
            case TaskReturned():
                return f"… {self._title(body.task)}: {words['again']}"
            case TaskSkipped():
                return f"- {self._title(body.task)}: {words['skipped']}"
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
