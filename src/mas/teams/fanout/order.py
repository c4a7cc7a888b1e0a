"""What a run of `fanout` was asked to do, as its options hold it."""

from __future__ import annotations

from typing import cast

import msgspec

from mas.core.executors import ExecutorKind, Limits, Network
from mas.core.run import Run
from mas.core.values import JsonObject

MOST_AGENTS = 10
OPTION = "fanout"
"""The name of the option that holds the order."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where the base comes from, as it was named and found when the run was asked for."""

    named: str | None = None
    """A folder or an address; None: a fresh repository."""
    ref: str | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the tasks of one run need to know beside the prompt."""

    agents: int
    coders: tuple[str, ...]
    """As `--coder` names them; agents take them in turn."""
    origin: Origin = Origin()
    checks: tuple[str, ...] = ()
    """Command lines; none: they are detected."""
    setup: str | None = None
    """A command line that runs in each worktree before its agent."""
    executor: ExecutorKind = "local"
    unsafe_local: bool = False
    network: Network = "open"
    task_seconds: float = 1800.0
    check_seconds: float = 600.0
    memory_bytes: int | None = None
    processes: int | None = None
    cpus: float | None = None
    file_bytes: int | None = None

    @property
    def limits(self) -> Limits:
        """Of each agent and each check."""
        return Limits(
            memory_bytes=self.memory_bytes,
            processes=self.processes,
            cpus=self.cpus,
            file_bytes=self.file_bytes,
        )

    def coder_of(self, number: int) -> str:
        """The coder of agent `number`, from 1."""
        return self.coders[(number - 1) % len(self.coders)]

    def coder_shown(self, number: int) -> str:
        """What people are shown of the coder of agent `number`: its kind."""
        return self.coder_of(number).partition(":")[0][:40]

    def to_options(self) -> JsonObject:
        """As the options of a run hold it."""
        return {OPTION: cast("JsonObject", msgspec.to_builtins(self))}


def order_of(run: Run) -> Order:
    """The order of a run."""
    return msgspec.convert(run.options[OPTION], Order)
