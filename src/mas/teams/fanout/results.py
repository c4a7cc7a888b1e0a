"""What the tasks of a `fanout` run give, and flows from one to the next as plain JSON (F4)."""

from __future__ import annotations

import msgspec

from mas.core.coding import AgentMessage, AgentStatus
from mas.teams.fanout.checks.model import Check, TestCounts

OUTPUT_LIMIT = 20_000
"""Characters of an agent's own output that its result holds; the rest is in its log."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """The run repository as it stands before the agents."""

    branch: str
    commit: str
    fresh: bool = False
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    """What every result is judged by."""
    files: int = 0
    """Of the base."""
    isolation: str = ""
    """What keeps the agents from everything else, in a few words."""


class Seated(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent works, relative to the workspace."""

    worktree_path: str
    branch_name: str


class DiffStat(msgspec.Struct, frozen=True, kw_only=True):
    """Size of a change against the base."""

    files: int = 0
    additions: int = 0
    deletions: int = 0


class CommitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of an agent."""

    sha: str
    subject: str


class ChangedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that differs from the base; `change` is A, M, D, R or T."""

    path: str
    change: str
    additions: int = 0
    deletions: int = 0


class AgentUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has used; tokens as the gateway measured, else as the coder told."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    measured: bool = True


class AgentOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One agent's work as git and its process tell it."""

    agent_id: int
    status: AgentStatus
    coder: str
    workspace: Seated
    output: str = ""
    """The last words of the coder, or the end of its output."""
    output_bytes: int = 0
    """Of its whole output; what is kept of it is in its folder."""
    error: str | None = None
    """Why it is no success, in a sentence."""
    exit_code: int | None = None
    commit: str = ""
    commits: tuple[CommitLine, ...] = ()
    commit_count: int = 0
    salvaged: bool = False
    """MAS has committed what the agent had left uncommitted."""
    net_change: bool = False
    diff_stat: DiffStat = DiffStat()
    files: tuple[ChangedFile, ...] = ()
    denied: tuple[str, ...] = ()
    messages: tuple[AgentMessage, ...] = ()
    notes: tuple[str, ...] = ()
    usage: AgentUsage = AgentUsage()
    budget_reached: bool = False
    restarts: int = 0
    """How often its process had to be started again after MAS had died."""


class ShownCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one agent's work, in words."""

    id: str
    command: str
    passed: bool
    exit_code: int | None
    ended: str
    reason: str
    tests: TestCounts | None = None
    failed_tests: tuple[str, ...] = ()
    restored: bool = False
    """Run with the base's tests in place of what the agent had made of them."""
    output: str = ""
    seconds: float = 0.0


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's place in the ranking, in words."""

    agent_id: int
    place: int | None
    """From 1; None: it changed nothing."""
    score: float
    status: AgentStatus
    checks: tuple[ShownCheck, ...] = ()
    regressions: tuple[str, ...] = ()
    edited_checks: tuple[str, ...] = ()
    """Files that judge the work and that the agent has edited."""
    reasons: tuple[str, ...] = ()


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """All agents, best first."""

    ranking: tuple[Placed, ...] = ()
    judge: str = ""
    """The model that was asked where evidence left agents equal; empty: none was."""
