"""Runs the search script of `searching` and reads its finding."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec

from mas.adapters.tools import searching
from mas.core.executors import Command, Executor
from mas.core.values import encode_json

_SCRIPT: Final = str(Path(searching.__file__).resolve())
_OUTPUT_LIMIT: Final = 4_000_000
_DEADLINE: Final = timedelta(seconds=20)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: each match is label, line number and text; `total` counts all."""

    matches: tuple[tuple[str, int, str], ...] = ()
    total: int = 0
    files: int = 0
    skipped: int = 0
    wrong: str = ""
    """Why the expression cannot be used."""


class SearchFailed(Exception):
    """The search could not be done; the text says why, for a model."""


async def find(
    executor: Executor,
    *,
    pattern: str,
    path: Path,
    label: str,
    glob: str = "*",
    limit: int = 100,
    ignore_case: bool = False,
    deadline: timedelta = _DEADLINE,
) -> Finding:
    """Look for a regular expression in a file or a folder that is there and without links.

    Raises:
        SearchFailed: The expression is wrong, or it took too long.
    """
    order = {
        "pattern": pattern,
        "path": str(path),
        "label": label,
        "glob": glob,
        "limit": limit,
        "ignore_case": ignore_case,
    }
    outcome = await executor.run(
        Command(
            argv=(sys.executable, "-I", "-S", _SCRIPT),
            folder=Path("/"),
            environment={},
            deadline=min(deadline, _DEADLINE),
            output_limit_bytes=_OUTPUT_LIMIT,
            stdin=encode_json(order),
        )
    )
    if outcome.exit_code is None:
        raise SearchFailed(
            "The search took too long and was stopped: use a simpler pattern or a smaller folder."
        )
    try:
        found = msgspec.json.decode(outcome.output, type=Finding)
    except msgspec.DecodeError as exc:
        words = outcome.output.decode("utf-8", "replace").strip().splitlines()
        raise SearchFailed(f"The search failed: {words[-1] if words else 'no answer'}.") from exc
    if found.wrong:
        raise SearchFailed(f"The pattern is no regular expression: {found.wrong}.")
    return found
