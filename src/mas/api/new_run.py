"""What a client may wish for a new run, and the request that it makes of it (U3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from mas.app.asking import budget_of, check_fanout_team
from mas.app.bounds import (
    LONGEST_NAME,
    LONGEST_WORDS,
    MOST_CHECKS,
    MOST_SECONDS,
    MOST_TOKENS,
    MOST_USD,
    WEEK_SECONDS,
    Team,
)
from mas.app.fanout import MAX_PROMPT, FanoutAsk
from mas.app.service import Ask
from mas.core.budget import Budget
from mas.core.executors import ExecutorKind
from mas.core.language import Language
from mas.teams.fanout.order import MOST_AGENTS

Name = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_WORDS)]
Seconds = Annotated[float, Field(gt=0, le=WEEK_SECONDS)]

_EXAMPLES: list[JsonValue] = [
    {"text": "Should we adopt Tekton?", "cluster": "examples/clusters/homelab.json"},
    {
        "text": "Limit requests per API key",
        "fanout": {"agents": 3, "repo": "/srv/shop", "checks": ["pytest -q"]},
        "budget": {"usd": 5},
    },
]


class Body(BaseModel):
    """A body; what it does not know it refuses, and it turns nothing into something else."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class Limits(Body):
    """Limits of a run; what is left out is taken from the settings."""

    tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] | None = None
    usd: Annotated[float, Field(gt=0, le=MOST_USD)] | None = None
    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)] | None = None

    def to_budget(self) -> Budget:
        """In the units of the core."""
        return budget_of(tokens=self.tokens, usd=self.usd, seconds=self.seconds)


class Fanout(Body):
    """Wishes for coding agents side by side; any of them chooses that team."""

    agents: Annotated[int, Field(ge=1, le=MOST_AGENTS)] | None = None
    coders: Annotated[list[Short], Field(max_length=MOST_AGENTS)] = Field(default_factory=list)
    """As `mas ask --coder`, in turn."""
    repo: Short | None = None
    """Folder on the server or address of a git repository; none: a fresh one."""
    ref: Short | None = None
    """Branch, tag or commit of `repo`."""
    checks: Annotated[list[Short], Field(max_length=MOST_CHECKS)] = Field(default_factory=list)
    """Command lines that judge the results; none: they are detected."""
    task_seconds: Seconds | None = None
    """Time of each agent."""
    executor: ExecutorKind | None = None
    setup: Short | None = None
    """Command line that prepares each workplace."""

    def to_ask(self) -> FanoutAsk:
        """In the words of the service."""
        return FanoutAsk(
            agents=self.agents,
            repo=self.repo,
            ref=self.ref,
            checks=tuple(self.checks),
            coders=tuple(self.coders),
            setup=self.setup,
            task_seconds=self.task_seconds,
            executor=self.executor,
        )


class NewRun(Body):
    """A request; what is left out MAS chooses by the text and the settings."""

    model_config = ConfigDict(json_schema_extra={"examples": _EXAMPLES})

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PROMPT)]
    """What is wanted: at most 20,000 characters, 100,000 for coding agents."""
    team: Team | None = None
    role: Name | None = None
    """One agent alone: instead of `team` and `fanout`."""
    cluster: Short | None = None
    """Context of the server's kubeconfig, or a snapshot file on the server."""
    model: Name | None = None
    """`provider:name`."""
    no_model: bool = False
    """Rules alone: instead of `model`."""
    dry_run: bool = False
    """Stop after the plan."""
    budget: Limits = Field(default_factory=Limits)
    approve_writes: bool = False
    """Writes need no approval; what destroys still does."""
    after: Name | None = None
    """Id of a run that this one goes on from."""
    language: Language | None = None
    fanout: Fanout | None = None

    def to_ask(self) -> Ask:
        """In the words of the service. An empty `fanout` is a wish for that team, too.

        Raises:
            UserError: `fanout` is wished for and `team` is another one.
        """
        if self.fanout is not None:
            check_fanout_team(self.team)
        return Ask(
            text=self.text,
            team=self.team or ("fanout" if self.fanout is not None else None),
            language=self.language,
            cluster=self.cluster,
            model=self.model,
            no_model=self.no_model,
            dry_run=self.dry_run,
            budget=self.budget.to_budget(),
            approve_writes=self.approve_writes,
            after=self.after,
            role=self.role,
            fanout=FanoutAsk() if self.fanout is None else self.fanout.to_ask(),
        )
