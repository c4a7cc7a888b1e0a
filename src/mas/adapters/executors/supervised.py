"""A command below its supervising process, as MAS sees it: ordered, followed, ended (S1, S2).

Stopping is: TERM to all, wait for the grace, KILL until nobody is left. The supervisor does that
when it is told to, and when this process is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from mas.adapters.executors import supervisor
from mas.adapters.executors.capture import Capture
from mas.core.errors import Permanent, UserError
from mas.core.executors import Command, CommandOutcome, Ending

_SLACK: Final = timedelta(seconds=15)
"""For the supervisor to end a tree that does not want to, after the grace."""
_PIECE: Final = 1 << 18
_SIGNAL_BASE: Final = 128
_SUPERVISOR: Final = str(Path(supervisor.__file__).resolve())
_HOW_IT_WENT: Final = (b"exit", b"signal", b"oom", b"lost")

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a supervisor is told to start; the options are those of its docstring."""

    folder: Path
    argv: Sequence[str]
    environment: Mapping[str, str]
    options: Sequence[tuple[str, str]] = ()

    def encoded(self, grace: timedelta) -> bytes:
        """As the supervisor reads it.

        Raises:
            UserError: The command has no program, or holds a zero character.
        """
        parts = [
            str(self.folder),
            *self.argv,
            *(f"{name}={value}" for name, value in self.environment.items()),
            *(f"{name}={value}" for name, value in self.options),
        ]
        check_words(self.argv, parts)
        body = b"\0".join(part.encode("utf-8", "surrogateescape") for part in parts)
        milliseconds = round(grace / timedelta(milliseconds=1))
        counts = (len(self.argv), len(self.environment), len(self.options))
        return " ".join(map(str, (*counts, milliseconds, len(body)))).encode() + b"\n" + body


def check_words(argv: Sequence[str], parts: Sequence[str]) -> None:
    """Refuse what no system can run.

    Raises:
        UserError: There is no program, or a part holds a zero character.
    """
    if not argv or not argv[0]:
        raise UserError(
            "The command names no program.", hint="Give the program first.", code="no_program"
        )
    if any("\0" in part for part in parts):
        raise UserError(
            "A word of the command holds a zero character.",
            hint="Leave the zero character out.",
            code="bad_command",
        )


@dataclass(kw_only=True, eq=False)
class Running:
    """One supervised command. What is open belongs to it until `close`."""

    command: Command
    grace: timedelta
    process: subprocess.Popen[bytes]
    control: socket.socket
    output: int
    began: float = field(default_factory=time.monotonic)
    told: dict[bytes, int] = field(default_factory=dict)
    ended: float | None = None

    async def outcome(self, order: bytes) -> CommandOutcome:
        """Send the order and follow the command until its tree is gone."""
        capture = Capture(self.command.output_limit_bytes)
        in_time = True
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(order))
            reading = group.create_task(self._read(capture))
            done, _ = await asyncio.wait({listening}, timeout=self.command.deadline.total_seconds())
            if not done:
                in_time = self.ended is not None
                await self._stop({listening, reading})
            await asyncio.wait({reading}, timeout=self._patience)
            reading.cancel()
        self._refuse_what_did_not_start()
        code, ended = self._ending() if in_time else (None, "deadline")
        if in_time and code is None:
            self._refuse_what_was_lost(capture.output())
        return CommandOutcome(
            exit_code=code,
            output=capture.output(),
            total_bytes=capture.total_bytes,
            took=timedelta(seconds=(self.ended or time.monotonic()) - self.began),
            ended=ended,
        )

    def _ending(self) -> tuple[int | None, Ending]:
        if b"oom" in self.told:
            return _SIGNAL_BASE + signal.SIGKILL, "oom"
        if b"signal" in self.told:
            return _SIGNAL_BASE + self.told[b"signal"], "signal"
        return self.told.get(b"exit"), "exit"

    @property
    def _patience(self) -> float:
        return (self.grace + _SLACK).total_seconds()

    async def _stop(self, tasks: set[asyncio.Task[None]]) -> None:
        with contextlib.suppress(OSError):
            self.control.send(b"S")
        done, _ = await asyncio.wait(tasks, timeout=self._patience)
        if done != tasks:
            self._kill()
            for task in tasks:
                task.cancel()

    async def _listen(self, order: bytes) -> None:
        """Give the order, and take in what the supervisor tells until it is gone."""
        loop = asyncio.get_running_loop()
        text = b""
        with contextlib.suppress(ConnectionError):
            await loop.sock_sendall(self.control, order)
            while piece := await loop.sock_recv(self.control, _PIECE):
                text += piece
                *lines, text = text.split(b"\n")
                for line in lines:
                    kind, _, number = line.partition(b" ")
                    self.told[kind] = int(number)
                    if kind in _HOW_IT_WENT:
                        self.ended = time.monotonic()

    async def _read(self, capture: Capture) -> None:
        """Read output until every process that could write is gone."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_PIECE)
        pipe = os.fdopen(os.dup(self.output), "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while piece := await reader.read(_PIECE):
                capture.add(piece)
                if self.command.on_output is not None:
                    self.command.on_output(piece)
        finally:
            transport.close()

    def _refuse_what_did_not_start(self) -> None:
        program, folder = self.command.argv[0], self.command.folder
        if b"folder" in self.told:
            raise no_folder(program, folder)
        number = self.told.get(b"program")
        if number == errno.ENOENT:
            raise UserError(
                f"There is no program {program}.",
                hint="Install it, or check its name and the PATH.",
                code="no_program",
            )
        if number is not None:
            raise UserError(
                f"{program} cannot be run: {os.strerror(number)}.",
                hint="Check that it is a program that this user may run.",
                code="no_program",
            )
        for step, what in ((b"network", "The network cannot be closed"), (b"broken", "Isolation")):
            if step in self.told:
                verb = "" if step == b"network" else " does not work"
                raise UserError(
                    f"{what}{verb} here: {os.strerror(self.told[step])}.",
                    hint="Install bubblewrap, or use another executor.",
                    code="no_isolation",
                )

    def _refuse_what_was_lost(self, output: bytes) -> None:
        said = output.decode("utf-8", "replace").strip().rpartition("\n")[2]
        if said.startswith("bwrap: "):
            raise UserError(
                f"Bubblewrap could not isolate {self.command.argv[0]}: {said[len('bwrap: ') :]}.",
                hint="Check that the folders of the sandbox are there and may be read.",
                code="no_isolation",
            )
        raise Permanent(
            f"The process that supervised {self.command.argv[0]} was ended from outside.",
            hint="Look whether the machine is short of memory, and run the command again.",
            code="command_lost",
        )

    async def close(self) -> None:
        """End what still runs, and close what is open."""
        with contextlib.suppress(OSError):
            # The supervisor sees the end of its channel, ends the tree and goes.
            self.control.shutdown(socket.SHUT_WR)
        try:
            await asyncio.to_thread(self.process.wait, self._patience)
        except subprocess.TimeoutExpired:
            self._kill()
            await asyncio.to_thread(self.process.wait)
        finally:
            self.control.close()
            os.close(self.output)

    def _kill(self) -> None:
        """The last resort, when the supervisor itself does not answer."""
        for group in (self.told.get(b"started"), self.process.pid):
            if group is not None:
                with contextlib.suppress(OSError):
                    os.killpg(group, signal.SIGKILL)


def no_folder(program: str, folder: Path) -> UserError:
    """The error for a folder that is not there."""
    return UserError(
        f"There is no folder {folder} to run {program} in.",
        hint="Make it first, or name another one.",
        code="no_folder",
    )


def start(command: Command, grace: timedelta, *, inherited: Sequence[int] = ()) -> Running:
    """Start the supervisor; the command itself starts with the order.

    `inherited` are descriptors that the supervisor gets too, by the same numbers.
    """
    with contextlib.ExitStack() as stack:
        ours, theirs = socket.socketpair()
        stack.callback(theirs.close)
        read_end, write_end = os.pipe()
        stack.callback(os.close, write_end)
        stdin = stack.enter_context(readable_file(command.stdin))
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and script
                [sys.executable, "-I", "-S", _SUPERVISOR, str(theirs.fileno())],
                stdin=stdin,
                stdout=write_end,
                stderr=write_end,
                pass_fds=(theirs.fileno(), *inherited),
                start_new_session=True,
                env={},
                cwd="/",
            )
        except OSError as exc:
            ours.close()
            os.close(read_end)
            raise Permanent(
                f"No process could be started: {exc.strerror}.",
                hint="Look whether the machine is short of memory or processes.",
                code="no_process",
            ) from exc
        ours.setblocking(False)
        return Running(command=command, grace=grace, process=process, control=ours, output=read_end)


@contextlib.contextmanager
def readable_file(data: bytes) -> Iterator[int]:
    """A descriptor from which `data` can be read, whether or not anybody does."""
    with tempfile.TemporaryFile() as stream:
        stream.write(data)
        stream.seek(0)
        yield stream.fileno()
