"""What the page shows of an agent: role, memory, what it is at. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mas.adapters.stores.memories import Checkpoint
from mas.agents.roles.loader import LoadedRoles
from mas.app.agents import AgentStatus
from mas.core.memory import Memory
from mas.core.overview import WorkingTask
from mas.core.roles import Role
from mas.core.run import TaskState

_ENTRY = re.compile(r"(?P<run>\d{8}_\d{6}_[0-9a-f]{8})/(?P<task>[^\s:]{1,80}): ?(?P<text>.*)", re.S)

_TASK = re.compile(r"(?P<run>\d{8}_\d{6}_[0-9a-f]{8})/(?P<task>[^\s:/]{1,80})")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that is remembered, and where from."""

    text: str
    run: str = ""
    task: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a memory, the newest first."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class AgentCard:
    """One agent. `role` None: only its memory is left."""

    name: str
    role: Role | None
    kind: str
    word: str
    working: tuple[WorkingTask, ...]
    memory: Memory
    checkpoint: Checkpoint | None
    updated_at: datetime | None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The memory by part."""
        held = self.memory
        return tuple(
            Part(name=name, entries=tuple(to_entry(one) for one in reversed(entries)))
            for name, entries in (
                ("knowledge", held.knowledge),
                ("observations", held.observations),
                ("reasoning", held.reasoning),
                ("completed", held.completed_tasks),
            )
        )

    @property
    def shown_part(self) -> str:
        """The part that is shown at first: one that holds something."""
        return next((part.name for part in self.parts if part.entries), "knowledge")

    @property
    def current(self) -> Entry | None:
        """The task that was begun last, with the run it belongs to."""
        told = self.memory.current_task
        if not told:
            return None
        found = _TASK.fullmatch(told)
        if found is None:
            return Entry(text=told)
        return Entry(text=found["task"], run=found["run"], task=found["task"])

    @property
    def is_empty(self) -> bool:
        """Whether nothing is remembered."""
        return self.memory == Memory(role=self.name)

    @property
    def built_in(self) -> bool:
        return self.role is not None and self.role.source == "built-in"


def to_entry(told: str) -> Entry:
    """An entry of a memory: `RUN/TASK: text`, or a text of another kind."""
    found = _ENTRY.fullmatch(told)
    if found is None:
        return Entry(text=told)
    return Entry(text=found["text"].strip(), run=found["run"], task=found["task"])


def cards_of(
    statuses: Sequence[AgentStatus],
    loaded: LoadedRoles,
    working: Mapping[str, Sequence[WorkingTask]],
) -> tuple[AgentCard, ...]:
    """All agents: those of the roles in the order of the roles, then memories that are left."""
    by_name = {one.memory.role: one for one in statuses}
    names = [*loaded.roles, *(name for name in sorted(by_name) if name not in loaded.roles)]
    return tuple(
        to_card(
            by_name.get(name) or AgentStatus(memory=Memory(role=name)),
            loaded.roles.get(name),
            tuple(working.get(name, ())),
        )
        for name in names
    )


def to_card(status: AgentStatus, role: Role | None, working: tuple[WorkingTask, ...]) -> AgentCard:
    """One agent: what asks a person goes before what runs."""
    asks = any(task.state is TaskState.AWAITING for task in working)
    kind, word = "off", "status.idle"
    if asks:
        kind, word = "wait", "status.agent_asks"
    elif working:
        kind, word = "run", "status.working"
    return AgentCard(
        name=status.memory.role,
        role=role,
        kind=kind,
        word=word,
        working=tuple(sorted(working, key=lambda task: task.state is not TaskState.AWAITING)),
        memory=status.memory,
        checkpoint=status.checkpoint,
        updated_at=status.updated_at,
    )
