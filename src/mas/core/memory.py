"""What one agent remembers (A4): plain data and pure changes; who stores it is not its concern."""

from __future__ import annotations

import msgspec

KEPT = 50
"""Entries of a kind that are kept; the oldest go first."""

ENTRY_LIMIT = 500
"""Characters of one entry."""


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of one agent, which is one role.

    Entries are `RUN/TASK: text`, so that the same step never remembers twice.
    """

    role: str
    current_task: str = ""
    completed_tasks: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    observations: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    blocked_on: str = ""

    def began(self, task: str) -> Memory:
        """Remember the task that is worked on."""
        return msgspec.structs.replace(self, current_task=task, blocked_on="")

    def observed(self, entry: str) -> Memory:
        """Remember what was seen."""
        return msgspec.structs.replace(self, observations=_with(self.observations, entry))

    def reasoned(self, entry: str) -> Memory:
        """Remember what was concluded."""
        return msgspec.structs.replace(self, reasoning=_with(self.reasoning, entry))

    def learned(self, entry: str) -> Memory:
        """Remember for good: a wipe keeps it."""
        return msgspec.structs.replace(self, knowledge=_with(self.knowledge, entry))

    def completed(self, task: str) -> Memory:
        """The task is done."""
        return msgspec.structs.replace(
            self,
            current_task="" if self.current_task == task else self.current_task,
            completed_tasks=_with(self.completed_tasks, task),
            blocked_on="",
        )

    def blocked(self, on: str) -> Memory:
        """The task cannot go on."""
        return msgspec.structs.replace(self, blocked_on=on[:ENTRY_LIMIT])

    def wiped(self) -> Memory:
        """Forget task, observations and reasoning; role and knowledge stay."""
        return Memory(role=self.role, knowledge=self.knowledge)


def _with(entries: tuple[str, ...], entry: str) -> tuple[str, ...]:
    entry = entry[:ENTRY_LIMIT]
    if entry in entries:
        return entries
    return (*entries, entry)[-KEPT:]
