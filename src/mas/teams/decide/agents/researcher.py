"""The researcher: what the cluster holds."""

# ruff: noqa: ARG002 - a stage may leave an earlier stage unread

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from mas.agents.reasoner import Reasoner
from mas.core.ports import Work
from mas.core.stages import Acting, ActionTaken, Observation, Reasoning, StagePlan, Validation
from mas.core.tools import Catalog
from mas.core.values import JsonObject
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.inventory import Inventory
from mas.teams.decide.agents.mind import DecideMind, aside_of, input_of, subject_of
from mas.teams.decide.answer import survey
from mas.teams.decide.consulting import Aside, consult, handed_on
from mas.teams.decide.question import Question
from mas.teams.decide.survey import Matter, asking_what_matters, survey_of, what_matters

ReadCluster = Callable[[JsonObject], Awaitable[Cluster | None]]
"""Reads the cluster that a run's options name; None when they name none."""


class Seen(Observation, frozen=True, kw_only=True):
    """The digest of the cluster; None when there is no cluster to look at."""

    cluster: Cluster | None


class Weighed(Reasoning, frozen=True, kw_only=True):
    """What a model found to matter for the question; unset when none was asked."""

    matters: tuple[Matter, ...] | UnsetType = UNSET
    survey: dict[str, str] | UnsetType = UNSET
    """The lines that the findings cite, by id."""
    aside: Aside | UnsetType = UNSET


class Researcher(DecideMind):
    """Takes the digest and the inventory; a model may point to what matters in them."""

    observes: type[Seen] = Seen
    reasons: type[Weighed] = Weighed

    def __init__(
        self, work: Work, catalog: Catalog, read: ReadCluster, reasoner: Reasoner | None
    ) -> None:
        super().__init__(work, catalog, reasoner)
        given = input_of(work, "plan")
        self.question = given["question"]
        self.aside = aside_of(given)
        self._read = read
        self._surveyed: Inventory | None = None

    def _survey(self, cluster: Cluster) -> Inventory:
        """What runs in the cluster, found once an attempt."""
        if self._surveyed is None:
            self._surveyed = survey(cluster, self.catalog)
        return self._surveyed

    async def observe(self) -> Seen:
        cluster = await self._read(self.work.run.options)
        if cluster is None:
            return Seen(summary=self.say("researcher.none"), cluster=None)
        unread = ", ".join((*cluster.forbidden, *cluster.unread))
        facts = (
            f"version {cluster.version or '-'}",
            f"nodes {len(cluster.nodes)}",
            f"pods {cluster.pod_count}",
            f"workloads {cluster.workload_count}",
            f"objects {cluster.objects}",
        )
        return Seen(
            summary=self.say(
                "researcher.observe",
                nodes=len(cluster.nodes),
                workloads=cluster.workload_count,
                pods=cluster.pod_count,
                unread=unread or self.say("page.nothing"),
            ),
            facts=facts,
            findings=(f"not readable: {unread}",) if unread else (),
            cluster=cluster,
        )

    async def reason(self, seen: Seen) -> Weighed:
        if seen.cluster is None:
            conclusion = self.say("researcher.none")
        else:
            found = self._survey(seen.cluster).installations
            healthy = sum(1 for one in found if one.health == "healthy")
            conclusion = self.say("researcher.reason", count=len(found), healthy=healthy)
        thought = Weighed(
            summary=conclusion,
            problem=self.say("researcher.problem"),
            approach=self.say("researcher.approach"),
            risks=seen.findings,
            success_criteria=(self.say("researcher.criterion"),),
            conclusion=conclusion,
        )
        if self.model is None or seen.cluster is None or self.aside.failure is not None:
            return thought
        return await self._weigh(thought, seen.cluster, self.model)

    async def _weigh(self, thought: Weighed, cluster: Cluster, model: Reasoner) -> Weighed:
        """Ask a model what matters for the question, and keep what holds."""
        question = msgspec.convert(self.question, Question)
        lines = survey_of(cluster, self._survey(cluster))
        subject = subject_of(question, self.catalog, self.language)
        asking = asking_what_matters(lines, question.text, subject, self.catalog)
        answer, failure = await consult(model, self.work, asking)
        if answer is None:
            return replace(thought, aside=replace(self.aside, failure=handed_on(failure)))
        matters = what_matters(answer.value, lines, self.catalog)
        told = tuple(
            self.say("researcher.evidence", finding=one.finding, ids=one.evidence)
            for one in matters
        )
        cited = {id_: lines.lines[id_] for one in matters for id_ in one.evidence}
        return replace(
            thought,
            summary=self.say(
                "researcher.matters", conclusion=thought.conclusion, count=len(matters)
            ),
            root_causes=told,
            matters=matters,
            survey=cited,
            aside=replace(self.aside, findings=tuple(one.finding for one in matters)),
        )

    async def plan(self, seen: Seen, thought: Weighed) -> StagePlan:
        name = seen.cluster.name if seen.cluster else "-"
        return StagePlan(
            summary=self.say("researcher.plan"),
            steps=(self.step("inventory", name), self.step("simulate", name)),
            estimated_seconds=1.0,
            confidence=0.9 if seen.cluster else 0.1,
        )

    async def act(self, seen: Seen, thought: Weighed, planned: StagePlan) -> Acting:
        if seen.cluster is None:
            return Acting(summary=self.say("researcher.none"), actions=())
        found = self._survey(seen.cluster)
        lines = tuple(
            ActionTaken(
                action="inventory",
                success=True,
                output=f"{one.tool.id} {one.version or '-'} {one.namespace} {one.health}",
            )
            for one in found.installations
        )
        return Acting(
            summary=self.say("researcher.act", count=len(lines), applications=found.applications),
            actions=lines,
        )

    async def validate(
        self, seen: Seen, thought: Weighed, planned: StagePlan, done: Acting
    ) -> Validation:
        """The digest has to survive storage: what is stored is what will be judged."""
        again = msgspec.json.decode(msgspec.json.encode(seen.cluster), type=Cluster | None)
        return Validation(
            summary=self.say("researcher.validate"),
            valid=again == seen.cluster,
            check="the digest reads back as it was stored",
            output="ok" if again == seen.cluster else "it differs",
        )

    def handed_on(self, thought: Weighed) -> Aside:
        """What the researcher hands on besides the digest and the question."""
        return self.aside if isinstance(thought.aside, UnsetType) else thought.aside
