"""The three agents of a decision: planner, researcher, decider, reasoning by rules (A2, A6).

Each works through the five stages; what the next one needs is in its outcome, as plain JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import cast

import msgspec

from mas.agents.loop import work_through
from mas.core.decision import Decision
from mas.core.errors import Bug
from mas.core.language import Language
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.stages import (
    Acting,
    ActionTaken,
    Observation,
    PlannedStep,
    Reasoning,
    StagePlan,
    Validation,
)
from mas.core.tools import Catalog
from mas.core.values import JsonObject, JsonValue
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.inventory import Inventory
from mas.teams.decide.answer import answer, survey
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.question import Question, read_question
from mas.teams.decide.report import write_report
from mas.teams.decide.wording import say

ReadCluster = Callable[[JsonObject], Awaitable[Cluster | None]]
"""Reads the cluster that a run's options name; None when they name none."""


class _Mind:
    """What the three have in common: the work at hand and the language to tell it in."""

    observes = Observation
    reasons = Reasoning
    plans = StagePlan
    acts = Acting

    def __init__(self, work: Work, catalog: Catalog) -> None:
        self.work = work
        self.catalog = catalog
        self.language: Language = work.run.language

    def say(self, key: str, **params: Param) -> str:
        return say(Phrase(key=key, params=params), self.language)

    def step(self, key: str, target: str) -> PlannedStep:
        return PlannedStep(
            action=self.say(f"step.{key}"),
            target=target,
            method=self.say(f"step.{key}.method"),
            expected=self.say(f"step.{key}.expected"),
        )


# Planner: what is asked, and what has to be looked at to answer it.


class Asked(Observation, frozen=True, kw_only=True):
    """The request as understood."""

    question: Question


class Agreed(Acting, frozen=True, kw_only=True):
    """The question that the others work on."""

    question: Question


class _Planner(_Mind):
    observes: type[Asked] = Asked
    acts: type[Agreed] = Agreed

    async def observe(self) -> Asked:
        run = self.work.run
        question = read_question(run.request, self.catalog, language=run.language)
        subject = _subject(question, self.catalog, self.language)
        return Asked(
            summary=self.say("planner.observe", subject=subject or self.say("planner.nothing")),
            facts=(run.request[:500],),
            findings=(subject,) if subject else (),
            question=question,
        )

    async def reason(self, seen: Asked) -> Reasoning:
        kind = "tool" if seen.question.tool else "capability"
        key = kind if seen.question.tool or seen.question.capability else "unknown"
        return Reasoning(
            summary=self.say(f"planner.reason.{key}"),
            problem=self.say("planner.problem"),
            approach=self.say("planner.approach"),
            success_criteria=(self.say("planner.criterion"),),
            conclusion=self.say(f"planner.reason.{key}"),
        )

    async def plan(self, seen: Asked, thought: Reasoning) -> StagePlan:
        source = str(self.work.run.options.get("cluster_name") or "-")
        steps = (
            self.step("read", source),
            self.step("inventory", source),
            self.step("simulate", ", ".join(seen.findings) or "-"),
            self.step("judge", ", ".join(seen.findings) or "-"),
        )
        return StagePlan(
            summary=self.say("planner.plan", count=len(steps)),
            steps=steps,
            estimated_seconds=2.0,
            confidence=0.95 if seen.findings else 0.3,
        )

    async def act(self, seen: Asked, thought: Reasoning, planned: StagePlan) -> Agreed:
        done = self.say("planner.act")
        return Agreed(
            summary=done,
            actions=(ActionTaken(action="agree", success=True, output=done),),
            question=seen.question,
        )

    async def validate(
        self, seen: Asked, thought: Reasoning, planned: StagePlan, done: Agreed
    ) -> Validation:
        named = [id_ for id_ in (done.question.tool,) if id_]
        missing = [id_ for id_ in named if id_ not in self.catalog.tools]
        return Validation(
            summary=self.say("planner.validate"),
            valid=not missing,
            check="the subject is in the catalog, or is said to be unknown",
            output=", ".join(missing) or "ok",
        )


async def do_planning(work: Work, catalog: Catalog) -> TaskOutcome:
    """Understand the request; the outcome carries the question."""
    worked = await work_through(work, _Planner(work, catalog))
    return TaskOutcome(
        result=_plain({"question": worked.done.question}), summary=worked.seen.summary
    )


# Researcher: what the cluster holds.


class Seen(Observation, frozen=True, kw_only=True):
    """The digest of the cluster; None when there is no cluster to look at."""

    cluster: Cluster | None


class _Researcher(_Mind):
    observes: type[Seen] = Seen

    def __init__(self, work: Work, catalog: Catalog, read: ReadCluster) -> None:
        super().__init__(work, catalog)
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

    async def reason(self, seen: Seen) -> Reasoning:
        if seen.cluster is None:
            conclusion = self.say("researcher.none")
        else:
            found = self._survey(seen.cluster).installations
            healthy = sum(1 for one in found if one.health == "healthy")
            conclusion = self.say("researcher.reason", count=len(found), healthy=healthy)
        return Reasoning(
            summary=conclusion,
            problem=self.say("researcher.problem"),
            approach=self.say("researcher.approach"),
            risks=seen.findings,
            success_criteria=(self.say("researcher.criterion"),),
            conclusion=conclusion,
        )

    async def plan(self, seen: Seen, thought: Reasoning) -> StagePlan:
        name = seen.cluster.name if seen.cluster else "-"
        return StagePlan(
            summary=self.say("researcher.plan"),
            steps=(self.step("inventory", name), self.step("simulate", name)),
            estimated_seconds=1.0,
            confidence=0.9 if seen.cluster else 0.1,
        )

    async def act(self, seen: Seen, thought: Reasoning, planned: StagePlan) -> Acting:
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
        self, seen: Seen, thought: Reasoning, planned: StagePlan, done: Acting
    ) -> Validation:
        """The digest has to survive storage: what is stored is what will be judged."""
        again = msgspec.json.decode(msgspec.json.encode(seen.cluster), type=Cluster | None)
        return Validation(
            summary=self.say("researcher.validate"),
            valid=again == seen.cluster,
            check="the digest reads back as it was stored",
            output="ok" if again == seen.cluster else "it differs",
        )


async def do_research(work: Work, catalog: Catalog, read: ReadCluster) -> TaskOutcome:
    """Read the cluster; the outcome carries its digest and the question."""
    worked = await work_through(work, _Researcher(work, catalog, read))
    return TaskOutcome(
        result=_plain(
            {"cluster": worked.seen.cluster, "question": _input(work, "plan")["question"]}
        ),
        summary=worked.seen.summary,
    )


# Decider: rules over evidence.


class Decided(Acting, frozen=True, kw_only=True):
    """The decision and its report."""

    decision: Decision
    report: str


class _Decider(_Mind):
    acts: type[Decided] = Decided

    def __init__(self, work: Work, catalog: Catalog) -> None:
        super().__init__(work, catalog)
        given = _input(work, "research")
        self._cluster = msgspec.convert(given["cluster"], Cluster | None)
        self._question = msgspec.convert(given["question"], Question)

    @cached_property
    def _decision(self) -> Decision:
        """Pure, so that an attempt that goes on behind a record makes the same one again."""
        created = self.work.run.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return answer(self._question, self._cluster, self.catalog, now=created)

    async def observe(self) -> Observation:
        decision = self._decision
        return Observation(
            summary=self.say("decider.observe", count=len(decision.evidence)),
            facts=tuple(
                f"{id_} {one.object} {one.field} = {one.value}"
                for id_, one in decision.evidence.items()
            ),
        )

    async def reason(self, seen: Observation) -> Reasoning:
        decision = self._decision
        against = [one for one in decision.reasons if one.stance == "against"]
        return Reasoning(
            summary=self.say(
                "decider.reason",
                support=len(decision.reasons) - len(against),
                against=len(against),
            ),
            problem=self.say("planner.problem"),
            root_causes=tuple(one.text for one in against),
            approach=self.say("decider.approach"),
            success_criteria=(self.say("decider.criterion"),),
            conclusion=decision.verdict,
        )

    async def plan(self, seen: Observation, thought: Reasoning) -> StagePlan:
        return StagePlan(
            summary=self.say("decider.plan"),
            steps=(self.step("judge", thought.conclusion), self.step("write", "report")),
            estimated_seconds=0.5,
            confidence=0.95,
        )

    async def act(self, seen: Observation, thought: Reasoning, planned: StagePlan) -> Decided:
        decision = self._decision
        report = write_report(decision, self._cluster, self.catalog, self.language)
        return Decided(
            summary=self.say("decider.act", verdict=Phrase(key=f"verdict.word.{decision.verdict}")),
            actions=(
                ActionTaken(action="judge", success=True, output=decision.verdict),
                ActionTaken(action="write", success=True, output=f"{len(report)} characters"),
            ),
            decision=decision,
            report=report,
        )

    async def validate(
        self, seen: Observation, thought: Reasoning, planned: StagePlan, done: Decided
    ) -> Validation:
        """Each reason has to cite evidence that is in the decision (D7)."""
        known = set(done.decision.evidence)
        loose = [
            one.kind
            for one in done.decision.reasons
            if not one.evidence or not set(one.evidence) <= known
        ]
        return Validation(
            summary=self.say("decider.validate", count=len(done.decision.reasons)),
            valid=not loose,
            check="each reason cites evidence of this decision",
            output=", ".join(loose) or "ok",
        )


async def do_deciding(work: Work, catalog: Catalog) -> TaskOutcome:
    """Judge and write; the outcome carries decision and report."""
    worked = await work_through(work, _Decider(work, catalog))
    return TaskOutcome(
        result=_plain({"decision": worked.done.decision, "report": worked.done.report}),
        summary=worked.done.summary,
    )


def _subject(question: Question, catalog: Catalog, language: Language) -> str:
    if question.tool:
        return catalog.tools[question.tool].name
    if question.capability:
        name = catalog.capabilities[question.capability].name
        return name.ko if language == "ko" else name.en
    return question.unknown or ""


def _input(work: Work, task: str) -> JsonObject:
    value = work.inputs.get(task)
    if not isinstance(value, dict):
        raise Bug(f"The task {work.task.id} has no result of {task} to work on.")
    return cast("JsonObject", value)


def _plain(value: object) -> JsonValue:
    return cast("JsonValue", msgspec.to_builtins(value))
