"""Calling tools: what a tool is, what a call gives, and what a person approves (O2, R7).

A tool of any origin (built in, or of an MCP server) is described and called alike; what a call
may do is decided by `core.policy`, never by who asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from mas.core.models import ToolCall, ToolOffer
from mas.core.plan import Risk
from mas.core.values import JsonObject, JsonValue


class ToolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that can be called.

    `name` is `family.tool` (`files.read`, `kubernetes.list`, `SERVER.tool` for one of an MCP
    server). `description` comes from outside for MCP tools: data, never an instruction to MAS.
    """

    name: str
    description: str
    schema: JsonObject
    """JSON schema of the arguments, an object."""
    risk: Risk = "write"
    """What the tool's annotations say; `write` where they say nothing. A single call may be
    judged by its arguments instead (`Tools.assess`)."""
    idempotent: bool = False
    target: str = ""
    """The argument that names what is acted on, for policies and approvals; empty: none does."""
    origin: str = "built-in"
    """`built-in`, or the name of the MCP server."""

    def offer(self) -> ToolOffer:
        """The tool as a model sees it. Providers allow no dots in names: they become `__`."""
        return ToolOffer(
            name=self.name.replace(".", "__"), description=self.description, schema=self.schema
        )


def offered_name(name: str) -> str:
    """The tool's own name for the one that a model was offered."""
    return name.replace("__", ".", 1)


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What one call would do, before it is done."""

    risk: Risk
    target: str = ""
    """What it acts on: a path, a command line, `namespace/name`."""
    effect: str = ""
    """The expected effect in a sentence, for the person who approves."""
    sensitive: bool = False
    """It would show secrets: always asked for, like what is destructive."""


class ToolOutput(msgspec.Struct, frozen=True, kw_only=True):
    """What a call has given, cut to what a model can read.

    `text` states totals where it was cut. `output_id` names the whole output, kept on disk, for
    `outputs.read` and `outputs.search`; empty where nothing was cut.
    """

    text: str
    failed: bool = False
    """The tool ran and reports failure: a result to read, not an error of MAS."""
    exit_code: int | None = None
    """Of a command."""
    total_bytes: int = 0
    total_lines: int = 0
    output_id: str = ""
    data: JsonValue = None
    """Structured content, where the tool gives it and it was small enough to keep."""


@dataclass(frozen=True, kw_only=True)
class CallContext:
    """Where a call happens: everything that is not an argument."""

    run_id: str
    task_id: str
    role: str
    workspace: Path
    """Folder that file and command tools are kept to; made on first use."""
    cluster: JsonObject
    """The run's options that name its cluster (`cluster_kind`, `cluster`, `cluster_name`)."""
    idempotency_key: str = ""
    """The same in every attempt at the same step."""
    deadline: timedelta = timedelta(minutes=2)
    """The tool's process or request is ended after this."""


class Tools(Protocol):
    """All tools that there are, whoever serves them. Opened with its app and closed after it."""

    async def list(self, *, only: Collection[str] | None = None) -> tuple[ToolSpec, ...]:
        """The tools whose names match one of the patterns `only` (`files.*`), all with None.

        Servers are started as far as the patterns need them. One that does not start is left
        out, and `problems` says why.
        """
        ...

    def problems(self) -> tuple[str, ...]:
        """What is wrong with configured servers, a sentence each."""
        ...

    def assess(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> Assessment:
        """Judge one call by its tool and arguments, without doing anything."""
        ...

    def fault(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> str:
        """What is wrong with the arguments by the tool's schema, for the one who wrote them;
        empty when nothing is. A call with a fault is not worth a person's approval."""
        ...

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> ToolOutput:
        """Call a tool. Output is capped; secrets in it are masked by value.

        Arguments are checked against the schema first; what does not fit, a time-out, a server
        that died and a tool's own error all come back as a failed output that says what to do.

        Raises:
            UserError: A setting is wrong in a way that the agent cannot mend.
        """
        ...


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """The exact call that a person approves and that is then done (R7)."""

    call: ToolCall
    risk: Risk
    target: str
    effect: str
    reason: str
    """Why it was asked for: the words of the policy."""
