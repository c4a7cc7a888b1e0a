"""What the toolbox asks of a family of tools, built in or served by MCP servers (O2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.values import JsonValue

BUILT_IN = "built-in"
"""`ToolSpec.origin` of the tools that come with MAS."""


@dataclass(frozen=True, kw_only=True)
class RawOutput:
    """What a call has given, whole: not masked, not cut.

    `text` as bytes is decoded by the toolbox, with what cannot be decoded replaced.
    """

    text: str | bytes
    failed: bool = False
    exit_code: int | None = None
    """Of a command that came to its end."""
    data: JsonValue = None
    """Structured content, where there is any."""
    total_bytes: int | None = None
    """How much there was, where `text` is not all of it."""


class ToolFamily(Protocol):
    """Tools that belong together: what they are and how they are called."""

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools whose names match one of the patterns; all with None."""
        ...

    def assess(self, spec: ToolSpec, arguments: Mapping[str, JsonValue]) -> Assessment | None:
        """Judge one call by its arguments; None: the tool's own risk and target say it all.

        Arguments have not been checked when this is called.
        """
        ...

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Call a tool with arguments that fit its schema.

        What goes wrong comes back as a failed output, written for a model: what happened and
        what to do. When cancelled, everything that it started is gone before it returns.
        """
        ...

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the family just now, a sentence each."""
        ...


def matching(specs: Iterable[ToolSpec], patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
    """Those of the tools whose names match one of the patterns (`files.*`); all with None."""
    if patterns is None:
        return tuple(specs)
    return tuple(
        spec for spec in specs if any(fnmatchcase(spec.name, pattern) for pattern in patterns)
    )


def failed(text: str) -> RawOutput:
    """A call that did not do what it should; `text` says why, and what to do instead."""
    return RawOutput(text=text, failed=True)
