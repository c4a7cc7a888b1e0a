"""Tools that page through whole outputs that are kept on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from mas.adapters.tools import schemas
from mas.adapters.tools.family import RawOutput, failed, matching
from mas.adapters.tools.finding import SearchFailed, find
from mas.adapters.tools.given import Arguments, number_of, switch_of, text_of
from mas.adapters.tools.kept import KeptOutputs
from mas.core.calls import Assessment, CallContext, ToolSpec
from mas.core.executors import Executor
from mas.core.values import JsonValue

_LINES: Final = 100
_MOST_LINES: Final = 2000
_LONGEST_LINE: Final = 4000
_ROOM: Final = 7500
"""Characters of one page, so that the toolbox has nothing to cut."""

_READ = ToolSpec(
    name="outputs.read",
    description="Read lines of an output that was too long to be shown whole.",
    schema=schemas.arguments(
        {
            "id": schemas.text("Id of the output, such as o3."),
            "offset": schemas.number("First line, counted from 1."),
            "limit": schemas.number("How many lines; 100 unless given.", most=_MOST_LINES),
            "column": schemas.number("First character of the first line, for very long lines."),
        },
        needed=("id",),
    ),
    risk="read",
    idempotent=True,
    target="id",
)
_SEARCH = ToolSpec(
    name="outputs.search",
    description="Look for a regular expression (Python's) in the lines of a kept output.",
    schema=schemas.arguments(
        {
            "id": schemas.text("Id of the output, such as o3."),
            "pattern": schemas.text("Regular expression.", least=1),
            "limit": schemas.number("How many matches; 50 unless given.", most=500),
            "ignore_case": schemas.switch("Whether upper and lower case are the same."),
        },
        needed=("id", "pattern"),
    ),
    risk="read",
    idempotent=True,
    target="id",
)


class OutputTools:
    """`outputs.*`; a `ToolFamily`."""

    def __init__(self, kept: KeptOutputs, executor: Executor) -> None:
        self._kept = kept
        self._executor = executor

    async def specs(self, patterns: Collection[str] | None) -> tuple[ToolSpec, ...]:
        """The tools that match."""
        return matching((_READ, _SEARCH), patterns)

    def assess(self, spec: ToolSpec, arguments: Arguments) -> Assessment | None:  # noqa: ARG002
        """Nothing to add: both read."""
        return None

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()

    async def call(
        self, spec: ToolSpec, arguments: Mapping[str, JsonValue], context: CallContext
    ) -> RawOutput:
        """Read or search one output of the run."""
        name = text_of(arguments, "id")
        path = self._kept.path(context.run_id, name)
        if path is None:
            known = self._kept.known(context.run_id)[:10]
            there = f"There are: {', '.join(known)}." if known else "This run has none so far."
            return failed(f"There is no kept output {name}. {there}")
        if spec.name == _READ.name:
            return await asyncio.to_thread(_page, path, name, arguments)
        try:
            found = await find(
                self._executor,
                pattern=text_of(arguments, "pattern"),
                path=path,
                label=name,
                limit=number_of(arguments, "limit", 50),
                ignore_case=switch_of(arguments, "ignore_case"),
                deadline=context.deadline,
            )
        except SearchFailed as exc:
            return failed(str(exc))
        if not found.total:
            return RawOutput(text=f"No line of {name} matches {text_of(arguments, 'pattern')}.")
        lines = [f"{at}: {text}" for _, at, text in found.matches]
        head = f"{len(found.matches):,} of {found.total:,} matching lines of {name}:"
        return RawOutput(text="\n".join([head, *lines]))


def _page(path: Path, name: str, arguments: Arguments) -> RawOutput:
    """Some lines, as many as fit; said with the total and how to go on."""
    first = number_of(arguments, "offset", 1)
    most = number_of(arguments, "limit", _LINES)
    column = number_of(arguments, "column", 1)
    shown: list[str] = []
    room = _ROOM
    total = 0
    full = False
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for total, line in enumerate(file, start=1):
            if total < first or full or len(shown) >= most:
                continue
            text = _part(line.rstrip("\n"), column if total == first else 1)
            full = bool(shown) and len(text) > room
            if not full:
                shown.append(text)
                room -= len(text) + 1
    if not shown:
        return failed(f"{name} has {total:,} lines: there is no line {first:,}.")
    last = first + len(shown) - 1
    more = f"; go on with offset {last + 1}" if last < total else ""
    return RawOutput(
        text="\n".join([f"Lines {first:,} to {last:,} of {total:,} of {name}{more}:", *shown])
    )


def _part(line: str, column: int) -> str:
    rest = line[column - 1 :]
    if len(rest) <= _LONGEST_LINE:
        return rest
    at = column + _LONGEST_LINE
    return f"{rest[:_LONGEST_LINE]} ... {len(line):,} characters in this line; go on at column {at}"
