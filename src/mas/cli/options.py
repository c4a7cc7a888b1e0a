"""Options that several commands share, as one object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FanoutOptions:
    """What a person can wish for coding agents; None leaves it to the settings."""

    agents: int | None = None
    repo: str | None = None
    ref: str | None = None
    coders: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    setup: str | None = None
    task_seconds: float | None = None
    executor: str | None = None
    unsafe_local: bool = False


@dataclass(frozen=True, kw_only=True)
class AskOptions:
    """What a person can wish for a run besides its text; None leaves it to the settings."""

    team: str | None = None
    language: str | None = None
    cluster: str | None = None
    model: str | None = None
    no_model: bool = False
    dry_run: bool = False
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_seconds: float | None = None
    yes: bool = False
    after: str | None = None
    role: str | None = None
    fanout: FanoutOptions = FanoutOptions()
