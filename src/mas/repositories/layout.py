"""Where everything of one run's repository lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

ALTERNATE_OF_REPOSITORY: Final = "../../objects"
"""From the objects of the run repository to those of the base; relative, as the folder is seen
at another place in a container."""
ALTERNATE_OF_SEAT: Final = "../../../../objects"
"""The same from the objects of an agent's clone."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run. Agents are counted from 1."""

    root: Path

    @property
    def git_dir(self) -> Path:
        """The run repository: bare, the base branch and one branch for each agent."""
        return self.root / ".git"

    @property
    def objects(self) -> Path:
        """Objects of the base, which all repositories of the run share and nobody changes."""
        return self.root / "objects"

    @property
    def included(self) -> Path:
        """Uncommitted files that every seat gets (`.worktreeinclude`)."""
        return self.root / "included"

    @property
    def worktrees(self) -> Path:
        """The folder of all clones."""
        return self.root / "worktrees"

    @property
    def checks(self) -> Path:
        """For temporary checkouts."""
        return self.root / "checks"

    def worktree(self, number: int) -> Path:
        """The clone that agent `number` works in; everything in it is the agent's."""
        return self.worktrees / self.branch(number)

    def agent(self, number: int) -> Path:
        """What there is of an agent beside its clone."""
        return self.root / "agents" / self.branch(number)

    def home(self, number: int) -> Path:
        """The agent's HOME."""
        return self.agent(number) / "home"

    def control(self, number: int) -> Path:
        """Files for the agent that it cannot change."""
        return self.agent(number) / "control"

    def private(self, number: int) -> Path:
        """Files of MAS about the agent, which the agent cannot see."""
        return self.agent(number) / "private"

    def branch(self, number: int) -> str:
        """The agent's branch, and its name."""
        return f"agent-{number}"
