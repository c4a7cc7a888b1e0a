"""MAS's own coder: the agent loop on any model, its files and commands in an agent's seat (A7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import cast

from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.cluster_objects import objects_of
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox, ToolboxSettings
from mas.agents.agent import do_task
from mas.agents.inner_work import InnerWork
from mas.app.doers import Workshop
from mas.app.settings import Settings
from mas.core.coding import AgentMessage, CoderReport, Seat
from mas.core.errors import BudgetReached, MasError, UserError
from mas.core.executors import Command, CommandOutcome, Executor, Sandbox
from mas.core.masking import Masker
from mas.core.models import Model
from mas.core.policy import Policy
from mas.core.ports import Lessons, Memories, Work
from mas.core.roles import Role
from mas.core.run import Run
from mas.core.values import JsonObject

_FAMILIES = ("files", "command", "git", "outputs")
"""What a coder works with in its seat; nothing of it reaches beyond the sandbox."""


class Boxed:
    """An `Executor` that runs every command in one sandbox, with that sandbox's environment."""

    def __init__(
        self, executor: Executor, sandbox: Sandbox, environment: Mapping[str, str]
    ) -> None:
        self._executor = executor
        self._sandbox = sandbox
        self._environment = environment

    async def run(self, command: Command) -> CommandOutcome:
        """See `Executor.run`."""
        environment = {**command.environment, **self._environment}
        return await self._executor.run(
            replace(command, sandbox=self._sandbox, environment=environment)
        )


@dataclass(frozen=True, kw_only=True)
class LoopCoder:
    """Implements `mas.teams.fanout.workplace.OwnCoder`."""

    settings: Settings
    executor: Executor
    model: Model | None
    role: Role
    policy: Policy
    memories: Memories
    lessons: Lessons
    masker: Masker

    async def __call__(
        self,
        work: Work,
        seat: Seat,
        sandbox: Sandbox,
        environment: Mapping[str, str],
        *,
        goal: str,
    ) -> CoderReport:
        """Work through the five stages in the seat; a check that did not pass is a failure."""
        if self.model is None:
            raise UserError(
                "The coder mas needs a model, and none is configured.",
                hint="Set MAS_MODEL (or --model) and the key of its provider, or name another "
                "coder with --coder.",
                code="no_model",
            )
        worktree = Path(seat.worktree)
        try:
            outcome = await do_task(
                InnerWork(work, prefix="coder/", goal=goal),
                role=self.role,
                model=self.model,
                calls="tools" if self.model.calls_tools else "json",
                deadline=self._deadline,
                tools=self._tools(Boxed(self.executor, sandbox, environment), Path(seat.home)),
                policy=self.policy,
                memories=self.memories,
                lessons=self.lessons,
                workspace=worktree,
                preapproved="sandbox",
                masker=self.masker,
            )
        except (BudgetReached, UserError):
            raise
        except MasError as exc:
            return CoderReport(failure=str(exc))
        result = cast("JsonObject", outcome.result)
        said = str(result["output"])
        return CoderReport(text=said, messages=(AgentMessage(kind="result", text=said),))

    @property
    def _deadline(self) -> timedelta:
        return max(self.settings.tools.time, timedelta(minutes=10))

    def _tools(self, executor: Executor, home: Path) -> Toolbox:
        kept = KeptOutputs(self.settings.outputs_folder)
        families = built_in_families(
            executor=executor,
            kept=kept,
            objects_of=objects_of({}),
            path=self.settings.environment.get("PATH", ""),
            homes=home,
        )
        return Toolbox(
            {name: families[name] for name in _FAMILIES},
            kept=kept,
            masker=self.masker,
            settings=ToolboxSettings(
                shown_characters=self.settings.tools.output_limit_bytes,
                kept_output_bytes=self.settings.tools.kept_output_bytes,
            ),
        )


def own_coder(shop: Workshop, run: Run, executor: Executor) -> LoopCoder:
    """MAS's own coder for one run, with the model that the run has for the role `coder`."""
    return LoopCoder(
        settings=shop.settings,
        executor=executor,
        model=shop.model_of(run, "coder"),
        role=shop.roles["coder"],
        policy=shop.policy,
        memories=shop.memories,
        lessons=shop.lessons,
        masker=shop.masker,
    )
