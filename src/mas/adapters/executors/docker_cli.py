"""Speaks to a docker engine through its command line client, with bounded waits."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

import msgspec

from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.finishing import to_the_end

ANSWER_SECONDS: Final = 60.0
"""An engine under load takes seconds for a container; one that takes longer does not answer."""
_KEPT: Final = frozenset({"PATH", "HOME", "USER", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK"})
_OUT_OF_REACH: Final = (
    "cannot connect to the docker daemon",
    "is the docker daemon running",
    "error during connect",
    "failed to connect to the docker",
    "connection refused",
    "connection reset",
    "i/o timeout",
    "no such host",
    "deadline exceeded",
    "unexpected eof",
)
Value = TypeVar("Value")
_START_IT: Final = "Start it (systemctl start docker), or use --executor local."


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client said."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def reason(self) -> str:
        """What went wrong, in the engine's own words, as one short line."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        telling = [
            line for line in lines if not line.lower().startswith(("warning", "see 'docker"))
        ]
        text = (telling or lines or [f"exit code {self.code}"])[0]
        text = text.removeprefix("docker: ").removeprefix("Error response from daemon: ")
        return text[:300].rstrip(".")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """What matters of an engine."""

    version: str
    cpus: float
    rootless: bool = False
    remapped: bool = False
    """Users of containers are others on the machine (userns-remap)."""


class _Info(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    server_version: str = ""
    n_cpu: int = msgspec.field(name="NCPU", default=0)
    security_options: list[str] | None = None
    server_errors: list[str] | None = None


class DockerClient:
    """Calls of the docker command line client."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Of `environment` the client sees what tells it where the engine is, and nothing else."""
        self.environment: Mapping[str, str] = {
            name: value
            for name, value in environment.items()
            if name in _KEPT or name.startswith("DOCKER_")
        }

    def program(self) -> str:
        """The client's file.

        Raises:
            UserError: There is none (`no_docker`).
        """
        found = shutil.which("docker", path=self.environment.get("PATH"))
        if found is None:
            raise UserError(
                "There is no docker client on the PATH.",
                hint="Install docker, or use --executor local.",
                code="no_docker",
            )
        return found

    async def start(self, *arguments: str, reads: bool = False) -> asyncio.subprocess.Process:
        """Start a call whose output streams; whoever starts it closes it with `end`."""
        return await asyncio.create_subprocess_exec(
            self.program(),
            *arguments,
            stdin=asyncio.subprocess.PIPE if reads else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.environment,
            cwd="/",
            # An interrupt at the terminal is MAS's to handle: the client would pass it on.
            start_new_session=True,
        )

    async def call(
        self, *arguments: str, within: timedelta = timedelta(seconds=ANSWER_SECONDS)
    ) -> Answer:
        """Make one call and wait for its answer.

        Raises:
            UserError: There is no client, or this user may not use the engine (`no_docker`).
            Transient: The engine does not answer.
        """
        process = await self.start(*arguments)
        try:
            async with asyncio.timeout(within.total_seconds()):
                out, err = await process.communicate()
        except TimeoutError as exc:
            raise Transient(
                f"The docker engine did not answer within {within.total_seconds():g} seconds.",
                hint="Look whether it is overloaded (docker info).",
                code="no_docker",
            ) from exc
        finally:
            await end(process)
        answer = Answer(
            code=process.returncode or 0,
            out=out.decode(errors="replace"),
            err=err.decode(errors="replace"),
        )
        if not answer.ok:
            refuse_if_out_of_reach(answer.err)
        return answer

    async def engine(self) -> Engine:
        """Ask the engine what it is.

        Raises:
            UserError: There is no client, or this user may not use the engine (`no_docker`).
            Transient: The engine does not answer.
        """
        answer = await self.call("info", "--format", "{{json .}}")
        try:
            info = msgspec.json.decode(answer.out, type=_Info)
        except msgspec.DecodeError:
            info = _Info()
        problem = " ".join(info.server_errors or ()) or ("" if answer.ok else answer.reason)
        if problem or not info.server_version:
            refuse_if_out_of_reach(problem)
            raise Transient(
                f"The docker engine cannot be used: {problem or 'it does not say its version'}.",
                hint=_START_IT,
                code="no_docker",
            )
        options = info.security_options or []
        return Engine(
            version=info.server_version,
            cpus=float(info.n_cpu),
            rootless=any(option.startswith("name=rootless") for option in options),
            remapped=any(option.startswith("name=userns") for option in options),
        )


def refuse_if_out_of_reach(text: str) -> None:
    """Raise what a client's complaint about its connection means; return for any other.

    Raises:
        UserError: This user may not use the engine (`no_docker`).
        Transient: The engine does not answer (`no_docker`).
    """
    lowered = text.lower()
    if "permission denied" in lowered and ("docker daemon" in lowered or "docker api" in lowered):
        raise UserError(
            "This user may not use the docker engine.",
            hint="Add the user to the group docker, or use --executor local.",
            code="no_docker",
        )
    if any(words in lowered for words in _OUT_OF_REACH):
        raise Transient("The docker engine does not answer.", hint=_START_IT, code="no_docker")


def failed(what: str, answer: Answer) -> MasError:
    """The error for a call that the engine refused."""
    return Permanent(
        f"The docker engine could not {what}: {answer.reason}.",
        hint="Look at the engine's own log, and run it again.",
        code="docker_failed",
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """End a client, whatever it is at; the container that it speaks of is untouched."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await to_the_end(_forget(process))


async def _forget(process: asyncio.subprocess.Process) -> None:
    for stream in (process.stdout, process.stderr):
        # Its pipes are closed once everything in them is read.
        while stream is not None and await stream.read(1 << 16):
            pass
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
