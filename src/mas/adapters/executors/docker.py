"""Runs each command in a container of its own, through the docker command line client (S1, S2).

Order of events: look whether a dead MAS has left the container of that name (then it is adopted) →
hand the writable folders over → create → start, with the order on standard input → follow the
output → see how it ended → remove. Stopping is: TERM to everything inside, the grace, KILL; then
the container is removed, also when the caller is cancelled. A container outlives a MAS that is
killed (R5): it goes on, bounded by its own deadline, until a MAS that asks for its name takes it
over, or `sweep` removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mas.adapters.executors import docker_inside
from mas.adapters.executors.capture import Capture
from mas.adapters.executors.docker_cli import ANSWER_SECONDS, DockerClient, Engine
from mas.adapters.executors.docker_container import (
    MANAGED,
    Container,
    Seen,
    create,
    look,
    no_image,
    refused,
    remove,
)
from mas.adapters.executors.docker_mounts import PathMap, hand_over, inside, mounts
from mas.adapters.executors.docker_outcome import judged
from mas.adapters.executors.docker_recipe import checked, confinement, order
from mas.adapters.executors.docker_stream import Stream
from mas.core.errors import MasError, Transient, UserError
from mas.core.executors import Command, CommandOutcome, ExecutorKind, Sandbox
from mas.core.finishing import to_the_end

AGENT_USER: Final = 1000
"""User and group in a container when MAS itself is root."""
SYSTEM_PATH: Final = "/usr/local/bin:/usr/bin:/bin"
_GRACE: Final = timedelta(seconds=2)
_SLACK: Final = timedelta(seconds=15)
"""How long the engine may take to end a container, beyond the grace."""
_LATE: Final = timedelta(seconds=10)
"""A command is ended at its deadline from inside, to the moment and also when MAS has died. After
so much longer it is ended from outside: it may have stopped its supervisor."""
_STARTING: Final = 10.0
"""Seconds that somebody else may take between making and starting a container."""
_LOOKS: Final = 5
_NAME_LABEL: Final = "mas.name"
_ROOT_LABEL: Final = "mas.root"


@dataclass(kw_only=True, eq=False)
class _Running:
    """A container that is followed, and what it has said so far."""

    container: Container
    command: Command
    order: bytes | None
    """What it is started with; None: it runs or ran already."""
    since: timedelta = timedelta(0)
    """How long it had been running when it was adopted."""
    capture: Capture
    began: float = field(default_factory=time.monotonic)
    seen: Seen | None = None
    """As it was when somebody last looked."""

    def take(self, piece: bytes) -> None:
        self.capture.add(piece)
        if self.command.on_output is not None:
            self.command.on_output(piece)

    @property
    def left_seconds(self) -> float:
        """How long to wait for it to end by itself."""
        if self.seen is not None and self.seen.is_over:
            return ANSWER_SECONDS  # Only what it has said is left to be read.
        passed = self.since.total_seconds() + time.monotonic() - self.began
        return max((self.command.deadline + _LATE).total_seconds() - passed, 0.0)


class DockerExecutor:
    """A `SandboxExecutor` whose sandboxes are containers.

    Containers run as user 1000 when MAS is root, else as the user of MAS: without capabilities,
    with a root file system that cannot be written, and with the folders of their sandbox alone.
    They are labelled with the labels of the command and with `mas.managed`, `mas.name` and
    `mas.root`. A name that is taken by a container with other labels is never touched.

    The socket of a gateway best lies in a folder that holds nothing else: the folder is shown then,
    and containers hear a MAS that comes back with a new socket there.
    """

    def __init__(
        self,
        image: str,
        *,
        environment: Mapping[str, str],
        path_map: tuple[Path, Path] | None = None,
        network: str = "bridge",
        grace: timedelta = _GRACE,
    ) -> None:
        """Nothing is asked of the engine yet.

        Args:
            image: What containers are made of; it has python3, and is never pulled from here.
            environment: MAS's own: PATH, HOME and DOCKER_* of it say where the engine is.
            path_map: The workspace as MAS sees it, and as the engine sees it, where they differ.
            network: The docker network of sandboxes whose network is open.
            grace: The time between TERM and KILL.
        """
        self._image = image
        self._client = DockerClient(environment)
        self._path_map = (
            PathMap(ours=path_map[0], theirs=path_map[1]) if path_map is not None else None
        )
        self._network = network
        self._grace = grace
        self._engine: Engine | None = None

    @property
    def kind(self) -> ExecutorKind:
        return "docker"

    @property
    def python(self) -> str:
        return "python3"

    @property
    def path(self) -> str:
        return SYSTEM_PATH

    def inside(self, sandbox: Sandbox, path: Path) -> str:
        """Where a command sees a path that is at or below `sandbox.root`."""
        return inside(sandbox, path)

    async def ready(self) -> str:
        """Look whether client, engine and image are there; returns as in "docker 28.2, image x".

        Raises:
            UserError: One of them is missing (`no_docker`, `no_image`).
            Transient: The engine does not answer.
        """
        self._engine = await self._client.engine()
        if not (await self._client.call("image", "inspect", self._image, "-f", "{{.Id}}")).ok:
            raise no_image(self._image)
        return f"docker {'.'.join(self._engine.version.split('.')[:2])}, image {self._image}"

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """End and remove the containers of MAS under these labels; returns their names."""
        filters = [f"label={MANAGED}", *(f"label={key}={value}" for key, value in labels.items())]
        words = [word for one in filters for word in ("--filter", one)]
        answer = await self._client.call(
            "ps", "--all", "--no-trunc", *words, "--format", "{{.ID}} {{.Names}}"
        )
        found = [line.split(maxsplit=1) for line in answer.out.splitlines() if line.strip()]

        async def clear(number: str) -> None:
            await Container(client=self._client, id=number).stop(self._grace)
            await remove(self._client, number)

        await asyncio.gather(*(clear(number) for number, _ in found))
        return tuple(sorted(name for _, name in found))

    async def run(self, command: Command) -> CommandOutcome:
        """Run a command to its end or deadline; its container is gone when this returns.

        Two callers with one name share one container and one outcome, and the first to be
        cancelled ends it for both. When the engine gets out of reach, the container of a command
        with a name is left for the next call with that name.
        """
        sandbox = checked(command)
        if self._engine is None:
            self._engine = await self._client.engine()
        running = await self._obtain(command, sandbox, self._engine)
        try:
            outcome = await self._outcome(running)
        except BaseException as exc:
            if not (isinstance(exc, Transient) and command.name):
                with contextlib.suppress(MasError):  # What happened goes before.
                    await to_the_end(self._clear(running))
            raise
        await to_the_end(self._clear(running))
        return outcome

    async def _clear(self, running: _Running) -> None:
        """End and remove the container; whoever was cancelled knows that nothing is left."""
        if running.seen is None or not running.seen.is_over:
            await running.container.stop(self._grace)
        await running.container.remove()

    async def _obtain(self, command: Command, sandbox: Sandbox, engine: Engine) -> _Running:
        """The container of a command: the one that is there, or a new one."""
        name = command.name or f"mas-{secrets.token_hex(8)}"
        labels = {
            **command.labels,
            MANAGED: "true",
            _NAME_LABEL: name,
            _ROOT_LABEL: str(sandbox.root.resolve()),
        }
        until = time.monotonic() + _STARTING
        while True:
            seen = await look(self._client, name) if command.name else None
            if seen is None:
                arguments, order = await self._recipe(command, sandbox, engine, name, labels)
                number = await create(self._client, arguments, self._image)
                if number is not None:
                    return self._running(command, number, order)
                continue
            _refuse_foreign(seen, name, labels)
            unordered = seen.is_over and seen.exit_code == docker_inside.UNORDERED
            if seen.status not in ("created", "removing", "dead") and not unordered:
                running = self._running(command, seen.id, None)
                running.seen, running.since = seen, _age(seen)
                return running
            if unordered or time.monotonic() > until:
                # Whoever made it died before it could tell it what to do.
                await remove(self._client, seen.id)
                until = time.monotonic() + _STARTING
            await asyncio.sleep(0.1)

    def _running(self, command: Command, number: str, order: bytes | None) -> _Running:
        return _Running(
            container=Container(client=self._client, id=number),
            command=command,
            order=order,
            capture=Capture(command.output_limit_bytes),
        )

    async def _recipe(
        self, command: Command, sandbox: Sandbox, engine: Engine, name: str, labels: dict[str, str]
    ) -> tuple[list[str], bytes]:
        """How the container is made, and what it is told."""
        user, group = os.geteuid(), os.getegid()
        if user == 0:
            user = group = AGENT_USER
            await asyncio.to_thread(hand_over, sandbox.writable, user, group)
        elif engine.rootless:
            # Root in there is the user of MAS out here.
            user = group = 0
        arguments = [
            f"--name={name}",
            *(f"--label={key}={value}" for key, value in labels.items()),
            f"--user={user}:{group}",
            *confinement(command, sandbox, engine),
            f"--network={self._network if sandbox.network == 'open' else 'none'}",
            *(f"--mount={one}" for one in mounts(sandbox, self._path_map)),
            *("--interactive", "--init", "--no-healthcheck", "--workdir=/", "--entrypoint=python3"),
            *(self._image, "-I", "-S", "-X", "utf8", "-c", docker_inside.BOOTSTRAP),
        ]
        return arguments, order(command, sandbox, self._grace)

    async def _outcome(self, running: _Running) -> CommandOutcome:
        """Follow the container to its end or deadline."""
        stream = Stream(running.take)
        following = asyncio.create_task(self._follow(running, stream))
        in_time = True
        try:
            done, _ = await asyncio.wait({following}, timeout=running.left_seconds)
            if not done:
                in_time = False
                await running.container.stop(self._grace)
                done, _ = await asyncio.wait({following}, timeout=_SLACK.total_seconds())
            if done:
                following.result()
        finally:
            following.cancel()
            await to_the_end(_gone(following))
        words = stream.end()
        if running.seen is None or not running.seen.is_over:
            running.seen = await look(self._client, running.container.id)
        return judged(
            running.command,
            running.capture,
            words,
            running.seen,
            in_time=in_time,
            followed=timedelta(seconds=time.monotonic() - running.began),
            adopted=running.order is None,
        )

    async def _follow(self, running: _Running, stream: Stream) -> None:
        """Take in what the container says until it has ended, also when the engine hangs up."""
        if running.order is not None:
            answer = await running.container.begin(running.order, stream)
        else:
            answer = await running.container.follow(stream)
        for _ in range(_LOOKS):
            running.seen = seen = await look(self._client, running.container.id)
            if seen is None or seen.is_over:
                return
            if seen.status == "created" and not answer.ok:
                raise refused(answer, self._image, "start a container")
            await asyncio.sleep(0.2)
            answer = await running.container.follow(stream)
        raise Transient(
            "The docker engine does not tell what a container says.",
            hint="Look at the engine's own log.",
            code="no_docker",
        )


def _refuse_foreign(seen: Seen, name: str, labels: Mapping[str, str]) -> None:
    """Raise when a container of that name is not this command's."""
    if any(seen.labels.get(key) != value for key, value in labels.items()):
        raise UserError(
            f"There is a container {name} that does not belong to this run.",
            hint=f"Look at it (docker inspect {name}), and remove or rename it.",
            code="name_taken",
        )


def _age(seen: Seen) -> timedelta:
    if seen.started is None:
        return timedelta(0)
    return max(datetime.now(UTC) - seen.started, timedelta(0))


async def _gone(task: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError, MasError):
        await task
