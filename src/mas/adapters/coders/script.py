"""Coders that follow a script, without any model: `script:FILE` (A7).

The format of the file is in docs/coders.md. `mas.testing.script_coder` carries it out inside the
sandbox; it is one file, handed over with the script.
"""

from __future__ import annotations

import base64
import binascii
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

import mas
from mas.adapters.coders.commands import INSTRUCTIONS_FILE, PROMPT_FILE, to_bytes
from mas.adapters.coders.reading import EventReader
from mas.adapters.small_file import UnusableFile, read_small_file
from mas.core.coding import CoderReader, CoderStart, CoderTask, Wire
from mas.core.errors import UserError

LIMIT_BYTES: Final = 10_000_000
SCRIPT_FILE: Final = "script.json"
_RUNNER: Final = "script_coder.py"
_KINDS: Final = "write append delete run commit say use sleep wait_for fail kill leave git".split()
_MOST_AGENTS: Final = 10

_Argv = Annotated[tuple[str, ...], Meta(min_length=1)]
_Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step; the field that names its kind is there, and those that go with it."""

    write: str | None = None
    append: str | None = None
    delete: str | None = None
    run: _Argv | None = None
    commit: str | None = None
    say: str | None = None
    use: str | None = None
    sleep: _Seconds | None = None
    wait_for: str | None = None
    fail: str | None = None
    kill: str | None = None
    leave: _Argv | None = None
    git: _Argv | None = None

    text: str | None = None
    base64: str | None = None
    size: Annotated[int, Meta(ge=0, le=10_000_000_000)] | None = None
    executable: bool | None = None
    paths: _Argv | None = None
    exit: Annotated[int, Meta(ge=0, le=255)] | None = None
    any_exit: bool | None = None
    seconds: _Seconds | None = None
    may_fail: bool = False

    def __post_init__(self) -> None:
        named = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(named) != 1:
            here = ", ".join(named) or "none"
            raise ValueError(f"a step has exactly one of {', '.join(_KINDS)} (here: {here})")
        self._check_fields(named[0])

    def _check_fields(self, kind: str) -> None:
        for name in (
            "text",
            "base64",
            "size",
            "executable",
            "paths",
            "exit",
            "any_exit",
            "seconds",
        ):
            if getattr(self, name) is not None and name not in _FIELDS[kind]:
                raise ValueError(f"{name} does not go with {kind}")
        contents = [one for one in ("text", "base64", "size") if getattr(self, one) is not None]
        if kind in ("write", "append") and len(contents) != 1:
            raise ValueError(f"{kind} needs exactly one of {', '.join(_CONTENTS[kind])}")
        if self.base64 is not None:
            _check_base64(self.base64)
        if self.kill is not None and self.kill not in _signals():
            raise ValueError(f"kill names no signal: {self.kill[:40]!r} (for example KILL, TERM)")
        if self.fail is not None and self.exit == 0:
            raise ValueError("fail needs an exit code other than 0")


_CONTENTS: Final = {"write": ("text", "base64", "size"), "append": ("text", "base64")}
_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "write": (*_CONTENTS["write"], "executable"),
    "append": _CONTENTS["append"],
    "delete": (),
    "run": ("exit", "any_exit"),
    "commit": ("paths",),
    "say": (),
    "use": ("text",),
    "sleep": (),
    "wait_for": ("seconds",),
    "fail": ("exit",),
    "kill": (),
    "leave": (),
    "git": ("exit", "any_exit"),
}
_ALL_FIELDS: Final = tuple(sorted({name for names in _FIELDS.values() for name in names}))


class _Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file. Agents that `agents` does not name follow `steps`."""

    steps: tuple[_Step, ...] = ()
    agents: dict[str, tuple[_Step, ...]] = {}

    def __post_init__(self) -> None:
        numbers = {str(number) for number in range(1, _MOST_AGENTS + 1)}
        for name in self.agents:
            if name not in numbers:
                raise ValueError(f"{name[:40]!r} is no number of an agent (1 to {_MOST_AGENTS})")


@dataclass(frozen=True, kw_only=True)
class ScriptCoder:
    """A coder that does what a file says. Implements `core.coding.Coder`."""

    script: bytes
    name: str = "script"
    wire: Wire | None = None

    def start(self, task: CoderTask) -> CoderStart:
        """See `Coder.start`."""
        seat = task.seat
        return CoderStart(
            argv=(
                task.python,
                "-B",
                f"{seat.control}/{_RUNNER}",
                f"{seat.control}/{SCRIPT_FILE}",
                str(seat.number),
                seat.worktree,
            ),
            files={
                _RUNNER: _runner(),
                SCRIPT_FILE: self.script,
                PROMPT_FILE: to_bytes(task.prompt),
                INSTRUCTIONS_FILE: to_bytes(task.instructions),
            },
        )

    def reader(self) -> CoderReader:
        """See `Coder.reader`."""
        return EventReader()


def script_coder(file: Path) -> ScriptCoder:
    """The coder that follows the script in a file.

    Raises:
        UserError: The file cannot be read, or is no script (`bad_script`); the place is named.
    """
    try:
        text = read_small_file(file, limit_bytes=LIMIT_BYTES)
    except FileNotFoundError as exc:
        raise _bad(f"There is no script {file}.") from exc
    except UnusableFile as exc:
        raise _bad(f"The script {file} cannot be used: {exc.reason}.") from exc
    data = text.encode()
    try:
        msgspec.json.decode(data, type=_Script)
    except msgspec.MsgspecError as exc:
        raise _bad(f"{file} is no script for a coder: {_told(data, exc)}.") from exc
    return ScriptCoder(script=data)


def _bad(message: str) -> UserError:
    return UserError(
        message,
        hint="Give a JSON file as in --coder script:FILE; docs/coders.md describes its steps.",
        code="bad_script",
    )


def _told(data: bytes, error: msgspec.MsgspecError) -> str:
    """The error with its place, in the words of the file."""
    if isinstance(error, msgspec.ValidationError):
        return str(error).replace("$.", "").replace("$", "the file")
    position = str(error).rpartition("(byte ")[2].rstrip(")")
    if position.isdigit():
        line = data[: int(position)].count(b"\n") + 1
        return f"line {line} is no JSON ({str(error).partition(' (byte')[0]})"
    return "it is no whole JSON document"


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise ValueError(f"base64 cannot be decoded: {exc}") from exc


def _signals() -> set[str]:
    return {one.name.removeprefix("SIG") for one in signal.Signals}


def _runner() -> bytes:
    # Read, never imported: what carries a script out is no part of the product.
    return (Path(mas.__file__).parent / "testing" / _RUNNER).read_bytes()
