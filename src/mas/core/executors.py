"""Running commands: what is run, what it may see and use, and how it ended (S1, S2, S3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

ExecutorKind = Literal["local", "docker", "kubernetes"]

Network = Literal["open", "gateway", "none"]
"""What a sandboxed command can reach: everything, the model gateway alone, or nothing."""

Ending = Literal["exit", "signal", "oom", "deadline"]
"""How a command ended: by itself, by a signal, out of memory, or stopped at its deadline."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the whole process tree of one command may use; None is no limit."""

    memory_bytes: int | None = None
    processes: int | None = None
    cpus: float | None = None
    """Cores, as in 1.5."""
    file_bytes: int | None = None
    """The largest file that it may write."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a command may see and use beyond an ordinary system to run programs on.

    All folders lie below `root`, and nothing else below `root` can be seen. Where the executor
    moves `root` to another place (a container), `SandboxExecutor.inside` says where a path is
    seen. Folders exist before the command starts.
    """

    root: Path
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    programs: tuple[Path, ...] = ()
    """Folders of this machine that hold programs to run, read-only; only the local executor
    shows them, elsewhere programs come with the image."""
    network: Network = "open"
    gateway: Path | None = None
    """Unix socket of the model gateway: inside, it is what listens at `GATEWAY_PORT` on loopback.
    Needed with the network `gateway`, and wherever loopback inside is not this machine's."""
    limits: Limits = field(default_factory=Limits)


GATEWAY_PORT = 8419
"""Where the model gateway listens inside a sandbox whose network is closed."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program with its arguments; no shell is involved.

    Paths in `argv` and `environment` are as the command sees them (`SandboxExecutor.inside`);
    `folder` is as MAS sees it.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    """The whole environment of the process: nothing is inherited."""
    deadline: timedelta = timedelta(minutes=2)
    output_limit_bytes: int = 10_000_000
    stdin: bytes = b""
    sandbox: Sandbox | None = None
    """None: no isolation; only `LocalExecutor` runs such a command."""
    name: str = ""
    """With a name (DNS label, at most 63 characters) there is never more than one such command:
    one that a dead MAS has left is adopted where it still runs, and its outcome taken where it
    has ended."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What containers and Jobs are found by: `mas.run`, `mas.agent`."""
    on_output: Callable[[bytes], None] | None = None
    """Gets output as it comes, all of it, also beyond the limit."""


@dataclass(frozen=True, kw_only=True)
class CommandOutcome:
    """How a command ended. `exit_code` None: it was ended at its deadline."""

    exit_code: int | None
    """Of a shell: 128 and the number for one that a signal has ended."""
    output: bytes
    """Standard output and error as they came, up to the limit."""
    total_bytes: int
    took: timedelta
    ended: Ending = "exit"
    adopted: bool = False
    """It had been started by a MAS that has died."""


class Executor(Protocol):
    """Runs one command in a place of its own and reports how it went (S1).

    Every implementation passes tests/contract/test_executor.py.
    """

    async def run(self, command: Command) -> CommandOutcome:
        """Run a command to its end, or to its deadline.

        A non-zero exit is an ordinary outcome. When the caller is cancelled, the whole process
        tree (container, Job) is gone before this returns.

        Raises:
            UserError: There is no such program or folder (`no_program`, `no_folder`), or this
                machine cannot run it so isolated (`no_isolation`, `no_docker`, `no_image`).
            Transient: The engine or API server is out of reach.
            Permanent: It was lost: ended from outside (`command_lost`).
        """
        ...


class SandboxExecutor(Executor, Protocol):
    """An executor that can isolate; what coding agents and checks run in."""

    @property
    def kind(self) -> ExecutorKind:
        """Which one it is, as in `--executor`."""
        ...

    @property
    def python(self) -> str:
        """The Python that commands find: a path or a name on their `PATH`."""
        ...

    @property
    def path(self) -> str:
        """The `PATH` of commands inside."""
        ...

    def inside(self, sandbox: Sandbox, path: Path) -> str:
        """Where a command sees a path that is at or below `sandbox.root`."""
        ...

    async def ready(self) -> str:
        """Look whether commands can be run isolated here; returns how, in a few words.

        Raises:
            UserError: They cannot (`no_isolation`, `no_docker`, `no_image`, `no_cluster`); the
                hint says what mends it.
            Transient: The engine or API server does not answer.
        """
        ...

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """End and remove whatever a dead MAS has left under these labels; returns the names."""
        ...
