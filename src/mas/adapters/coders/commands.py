"""Coding agents that are any command: `command:ARGV`, and presets for known ones (A7)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mas.adapters.coders.presets import Preset
from mas.adapters.coders.programs import folders_for, program_on
from mas.adapters.coders.reading import TextReader
from mas.core.coding import CoderReader, CoderStart, CoderTask, Wire
from mas.core.errors import UserError
from mas.core.language import plain

PROMPT_FILE: Final = "prompt.txt"
"""In the control folder: the person's prompt, byte for byte."""
INSTRUCTIONS_FILE: Final = "instructions.txt"
"""In the control folder: the prompt with the agent's place and duties."""
LONGEST_WORD_BYTES: Final = (1 << 17) - 1
"""Linux takes no longer word of a command; its ending zero is counted too."""

_PRESET_WORD_BYTES: Final = 100_000
"""Beyond this, a preset's agent is pointed to the file instead."""
_PLACE = re.compile(r"\{([a-z_]+)\}")
_TELLS = frozenset({"prompt", "prompt_file", "instructions", "instructions_file"})


@dataclass(frozen=True, kw_only=True)
class CommandCoder:
    """A coder that is a command of the person's own.

    `{prompt}`, `{prompt_file}`, `{instructions}`, `{instructions_file}`, `{workdir}`, `{agent}`
    and `{branch}` are replaced inside words, once: what a prompt holds is never looked at again.
    Where no word tells the prompt, it is on standard input. Implements `core.coding.Coder`.
    """

    words: tuple[str, ...]
    programs: tuple[Path, ...] = ()
    name: str = "command"
    wire: Wire | None = None

    def start(self, task: CoderTask) -> CoderStart:
        """See `Coder.start`.

        Raises:
            UserError: With the prompt in it, a word is too long to be given to a program
                (`prompt_too_long`), or it cannot be said in an argument (`bad_prompt`).
        """
        values = _values(task)
        argv = tuple(fill(word, values) for word in self.words)
        for word in argv:
            _check(word)
        told = any(_TELLS & set(_PLACE.findall(word)) for word in self.words)
        return CoderStart(
            argv=argv,
            files=_files(task),
            stdin=b"" if told else to_bytes(task.prompt),
            programs=self.programs,
        )

    def reader(self) -> CoderReader:
        """See `Coder.reader`: lines for people; the exit code tells how it went."""
        return TextReader()


@dataclass(frozen=True, kw_only=True)
class PresetCoder:
    """A known coding agent, as `presets.py` describes it. Implements `core.coding.Coder`."""

    preset: Preset
    programs: tuple[Path, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.preset.name

    @property
    def wire(self) -> Wire | None:
        return self.preset.wire

    def start(self, task: CoderTask) -> CoderStart:
        """See `Coder.start`."""
        values = _values(task)
        told = task.instructions
        if len(to_bytes(told)) > _PRESET_WORD_BYTES:
            file = values["instructions_file"]
            told = f"Read the file {file} to its end, and do what it says: it is your task."
        values |= {"instructions": told}
        if task.access is not None:
            values |= {
                "model": task.access.model,
                "base_url": task.access.base_url,
                "token": task.access.token,
            }
        return CoderStart(
            argv=tuple(fill(word, values) for word in self.preset.words),
            environment={
                name: fill(value, values) for name, value in self.preset.environment.items()
            }
            | (self.preset.more(task.access) if task.access is not None else {}),
            files=_files(task),
            programs=self.programs,
        )

    def reader(self) -> CoderReader:
        """See `Coder.reader`."""
        return TextReader()


def command_coder(line: str, *, path: str, installed: bool) -> CommandCoder:
    """The coder of `command:LINE`; the line is split as a shell splits words, and no shell is run.

    Args:
        path: The `PATH` on which its program is looked for.
        installed: Whether it runs on this machine; elsewhere it comes with the image.

    Raises:
        UserError: The line names no program or its quoting is wrong (`bad_coder`), or the program
            is not there (`coder_missing`).
    """
    try:
        words = tuple(shlex.split(line))
    except ValueError as exc:
        raise UserError(
            f"The command {plain(line, limit=80)!r} cannot be split into words: {exc}.",
            hint="Close every quote, and put a backslash before one that is meant as it is.",
            code="bad_coder",
        ) from exc
    if not words or not words[0]:
        raise UserError(
            "The coder command: names no program.",
            hint="Write it as command:PROGRAM ARGUMENTS, for example: command:my-agent {prompt}",
            code="bad_coder",
        )
    if "\0" in line:
        raise UserError(
            "The command of the coder holds a zero character.",
            hint="Leave the zero character out.",
            code="bad_coder",
        )
    programs = _programs(words[0], path) if installed and not _PLACE.search(words[0]) else ()
    return CommandCoder(words=words, programs=programs)


def preset_coder(preset: Preset, *, path: str, installed: bool) -> PresetCoder:
    """The coder of a preset.

    Raises:
        UserError: Its program is not there (`coder_missing`); the hint says how to install it.
    """
    if not installed:
        return PresetCoder(preset=preset)
    program = preset.program or preset.words[0]
    return PresetCoder(preset=preset, programs=_programs(program, path, install=preset.install))


def fill(word: str, values: Mapping[str, str]) -> str:
    """Put values for `{name}` in one pass; braces around anything else stay as they are."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1], found[0])

    return _PLACE.sub(value, word)


def to_bytes(text: str) -> bytes:
    """A prompt as it was typed, also where that was no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _values(task: CoderTask) -> dict[str, str]:
    seat = task.seat
    return {
        "prompt": task.prompt,
        "prompt_file": f"{seat.control}/{PROMPT_FILE}",
        "instructions": task.instructions,
        "instructions_file": f"{seat.control}/{INSTRUCTIONS_FILE}",
        "workdir": seat.worktree,
        "agent": str(seat.number),
        "branch": seat.branch,
    }


def _files(task: CoderTask) -> dict[str, bytes]:
    return {
        PROMPT_FILE: to_bytes(task.prompt),
        INSTRUCTIONS_FILE: to_bytes(task.instructions),
    }


def _check(word: str) -> None:
    if "\0" in word:
        raise UserError(
            "The prompt holds a zero character, which no program can be given in its arguments.",
            hint="Leave the zero character out, or let the command read {prompt_file}.",
            code="bad_prompt",
        )
    size = len(to_bytes(word))
    if size > LONGEST_WORD_BYTES:
        raise UserError(
            f"With the prompt in it, an argument of the coder has {size:,} bytes; "
            f"a program can be given {LONGEST_WORD_BYTES:,} at most.",
            hint="Use {prompt_file} (a file with the prompt) instead of {prompt} in the command.",
            code="prompt_too_long",
        )


def _programs(name: str, path: str, *, install: str = "") -> tuple[Path, ...]:
    program = program_on(path, name)
    if program is None:
        raise UserError(
            f"The program {plain(name, limit=80)} of the coder is not on the PATH.",
            hint=f"Install it: {install}" if install else "Install it, or give its whole path.",
            code="coder_missing",
        )
    return folders_for(program, path)
