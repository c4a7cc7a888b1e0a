"""Roles: what an agent is, as a Markdown file says it (A1)."""

from __future__ import annotations

import msgspec

from mas.core.plan import TaskLimits


class RoleLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one task of this role may use; None is no limit of its own."""

    tokens: int | None = None
    cost_usd: float | None = None
    seconds: float | None = None
    calls: int = 40
    """Model calls of one task."""
    concurrent: int | None = None
    """Tasks of this role at once, over all runs and processes."""

    def of_task(self) -> TaskLimits:
        """What the engine holds each task of the role to."""
        return TaskLimits(tokens=self.tokens, cost_usd=self.cost_usd, seconds=self.seconds)


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's role. `instructions` is the Markdown below the front matter.

    `tools` are patterns of tool names (`files.*`); None means every tool, as in Claude Code's
    files. `model` None takes the configured one. `source` is where it comes from, for people.
    """

    name: str
    description: str
    instructions: str
    expertise: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    model: str | None = None
    limits: RoleLimits = RoleLimits()
    team: str = ""
    """The team whose plans may use it; empty: every team's."""
    source: str = "built-in"
