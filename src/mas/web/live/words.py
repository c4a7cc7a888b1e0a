"""The last words of each agent while it works: little of each, of few."""

from __future__ import annotations

import asyncio

from mas.adapters.live.folder import LiveText

LONGEST = 2000
"""Characters that are kept of each task: what it wrote last."""
MOST_TASKS = 32


class LiveWords:
    """What tasks have written since their last stage."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        """Set when nobody listens any more."""
        self._texts: dict[str, str] = {}
        self._changed: set[str] = set()

    @property
    def tasks(self) -> frozenset[str]:
        """Those of whom anything is kept."""
        return frozenset(self._texts)

    def end(self) -> None:
        """Listen no longer."""
        self.ended.set()

    def take(self, text: LiveText) -> bool:
        """Keep text of a task; False where there is no room for one more."""
        known = self._texts.pop(text.task, None)
        if known is None and len(self._texts) >= MOST_TASKS:
            # The one that has been quiet longest.
            gone = next(iter(self._texts))
            self.forget(gone)
        self._texts[text.task] = ((known or "") + text.text)[-LONGEST:]
        self._changed.add(text.task)
        return True

    def forget(self, task: str) -> None:
        """Drop the words of a task that does not work any more."""
        self._texts.pop(task, None)
        self._changed.discard(task)

    def changed(self) -> dict[str, str]:
        """What has changed since this was asked last."""
        found = {task: self._texts[task] for task in self._changed}
        self._changed.clear()
        return found

    def all(self) -> dict[str, str]:
        """All there is."""
        return dict(self._texts)
