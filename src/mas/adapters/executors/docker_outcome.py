"""How a command in a container has ended."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from typing import Final

from mas.adapters.executors.capture import Capture
from mas.adapters.executors.docker_container import Seen
from mas.adapters.executors.docker_stream import LastWords
from mas.core.errors import MasError, Permanent, UserError
from mas.core.executors import Command, CommandOutcome, Ending

_KILLED: Final = 137
_SIGNAL_BASE: Final = 128


def judged(
    command: Command,
    capture: Capture,
    words: LastWords | None,
    seen: Seen | None,
    *,
    in_time: bool,
    followed: timedelta,
    adopted: bool,
) -> CommandOutcome:
    """How a command ended, from its last words and from what the engine knows.

    Args:
        command: What was run.
        capture: What it has said.
        words: None when its supervisor did not come to say anything.
        seen: None when the container is gone.
        in_time: False when it had to be ended at its deadline from outside.
        followed: How long this process has followed it, for an engine that tells no times.
        adopted: Another process had started it.

    Raises:
        UserError: It could not start (`no_program`, `no_folder`).
        Permanent: Nobody knows how it ended (`command_lost`).
    """
    out_of_memory = seen is not None and seen.out_of_memory
    ending: Ending = "exit"
    code: int | None = None
    if words is not None and words.kind in ("folder", "program"):
        raise _did_not_start(command, words)
    if not in_time or (words is not None and words.kind == "deadline"):
        ending = "deadline"
    elif words is None:
        if not out_of_memory:
            raise Permanent(
                f"The container of {command.argv[0]} ended without telling how.",
                hint="Somebody has killed it, or it has killed all of itself: run it again.",
                code="command_lost",
            )
        ending, code = "oom", _KILLED
    else:
        is_signal = words.kind == "signal"
        code = _SIGNAL_BASE + words.number if is_signal else words.number
        ending = "signal" if is_signal else "exit"
        if out_of_memory and code == _KILLED:
            ending = "oom"
    took = seen.took if seen is not None else None
    return CommandOutcome(
        exit_code=code,
        output=capture.output(),
        total_bytes=max(words.total_bytes if words else 0, capture.total_bytes),
        took=took if took is not None else followed,
        ended=ending,
        adopted=adopted,
    )


def _did_not_start(command: Command, words: LastWords) -> MasError:
    if words.kind == "folder":
        return UserError(
            f"The command does not see the folder {command.folder}: {os.strerror(words.number)}.",
            hint="Show it to the command: it has to lie in a folder of its sandbox.",
            code="no_folder",
        )
    program = command.argv[0]
    said = f"There is no program {program} in the image"
    if words.number != errno.ENOENT:
        said = f"{program} cannot be run in the image: {os.strerror(words.number)}"
    return UserError(
        f"{said}.",
        hint="Install it in the image, or check its name and the PATH.",
        code="no_program",
    )
