"""Scripts of the repository that a check runs, and that therefore judge (F5)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from mas.teams.fanout.checks.model import Check

_SHELLS: Final = frozenset({"sh", "bash", "dash", "zsh", "ksh", "source", "."})
_INTERPRETER: Final = re.compile(r"(python|pypy)[\d.]*|node|deno|bun|ruby|perl|php|Rscript|lua")
_JUDGES: Final = re.compile(
    r"test|check|verif|valid|spec|lint|assert|smoke|e2e|accept|judge|grade|expect|(^|[_.-])ci[_.-]",
    re.IGNORECASE,
)
_SEPARATORS: Final = frozenset({"&&", "||", ";", "|", "&", "(", ")", "{", "}", "then", "do"})


def judging_scripts(checks: Sequence[Check], files: Collection[str]) -> frozenset[str]:
    """Files of the base that the command lines of the checks run in order to judge.

    A script for a shell judges whatever it is called. A program in another language may be what is
    to be worked on, as in `python app.py`; it judges when its name says so.
    """
    known = frozenset(files)
    return frozenset(
        path
        for check in checks
        for path in _started(check.argv)
        if path in known and (path.endswith((".sh", ".bash")) or _JUDGES.search(path))
    ) | frozenset(path for check in checks for path in _shell_scripts(check.argv) if path in known)


def _started(argv: Sequence[str]) -> Iterator[str]:
    """Paths that stand where a program or its script stands."""
    for line in _lines(argv):
        yield from (_path(word) for word in line[:1])
        if line and (
            _INTERPRETER.fullmatch(PurePosixPath(line[0]).name)
            or PurePosixPath(line[0]).name in _SHELLS
        ):
            yield from (_path(word) for word in line[1:] if not word.startswith("-"))


def _shell_scripts(argv: Sequence[str]) -> Iterator[str]:
    for line in _lines(argv):
        if line and PurePosixPath(line[0]).name in _SHELLS:
            yield from (_path(word) for word in line[1:2] if not word.startswith("-"))


def _lines(argv: Sequence[str]) -> Iterator[list[str]]:
    """The command itself, and those of a `-c` text of a shell."""
    yield list(argv)
    if PurePosixPath(argv[0]).name not in _SHELLS:
        return
    for word in argv[1:]:
        try:
            split = list(shlex.shlex(word, posix=True, punctuation_chars=True))
        except ValueError:
            continue
        line: list[str] = []
        for part in [*split, ";"]:
            if part in _SEPARATORS:
                yield line
                line = []
            else:
                line.append(part)


def _path(word: str) -> str:
    return str(PurePosixPath(word.partition("::")[0]))
