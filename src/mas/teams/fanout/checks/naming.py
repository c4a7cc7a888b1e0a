"""Checks that a person has named, and which runner a command line starts (F5, Q1)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from mas.core.errors import UserError
from mas.teams.fanout.checks.model import Check, CheckKind, Reason

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?|pypy(\d+)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def given_checks(commands: Sequence[str]) -> tuple[Check, ...]:
    """The checks that `--check` names. Words are split as a shell splits them; none is involved.

    Raises:
        UserError: A command is empty or its quotes do not match (`bad_check`).
    """
    return tuple(
        Check(
            id=f"check-{number}",
            argv=words,
            kind=kind_of(words),
            why=Reason(key="why.given"),
            command=command.strip(),
        )
        for number, command in enumerate(commands, start=1)
        for words in [_split(command)]
    )


def kind_of(argv: Sequence[str]) -> CheckKind:
    """The runner that a command line starts; `command` where the line does not tell."""
    words = _without_assignments(argv)
    names = [PurePosixPath(word).name for word in words]
    modules = [after for word, after in pairwise(words) if word == "-m"]
    if any(name in ("pytest", "py.test") for name in (*names[:3], *modules)):
        return "pytest"
    if not names:
        return "command"
    if _PYTHON.fullmatch(names[0]) and modules[:1] == ["unittest"]:
        return "unittest"
    match names[0], *words[1:]:
        case ["go", "test", *_]:
            return "go"
        case ["cargo", *rest] if _first_plain(rest) in ("test", "t"):
            return "cargo"
        case ["npm" | "pnpm" | "yarn" | "npx" | "node" | "bun", *_]:
            return "npm"
        case ["make" | "gmake", *_]:
            return "make"
    return "command"


def _split(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as exc:
        raise UserError(
            f"The check {command!r} cannot be split into words: {exc}.",
            hint="Close its quotes; the command is run without a shell.",
            code="bad_check",
        ) from exc
    if not words or not words[0]:
        raise UserError(
            "A check names no command.",
            hint='Give a command line, such as --check "pytest -q".',
            code="bad_check",
        )
    if any("\0" in word for word in words):
        raise UserError("A check holds a zero character.", hint="Leave it out.", code="bad_check")
    return words


def _without_assignments(argv: Sequence[str]) -> list[str]:
    """`env A=b CMD` starts CMD."""
    words = list(argv)
    if words and PurePosixPath(words[0]).name == "env":
        del words[0]
        while words and _ASSIGNMENT.match(words[0]):
            del words[0]
    return words


def _first_plain(words: Sequence[str]) -> str:
    return next((word for word in words if not word.startswith(("-", "+"))), "")
