"""Coding agents: what one is told, how it is started, and what it says of itself (A7, F2).

What a coder says decides nothing: whether its work counts is measured in git and by checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import msgspec

Wire = Literal["anthropic", "openai"]
"""The protocol in which a coder talks to its model."""

AgentStatus = Literal["success", "no_changes", "failed", "error", "timeout", "killed", "cancelled"]
"""How an agent's work ended, as git and its process tell: `failed` is the coder's own failure
(an exit code, an error of its model), `error` one of MAS or the machine around it."""

SayKind = Literal["text", "tool", "result", "error", "denied"]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """The place of one agent. Paths are as the agent sees them."""

    number: int
    """From 1."""
    of: int
    """How many agents there are."""
    branch: str
    base: str
    """The branch that the work is compared with."""
    worktree: str
    home: str
    """Writable, its own, kept over restarts."""
    control: str
    """Read-only for the agent: `CoderStart.files` are there."""

    @property
    def name(self) -> str:
        return f"agent-{self.number}"


@dataclass(frozen=True, kw_only=True)
class ModelAccess:
    """The model that a coder may use, through the gateway: no real key is in here."""

    model: str
    """The provider's own name of the model, to be asked for as it is."""
    base_url: str
    """Of the wire that the coder talks: for `anthropic` without `/v1`, for `openai` with it."""
    token: str = field(repr=False)
    """Of this agent alone; ends with it."""


@dataclass(frozen=True, kw_only=True)
class CoderTask:
    """What a coder is started for."""

    prompt: str
    """The person's, byte for byte."""
    instructions: str
    """The prompt with the agent's number, branch and folder and its duty to commit."""
    seat: Seat
    python: str
    """The Python to run the coder's own files with."""
    access: ModelAccess | None = None
    restarted: bool = False
    """An earlier process of this agent has died; worktree and home are as it left them."""


@dataclass(frozen=True, kw_only=True)
class CoderStart:
    """How a coder is started: a program with its arguments, never a line for a shell."""

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside PATH, HOME and the git identity, which every agent has."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Put into the control folder before the start, by their names there."""
    stdin: bytes = b""
    programs: tuple[Path, ...] = ()
    """Folders of this machine that the local executor has to show for it to start."""


class AgentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an agent said or did, for people to read; text is capped."""

    kind: SayKind
    text: str


class CoderReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a coder said of itself, read from its output."""

    text: str = ""
    """Its last words."""
    failure: str = ""
    """What it reports as its failure, in a sentence; empty: it reports none."""
    denied: tuple[str, ...] = ()
    """Tools that it was not permitted to use."""
    messages: tuple[AgentMessage, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    """As the coder tells it; what the gateway has measured goes before."""


class CoderReader(Protocol):
    """Reads the output of one process of a coder as it comes."""

    def feed(self, piece: bytes) -> tuple[AgentMessage, ...]:
        """Take in output, cut anywhere; returns what is new for people to read."""
        ...

    def report(self) -> CoderReport:
        """What there is to say when the process has ended, whichever way."""
        ...


class Coder(Protocol):
    """A kind of coding agent that runs as a process in a sandbox."""

    @property
    def name(self) -> str:
        """As in `--coder`: `claude`, `codex`, `command`, `script`."""
        ...

    @property
    def wire(self) -> Wire | None:
        """The protocol of the model that it needs; None: it needs none of MAS's."""
        ...

    def start(self, task: CoderTask) -> CoderStart:
        """How to start it. Deterministic: after a crash it is asked again."""
        ...

    def reader(self) -> CoderReader:
        """A reader for one process."""
        ...
