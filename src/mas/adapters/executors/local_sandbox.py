"""Runs commands of coding agents on this machine, isolated (S1, S2, S3).

As in `local.py`, each command runs below a supervising process that owns its tree. Between the two
are the isolation and `inside.py`, the first process inside. A command is never adopted: with MAS,
its commands end.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from mas.adapters.executors import bubblewrap, cgroups, inside, isolation, own_user, places, shown
from mas.adapters.executors.cgroups import Groups
from mas.adapters.executors.isolation import Isolation, Means
from mas.adapters.executors.places import Scratch
from mas.adapters.executors.supervised import (
    Order,
    check_words,
    no_folder,
    readable_file,
    start,
)
from mas.core.errors import UserError
from mas.core.executors import GATEWAY_PORT, Command, CommandOutcome, ExecutorKind, Sandbox
from mas.core.finishing import to_the_end

_GRACE: Final = timedelta(seconds=2)
_INSIDE: Final = str(Path(inside.__file__).resolve())
_INTERPRETER: Final = os.path.realpath(sys.executable)
_DEVICES: Final = tuple(f"/dev/{name}" for name in "null zero full random urandom tty".split())
_WRAPPERS: Final = 3
"""Processes of ours in the tree, which are not the command's."""
_AGENTS_AT_ONCE: Final = 10
_PROC: Final = "/proc"


class LocalSandbox:
    """A `SandboxExecutor` on this machine, with the strongest isolation that works here.

    Bubblewrap shows a command nothing but programs and its own folders. Landlock closes all other
    files, but not their modes and times, which their owner may still change; where MAS is root,
    commands therefore run as a user of their own. That user alone is the weakest: what all users
    may read, it may read. In both, sockets of this machine that have a path are out of reach, also
    the command's own.
    """

    def __init__(
        self,
        path: str,
        *,
        unsafe: bool = False,
        grace: timedelta = _GRACE,
        prefer: Isolation | None = None,
    ) -> None:
        """Nothing is tried before the first use.

        Args:
            path: The PATH of commands; its folders are shown to them.
            unsafe: Run also where nothing isolates, with a network that is open.
            grace: Time between TERM and KILL.
            prefer: This isolation and no other.
        """
        self._path = path
        self._unsafe = unsafe
        self._grace = grace
        self._prefer = prefer

    @property
    def kind(self) -> ExecutorKind:
        """`local`."""
        return "local"

    @property
    def isolation(self) -> Isolation:
        """What commands are isolated by, once it is found out."""
        return self._means().isolation

    @property
    def python(self) -> str:
        """The Python of MAS, or one of the system where users of their own cannot get to it."""
        return self._means().python

    @property
    def path(self) -> str:
        """The `PATH` of commands inside: the same as outside."""
        return self._path

    def inside(self, sandbox: Sandbox, path: Path) -> str:
        """Where a command sees a path: where it is."""
        del sandbox
        return str(path)

    async def ready(self) -> str:
        """Find out how commands are isolated here, in a few words.

        Raises:
            UserError: They cannot be (`no_isolation`).
        """
        means = await asyncio.to_thread(self._means)
        await asyncio.to_thread(cgroups.sweep)
        return means.words

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Remove what a supervisor that was killed has left; commands end with MAS anyway."""
        del labels
        return await asyncio.to_thread(cgroups.sweep)

    async def run(self, command: Command) -> CommandOutcome:
        """Run a command to its end or deadline; no process of it is left when this returns."""
        sandbox = command.sandbox
        if sandbox is None:
            raise UserError(
                f"{command.argv[0] if command.argv else 'The command'} came without a sandbox.",
                hint="Say which folders it may see, or run it with the executor of tools.",
                code="no_isolation",
            )
        variables = (f"{name}={value}" for name, value in command.environment.items())
        check_words(command.argv, (str(command.folder), *command.argv, *variables))
        means = await asyncio.to_thread(self._means)
        _check_network(means, sandbox)
        if not command.folder.is_dir():
            raise no_folder(command.argv[0], command.folder)
        began = time.monotonic()
        try:
            async with places.held_name(sandbox.root, command.name, command.deadline) as lock:
                waited = timedelta(seconds=time.monotonic() - began)
                rest = replace(command, deadline=command.deadline - waited)
                return await self._run(rest, sandbox, means, lock)
        except TimeoutError:
            return _never_started(timedelta(seconds=time.monotonic() - began))

    async def _run(
        self, command: Command, sandbox: Sandbox, means: Means, lock: int | None
    ) -> CommandOutcome:
        await asyncio.to_thread(places.sweep, sandbox.root)
        with places.scratch(sandbox.root) as scratch:
            if not means.own_user:
                return await self._supervised(command, sandbox, means, (lock, scratch), None)
            temporary = scratch.folder / "tmp"
            temporary.mkdir()
            folders = (*sandbox.writable, temporary)
            own_user.check_reach((*folders, *sandbox.readable))
            user = own_user.user_of(sandbox.writable, sandbox.root)
            async with places.shared_name(sandbox.root, f".user-{user}") as is_last:
                modes = own_user.modes(sandbox.writable, user)
                kept = (*folders, *sandbox.readable)
                try:
                    await to_the_end(asyncio.to_thread(own_user.lend, folders, user, kept))
                    return await self._supervised(command, sandbox, means, (lock, scratch), user)
                finally:
                    if is_last():
                        back = asyncio.to_thread(own_user.take_back, sandbox.writable, modes)
                        await to_the_end(back)

    async def _supervised(
        self,
        command: Command,
        sandbox: Sandbox,
        means: Means,
        held: tuple[int | None, Scratch],
        user: int | None,
    ) -> CommandOutcome:
        lock, scratch = held
        holds = [scratch.descriptor] if lock is None else [scratch.descriptor, lock]
        wrapper, wish = await asyncio.to_thread(
            self._wrapper, command, sandbox, means, scratch.folder, user
        )
        with _file_of(wish) as asked:
            running = start(command, self._grace, inherited=(asked, *holds))
            try:
                limits = sandbox.limits
                groups = await asyncio.to_thread(cgroups.make, limits, running.process.pid)
                options = [
                    ("inside", str(asked)),
                    *(("hold", str(descriptor)) for descriptor in holds),
                    *_limiting(sandbox, groups),
                    ("remove", str(scratch.folder)),
                ]
                order = Order(folder=Path("/"), argv=wrapper, environment={}, options=options)
                return await running.outcome(order.encoded(self._grace))
            finally:
                await to_the_end(running.close())

    def _wrapper(
        self, command: Command, sandbox: Sandbox, means: Means, scratch: Path, user: int | None
    ) -> tuple[list[str], dict[str, Any]]:
        """The words that start the wrapper, and the order for `inside.py`."""
        start_inside = [_INTERPRETER, "-I", "-S", _INSIDE]
        environment = dict(command.environment)
        wish: dict[str, Any] = {
            "argv": command.argv,
            "folder": str(command.folder),
            "file_bytes": sandbox.limits.file_bytes,
            "user": user,
            "gateway": None if sandbox.network != "gateway" else str(sandbox.gateway),
            "gateway_port": GATEWAY_PORT,
            "close_network": False,
            "landlock": None,
            "close_local_sockets": means.isolation in ("landlock", "own_user"),
            "die_with_parent": means.bubblewrap is None,
            "new_session": means.bubblewrap is None,
            "confine": means.isolation != "none",
        }
        wish |= _most_processes(sandbox, means, user)
        if means.bubblewrap is not None:
            for name, text in bubblewrap.ACCOUNTS.items():
                (scratch / name).write_text(text, encoding="ascii")
            if wish["gateway"]:
                wish["gateway"] = str(bubblewrap.GATEWAY)
            wish["landlock"] = {"scope_only": True}
            start_inside = means.bubblewrap.argv(sandbox, self._path, scratch) + start_inside
        elif means.isolation != "none":
            wish["close_network"] = sandbox.network != "open"
            temporary = scratch / "tmp"
            temporary.mkdir(exist_ok=True)
            environment.setdefault("TMPDIR", str(temporary))
            if means.isolation == "landlock":
                # Git gives up at a file that is there and closed.
                environment.setdefault("GIT_CONFIG_NOSYSTEM", "1")
                wish["landlock"] = self._rules(sandbox, temporary)
        wish["environment"] = list(environment.items())
        return start_inside, wish

    def _rules(self, sandbox: Sandbox, temporary: Path) -> dict[str, Any]:
        folders = (
            *shown.system(sandbox.root),
            *shown.SETTINGS,
            *shown.programs(self._path, sandbox.programs, sandbox.root),
            *sandbox.readable,
        )
        return {
            "scope_only": False,
            "read": [*map(str, folders), _PROC],
            "write": [str(folder) for folder in (*sandbox.writable, temporary)],
            "devices": _DEVICES,
        }

    def _means(self) -> Means:
        return isolation.means(unsafe=self._unsafe, prefer=self._prefer)


def _check_network(means: Means, sandbox: Sandbox) -> None:
    """Refuse to run a command with a network that it shall not have."""
    if sandbox.network != "open" and not means.closes_network:
        raise UserError(
            f"With {means.words}, the network cannot be closed to a command.",
            hint="Install bubblewrap, use another executor, or leave the network open.",
            code="no_isolation",
        )
    if sandbox.network == "gateway" and (sandbox.gateway is None or not sandbox.gateway.exists()):
        raise UserError(
            "The model gateway has no socket that could be shown to the command.",
            hint="Start the gateway first, or choose the network none.",
            code="no_gateway",
        )


def _most_processes(sandbox: Sandbox, means: Means, user: int | None) -> dict[str, Any]:
    """The system's own limit of processes, which is one for each user; root has none.

    It holds at once, where watching would be late. With a user that is shared, the other agents
    count too: there it keeps the machine alive, until watching ends who has too many.
    """
    most = sandbox.limits.processes
    own = user is not None or means.bubblewrap is not None
    if most is None or (user is None and os.geteuid() == 0):
        return {"processes": None, "user_is_shared": False}
    room = most + _WRAPPERS if own else (most + _WRAPPERS) * _AGENTS_AT_ONCE
    return {"processes": room, "user_is_shared": not own}


def _limiting(sandbox: Sandbox, groups: Groups) -> Iterator[tuple[str, str]]:
    """What the supervisor has to do about limits."""
    for folder in groups.folders:
        yield "group", str(folder)
    if groups.counter is not None:
        yield "oom", str(groups.counter)
    limits = sandbox.limits
    if limits.memory_bytes is not None and not groups.limits_memory:
        yield "memory", str(limits.memory_bytes)
    if limits.processes is not None and not groups.limits_processes:
        yield "processes", str(limits.processes + _WRAPPERS)


@contextlib.contextmanager
def _file_of(wish: Mapping[str, Any]) -> Iterator[int]:
    with readable_file(json.dumps(wish).encode("ascii")) as descriptor:
        yield descriptor


def _never_started(took: timedelta) -> CommandOutcome:
    """The outcome of a command whose name was taken until its deadline."""
    return CommandOutcome(exit_code=None, output=b"", total_bytes=0, took=took, ended="deadline")
