"""One container of the docker engine, from its making to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from mas.adapters.executors.docker_cli import (
    Answer,
    DockerClient,
    end,
    failed,
    refuse_if_out_of_reach,
)
from mas.adapters.executors.docker_stream import Stream
from mas.core.errors import MasError, UserError
from mas.core.finishing import to_the_end

MANAGED: Final = "mas.managed"
"""The label of every container of MAS."""
_PIECE: Final = 1 << 16
_SLACK: Final = timedelta(seconds=10)
_NOT_THERE: Final = "no such container"
_REMOVING: Final = "is already in progress"


class _State(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    status: str = ""
    running: bool = False
    exit_code: int = 0
    oom_killed: bool = msgspec.field(name="OOMKilled", default=False)
    started_at: str = ""
    finished_at: str = ""


class _Config(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    labels: dict[str, str] | None = None


class _Inspected(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    id: str
    state: _State
    config: _Config


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A container as the engine describes it."""

    id: str
    labels: Mapping[str, str]
    status: str
    """created, running, paused, restarting, removing, exited, dead"""
    exit_code: int
    out_of_memory: bool
    started: datetime | None
    finished: datetime | None

    @property
    def is_over(self) -> bool:
        return self.status in ("exited", "dead")

    @property
    def took(self) -> timedelta | None:
        """By the engine's clock; None while it runs."""
        if self.started is None or self.finished is None or not self.is_over:
            return None
        return max(self.finished - self.started, timedelta(0))


async def look(client: DockerClient, name: str) -> Seen | None:
    """What the engine knows of a container, by name or id; None: there is none."""
    answer = await client.call("container", "inspect", name)
    if not answer.ok:
        if _NOT_THERE in answer.err.lower():
            return None
        raise failed("describe a container", answer)
    found = msgspec.json.decode(answer.out, type=list[_Inspected])[0]
    state = found.state
    return Seen(
        id=found.id,
        labels=found.config.labels or {},
        status=state.status,
        exit_code=state.exit_code,
        out_of_memory=state.oom_killed,
        started=_moment(state.started_at),
        finished=_moment(state.finished_at),
    )


def _moment(text: str) -> datetime | None:
    """A time of the engine, which has nanoseconds; the year 1 is none."""
    if not text or text.startswith("0001-"):
        return None
    head, dot, tail = text.rstrip("Z").partition(".")
    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(head + dot + tail[:6].ljust(6, "0") * bool(dot)).replace(
            tzinfo=UTC
        )
    return None


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that this executor follows and removes."""

    client: DockerClient
    id: str

    async def begin(self, order: bytes, stream: Stream) -> Answer:
        """Start it, hand it its order, and take in what it says until it ends."""
        return await self._follow(stream, "start", "--attach", "--interactive", self.id, data=order)

    async def follow(self, stream: Stream) -> Answer:
        """Take in what it has said from its beginning on, and what it says until it ends."""
        stream.again()
        return await self._follow(stream, "logs", "--follow", self.id)

    async def _follow(self, stream: Stream, *arguments: str, data: bytes | None = None) -> Answer:
        process = await self.client.start(*arguments, reads=data is not None)
        errors = bytearray()
        beside = [asyncio.create_task(_complaints(process, errors))]
        if data is not None:
            beside.append(asyncio.create_task(_give(process, data)))
        try:
            assert process.stdout is not None  # noqa: S101 - it was started with a pipe
            while piece := await process.stdout.read(_PIECE):
                stream.feed(piece)
            await asyncio.gather(*beside)
            await process.wait()
        finally:
            for task in beside:
                task.cancel()
            await to_the_end(asyncio.wait(beside))
            await end(process)
        answer = Answer(code=process.returncode or 0, out="", err=errors.decode(errors="replace"))
        if not answer.ok:
            refuse_if_out_of_reach(answer.err)
        return answer

    async def stop(self, grace: timedelta) -> None:
        """TERM, the grace, KILL. Returns when it does not run any more."""
        seconds = math.ceil((grace + _SLACK).total_seconds())
        await self.client.call("stop", "-t", str(seconds), self.id)

    async def remove(self) -> None:
        """Remove it, whatever it does; returns when it is gone."""
        await remove(self.client, self.id)


async def remove(client: DockerClient, name: str) -> None:
    """Remove a container at once, running or not.

    Raises:
        MasError: The engine does not answer or cannot do it.
    """
    async with asyncio.timeout(_SLACK.total_seconds() * 3):
        while True:
            answer = await client.call("rm", "--force", "--volumes", name)
            if answer.ok or _NOT_THERE in answer.err.lower():
                return
            if _REMOVING not in answer.err.lower():
                raise failed("remove a container", answer)
            await asyncio.sleep(0.1)


async def create(client: DockerClient, arguments: list[str], image: str) -> str | None:
    """Make a container; returns its id, None when its name is taken.

    When the caller is cancelled, there is none.

    Raises:
        UserError: No such image (`no_image`), or the engine finds no such folder (`no_folder`).
    """
    making = asyncio.create_task(client.call("create", "--pull", "never", *arguments))
    try:
        answer = await asyncio.shield(making)
    except asyncio.CancelledError:
        await to_the_end(_unmake(client, making))
        raise
    if answer.ok:
        return answer.out.split()[-1]
    told = answer.err.lower()
    if "already in use by container" in told:
        return None
    raise refused(answer, image, "make a container")


async def _unmake(client: DockerClient, making: asyncio.Task[Answer]) -> None:
    with contextlib.suppress(MasError):
        answer = await making
        if answer.ok:
            await remove(client, answer.out.split()[-1])


def refused(answer: Answer, image: str, what: str) -> MasError:
    """The error for a container that the engine would not make or start."""
    told = answer.err.lower()
    if "no such image" in told:
        return no_image(image)
    if "bind source path does not exist" in told:
        return UserError(
            f"The docker engine does not find a folder of the run: {answer.reason}.",
            hint="Set WORKSPACE_PATH to the folder that the engine knows WORKSPACE_LOCAL as.",
            code="no_folder",
        )
    if "executable file not found" in told or "no such file or directory" in told:
        return UserError(
            f"The image {image} cannot run commands: {answer.reason}.",
            hint="Use an image with python3, git and the coder: deploy/images/agent/README.md.",
            code="no_image",
        )
    return failed(what, answer)


def no_image(image: str) -> UserError:
    """The error for an image that the engine does not have."""
    return UserError(
        f"The docker engine has no image {image}.",
        hint=f"Build it (docker build -t {image} deploy/images/agent) or pull it first.",
        code="no_image",
    )


async def _give(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was started with a pipe
    # A command that ends without reading closes the pipe.
    with contextlib.suppress(ConnectionError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    with contextlib.suppress(ConnectionError):
        await process.stdin.wait_closed()


async def _complaints(process: asyncio.subprocess.Process, kept: bytearray) -> None:
    assert process.stderr is not None  # noqa: S101 - it was started with a pipe
    while piece := await process.stderr.read(_PIECE):
        kept += piece[: max(0, _PIECE - len(kept))]
