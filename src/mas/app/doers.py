"""Who does the tasks of which role: the agents of a team's own, the orchestrator, any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from mas.agents.agent import do_task
from mas.agents.gate import Preapproved
from mas.agents.model_reasoner import ModelReasoner
from mas.agents.reasoner import Reasoner
from mas.agents.rule_reasoner import RuleReasoner, no_model
from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.core.calls import Tools
from mas.core.errors import UserError
from mas.core.masking import Masker
from mas.core.models import Model, Models
from mas.core.policy import Policy
from mas.core.ports import Doer, Lessons, Memories, Work
from mas.core.roles import Role
from mas.core.run import Run, TaskOutcome
from mas.core.tools import Catalog
from mas.teams.decide.minds import do_deciding, do_planning, do_research
from mas.teams.fanout import tasks as fanout
from mas.teams.fanout.workplace import Workplace
from mas.teams.planned import orchestrator


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """Everything that doers work with."""

    settings: Settings
    catalog: Catalog
    reading: ClusterReading
    roles: Mapping[str, Role]
    broken: Mapping[str, str]
    """What is wrong with the person's own file of a role, by the role that it would replace."""
    models: Models
    tools: Tools
    policy: Policy
    memories: Memories
    lessons: Lessons
    masker: Masker
    places: Callable[[Run], Workplace]
    """Workplaces of the team `fanout`."""

    def model_of(self, run: Run, role: str) -> Model | None:
        """The model of a role in a run: the request's choice, the role file's, the settings'."""
        if run.options.get("no_model") is True:
            return None
        wanted = run.options.get("model") or self.roles[role].model
        return self.models.for_role(role, wanted=cast("str | None", wanted))

    def reasoner_of(self, run: Run, role: str) -> Reasoner:
        """The model of a role as a reasoner, else rules."""
        model = self.model_of(run, role)
        if model is None:
            return RuleReasoner()
        return ModelReasoner(model, self.roles[role])


class Doers(Mapping[str, Doer]):
    """A doer for each role, made when it is asked for."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def __getitem__(self, role: str) -> Doer:
        return _Doer(self._workshop, self._workshop.roles[role])

    def __iter__(self) -> Iterator[str]:
        return iter(self._workshop.roles)

    def __len__(self) -> int:
        return len(self._workshop.roles)


class _Doer:
    """Does the tasks of one role, as the team of the run wants it."""

    def __init__(self, workshop: Workshop, role: Role) -> None:
        self._shop = workshop
        self._role = role

    async def do(self, work: Work) -> TaskOutcome:
        """See `mas.core.ports.Doer`."""
        if work.run.team == "decide":
            return await self._decide(work)
        if work.run.team == "fanout":
            return await fanout.do_task(work, self._shop.places(work.run))
        if work.task.id == orchestrator.PLAN_TASK and self._role.name == "orchestrator":
            return await self._plan(work)
        return await self._work(work)

    async def _decide(self, work: Work) -> TaskOutcome:
        shop = self._shop
        reasoner = shop.reasoner_of(work.run, self._role.name)
        if self._role.name == "planner":
            return await do_planning(work, shop.catalog, reasoner)
        if self._role.name == "researcher":
            return await do_research(work, shop.catalog, shop.reading.read, reasoner)
        return await do_deciding(work, shop.catalog, reasoner)

    async def _plan(self, work: Work) -> TaskOutcome:
        shop = self._shop
        model = shop.model_of(work.run, self._role.name)
        if model is None:
            raise no_model(f"The plan of a run of the team {work.run.team}")
        usable = {
            name: role
            for name, role in shop.roles.items()
            if name != self._role.name and role.team in ("", work.run.team)
        }
        reasoner = ModelReasoner(model, self._role)
        return await orchestrator.do_planning(work, reasoner, usable, shop.lessons)

    async def _work(self, work: Work) -> TaskOutcome:
        shop = self._shop
        if self._role.name in shop.broken:
            # The built-in role may be allowed more than the one that the person wrote.
            raise UserError(
                f"The role {self._role.name} is not used: {shop.broken[self._role.name]}",
                hint="Correct the file, or remove it to work with the built-in role.",
                code="bad_role",
            )
        model = shop.model_of(work.run, self._role.name)
        return await do_task(
            work,
            role=self._role,
            model=model,
            calls="tools" if model is None or model.calls_tools else "json",
            deadline=shop.settings.tools.time,
            tools=shop.tools,
            policy=shop.policy,
            memories=shop.memories,
            lessons=shop.lessons,
            workspace=shop.settings.workspaces_folder / work.run.id,
            preapproved=cast("Preapproved", work.run.options.get("preapproved") or "none"),
            masker=shop.masker,
        )
