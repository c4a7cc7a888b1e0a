"""What the tasks of one run work with. The composition root makes it; nothing here reaches out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mas.core.coding import Coder, CoderReport, ModelAccess, Seat
from mas.core.errors import MasError
from mas.core.executors import Sandbox, SandboxExecutor
from mas.core.models import Model
from mas.core.ports import Work
from mas.core.usage import Usage
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.teams.fanout.order import Order

OWN_CODER = "mas"
"""The coder that is no process: MAS's own agent loop on any model."""


class Admitted(Protocol):
    """A coder's way to its model while it works."""

    @property
    def access(self) -> ModelAccess | None:
        """What the coder is given; None for one that needs no model of MAS."""
        ...

    @property
    def socket(self) -> Path | None:
        """The gateway's Unix socket, for a sandbox whose network is closed."""
        ...

    @property
    def spent(self) -> Usage:
        """What its calls have used so far."""
        ...

    @property
    def failure(self) -> MasError | None:
        """Why calls were refused: the budget, or a key that is not accepted."""
        ...


class Admit(Protocol):
    """Lets one agent reach its model, until the context is left."""

    def __call__(
        self, work: Work, coder: Coder, private: Path
    ) -> AbstractAsyncContextManager[Admitted]:
        """`private` is the agent's folder that it cannot see, for its token and its calls."""
        ...


class OwnCoder(Protocol):
    """Does an agent's work in this process, its commands in the sandbox."""

    async def __call__(
        self,
        work: Work,
        seat: Seat,
        sandbox: Sandbox,
        environment: Mapping[str, str],
        *,
        goal: str,
    ) -> CoderReport:
        """Work on the task, told by `goal`; what went wrong is in the report.

        Raises:
            Refused: The budget is used up.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Everything for the tasks of one run."""

    order: Order
    folder: RunFolder
    shown: str
    """The run folder relative to the workspace: `runs/run_<id>`."""
    repository: RunRepository
    executor: SandboxExecutor
    coder_named: Callable[[str], Coder]
    admit: Admit
    own_coder: OwnCoder
    judge: Model | None
    mask: Callable[[str], str]
    source_environment: Mapping[str, str]
    """The person's own, for fetching from an address with their git configuration."""

    def seat(self, number: int, *, base: str) -> Seat:
        """The place of an agent, as the agent sees it."""
        sandbox = self.sandbox(number)

        def seen(path: Path) -> str:
            return self.executor.inside(sandbox, path)

        return Seat(
            number=number,
            of=self.order.agents,
            branch=self.folder.branch(number),
            base=base,
            worktree=seen(self.folder.worktree(number)),
            home=seen(self.folder.home(number)),
            control=seen(self.folder.control(number)),
        )

    def sandbox(
        self, number: int, *, programs: tuple[Path, ...] = (), socket: Path | None = None
    ) -> Sandbox:
        """What agent `number` may see and use."""
        folder = self.folder
        return Sandbox(
            root=folder.root,
            writable=(folder.worktree(number), folder.home(number)),
            readable=(folder.objects, folder.control(number)),
            programs=programs,
            network=self.order.network,
            gateway=socket,
            limits=self.order.limits,
        )

    def environment(self, seat: Seat) -> dict[str, str]:
        """The environment of every agent; its coder adds to it, and nothing else is in it."""
        author = f"{seat.name}@mas.invalid"
        return {
            "PATH": self.executor.path,
            "HOME": seat.home,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "GIT_AUTHOR_NAME": seat.name,
            "GIT_AUTHOR_EMAIL": author,
            "GIT_COMMITTER_NAME": seat.name,
            "GIT_COMMITTER_EMAIL": author,
            # A worktree whose .git was removed must not find a repository around it.
            "GIT_CEILING_DIRECTORIES": seat.worktree.rpartition("/")[0],
            "GIT_TERMINAL_PROMPT": "0",
            "AGENT_WORKTREE_PATH": seat.worktree,
            "AGENT_BRANCH": seat.branch,
        }

    def labels(self, run_id: str, number: int) -> dict[str, str]:
        """What containers and Jobs of an agent are found by."""
        return {"mas.run": run_id, "mas.agent": str(number)}

    def worktree_shown(self, number: int) -> str:
        """An agent's worktree relative to the workspace."""
        below = self.folder.worktree(number).relative_to(self.folder.root)
        return f"{self.shown}/{below.as_posix()}"
