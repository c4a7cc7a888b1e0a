"""A server as a process of its own, spoken to over its standard input and output.

Differs from the library's own transport: the environment is built from nothing, a line has a
bound, what is no message is skipped without a word to the session, and nothing of the process's
tree stays behind. Stopping: close its input, wait, TERM to the tree, wait, KILL.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import INTERNAL_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter

from mas.adapters.mcp.config import ServerConfig
from mas.adapters.mcp.limits import Limits
from mas.adapters.mcp.lines import Lines, TooLong
from mas.adapters.mcp.log import BoundedLog
from mas.adapters.mcp.processes import end_tree, tree_of
from mas.core.language import plain

_CHUNK: Final = 1 << 16
_LONGEST_LOG_LINE: Final = 1 << 16
_LOGGED_AT_ONCE: Final = 100
_LOGGED_NOISE: Final = 1_000
_EXIT_WAIT: Final = timedelta(seconds=1)

Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]


class CannotStart(Exception):
    """A server that cannot even be begun; the text says why, as the end of a sentence."""


class StdioLink:
    """One life of a server's process."""

    def __init__(self, server: ServerConfig, *, limits: Limits, log: BoundedLog) -> None:
        self._server = server
        self._limits = limits
        self._log = log
        self._process: Process | None = None
        self._noise = 0
        self._first_noise = ""
        self._last_error = ""
        self._lost = ""
        self.over = asyncio.Event()
        """Set when the server has closed its output, whoever wanted that."""

    def account(self) -> str:
        """What is known of how it ended, for a sentence in brackets; empty: nothing."""
        parts = [self._lost] if self._lost else []
        code = self._process.returncode if self._process else None
        if code is not None:
            parts.append(f"signal {-code}" if code < 0 else f"exit code {code}")
        if self._last_error:
            parts.append(f"it last said: {plain(self._last_error)}")
        if self._noise:
            parts.append(
                f"{self._noise} lines on its standard output were no messages, the first: "
                f"{plain(self._first_noise, limit=80)!r}"
            )
        return "; ".join(parts)

    @asynccontextmanager
    async def streams(self) -> AsyncGenerator[TransportStreams]:
        """Start the process, and end it with all its children.

        Raises:
            CannotStart: There is no such program or folder.
        """
        process = await self._spawn()
        # From here to the `try` nothing is awaited: a cancellation would leave the process alone.
        incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        pumps = [
            asyncio.create_task(self._read(process, incoming)),
            asyncio.create_task(self._write(process, outgoing)),
            asyncio.create_task(self._listen(process)),
        ]
        try:
            yield read, write
        finally:
            with anyio.CancelScope(shield=True):
                await self._stop(process, pumps)
            for stream in (incoming, read, write, outgoing):
                stream.close()
            self._log.close()

    async def _spawn(self) -> Process:
        server = self._server
        try:
            self._process = await asyncio.create_subprocess_exec(
                server.command,
                *server.args,
                env=dict(server.env),
                cwd=server.folder,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                limit=_CHUNK,
                start_new_session=True,
            )
        except (OSError, ValueError) as exc:
            if not server.folder.is_dir():
                raise CannotStart(f"its folder {server.folder} is not there") from exc
            reason = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise CannotStart(f"{plain(server.command)} cannot be run ({reason})") from exc
        return self._process

    async def _read(self, process: Process, incoming: Incoming) -> None:
        """Hand on messages until the output ends; then the session is told by a closed stream."""
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        lines = Lines(self._limits.message_bytes)
        try:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                while chunk := await process.stdout.read(_CHUNK):
                    if not await self._hand_on(lines.feed(chunk), incoming):
                        return
                await self._hand_on(lines.rest(), incoming)
            await self._exited(process, within=_EXIT_WAIT)
        finally:
            self.over.set()
            incoming.close()

    async def _hand_on(self, lines: Iterable[bytes | TooLong], incoming: Incoming) -> bool:
        """False: a message is lost and nobody knows whose, so that the session must end."""
        for line in lines:
            if isinstance(line, TooLong):
                message = self._refusal(line)
                if message is None:
                    return False
            else:
                message = self._parse(line)
            if message is not None:
                await incoming.send(message)
        return True

    def _parse(self, line: bytes) -> SessionMessage | None:
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
        except ValueError:
            if self._noise < _LOGGED_NOISE:
                text = line[:_LONGEST_LOG_LINE].decode("utf-8", "replace")
                self._log.write(f"stdout: {text}")
                self._first_noise = self._first_noise or self._log.last.removeprefix("stdout: ")
            self._noise += 1
            return None

    def _refusal(self, line: TooLong) -> SessionMessage | None:
        megabytes = self._limits.message_bytes / 1_000_000
        text = (
            f"the answer was {line.size / 1_000_000:,.0f} MB; more than {megabytes:,.0f} MB is not "
            "taken. Ask for less at a time"
        )
        answered = line.answers()
        if answered is None:
            self._lost = f"it sent a line of more than {megabytes:,.0f} MB"
            return None
        error = ErrorData(code=INTERNAL_ERROR, message=text)
        return SessionMessage(JSONRPCError(jsonrpc="2.0", id=answered, error=error))

    async def _write(self, process: Process, outgoing: Outgoing) -> None:
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        with contextlib.suppress(anyio.ClosedResourceError, OSError):
            async for item in outgoing:
                text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()

    async def _listen(self, process: Process) -> None:
        assert process.stderr is not None  # noqa: S101 - it was started with a pipe
        lines = Lines(_LONGEST_LOG_LINE)
        while chunk := await process.stderr.read(_CHUNK):
            self._note(list(lines.feed(chunk)))
        self._note(list(lines.rest()))

    def _note(self, lines: list[bytes | TooLong]) -> None:
        """Log what came at once; of a flood the last lines, which say most."""
        if len(lines) > _LOGGED_AT_ONCE:
            self._log.write(f"({len(lines) - _LOGGED_AT_ONCE:,} lines were left out)")
        for line in lines[-_LOGGED_AT_ONCE:]:
            if isinstance(line, TooLong):
                self._log.write(f"(a line of {line.size:,} bytes was left out)")
            else:
                self._log.write(line.decode("utf-8", "replace"))
                self._last_error = self._log.last

    async def _exited(self, process: Process, *, within: timedelta) -> None:
        """Wait until its exit code is known; `Process.wait` waits for inherited pipes as well."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                while process.returncode is None:  # noqa: ASYNC110 - see above
                    await asyncio.sleep(0.01)

    async def _stop(self, process: Process, pumps: list[asyncio.Task[None]]) -> None:
        known = tree_of(process.pid)
        if process.stdin is not None:
            process.stdin.close()
        await self._exited(process, within=self._limits.stop_grace)
        await end_tree(process.pid, known, grace=self._limits.stop_grace)
        await self._exited(process, within=_EXIT_WAIT)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        # Without this the pipes stay open, and warn, while some survivor holds their other end.
        transport = getattr(process, "_transport", None)
        if transport is not None:
            with contextlib.suppress(PermissionError, ProcessLookupError):
                transport.close()
        await asyncio.sleep(0)
