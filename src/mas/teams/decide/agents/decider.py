"""The decider: rules over evidence, and a model's prose beside them."""

# ruff: noqa: ARG002 - a stage may leave an earlier stage unread

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
from msgspec import UNSET, UnsetType

from mas.agents.reasoner import Reasoner
from mas.core.decision import Decision
from mas.core.failure import Failure
from mas.core.messages import PERSON, Message
from mas.core.ports import Work
from mas.core.stages import Acting, ActionTaken, Observation, Reasoning, StagePlan, Validation
from mas.core.tools import Catalog
from mas.kubernetes.cluster import Cluster
from mas.teams.decide.agents.mind import DecideMind, aside_of, input_of, subject_of
from mas.teams.decide.answer import answer
from mas.teams.decide.consulting import consult
from mas.teams.decide.explanation import Checker, Explanation, asking_to_explain, checked
from mas.teams.decide.findings import Phrase
from mas.teams.decide.pack import Around, pack_of
from mas.teams.decide.question import Question
from mas.teams.decide.report import write_report
from mas.teams.decide.told import Told
from mas.teams.decide.understanding import earlier_run


class Decided(Acting, frozen=True, kw_only=True):
    """The decision and its report, with the model's explanation, or why there is none."""

    decision: Decision
    report: str
    explanation: Explanation | UnsetType = UNSET
    failure: Failure | UnsetType = UNSET


class Decider(DecideMind):
    """Decides by rules; a model explains the decision and cannot change it."""

    acts: type[Decided] = Decided

    def __init__(self, work: Work, catalog: Catalog, reasoner: Reasoner | None) -> None:
        super().__init__(work, catalog, reasoner)
        given = input_of(work, "research")
        self._cluster = msgspec.convert(given["cluster"], Cluster | None)
        self._question = msgspec.convert(given["question"], Question)
        self.aside = aside_of(given)
        self._said: list[str] = []

    def told(self, messages: Sequence[Message]) -> None:
        """A person's words reach the model that explains; the rules do not listen."""
        self._said += [one.content for one in messages if one.sender == PERSON]

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
        explanation, failure = await self._explain(decision)
        told = Told(
            subject=subject_of(self._question, self.catalog, self.language),
            understood_by=self.aside.understood_by,
            follows=self.aside.follows,
            explanation=explanation,
            failure=failure,
        )
        report = write_report(decision, self._cluster, self.catalog, self.language, told=told)
        return Decided(
            summary=self._summary(decision, explanation, failure),
            actions=(
                ActionTaken(action="judge", success=True, output=decision.verdict),
                ActionTaken(action="write", success=True, output=f"{len(report)} characters"),
            ),
            decision=decision,
            report=report,
            explanation=explanation or UNSET,
            failure=failure or UNSET,
        )

    async def _explain(self, decision: Decision) -> tuple[Explanation | None, Failure | None]:
        """The model's explanation as far as it holds, or why there is none; neither by rules."""
        if self.aside.failure is not None:
            return None, self.aside.failure
        if self.model is None:
            return None, None
        pack = pack_of(decision, self.catalog, self._around())
        checker = Checker.of(decision, pack, self.catalog, self.language)
        asking = asking_to_explain(decision, pack, checker)
        thought, failure = await consult(self.model, self.work, asking)
        if thought is None:
            return None, failure
        return checked(thought.value, thought.by, decision, checker), None

    def _around(self) -> Around:
        earlier = earlier_run(self.work.run.options)
        return Around(
            request=self._question.text,
            findings=self.aside.findings,
            told=tuple(self._said),
            earlier_request=str(earlier.get("request") or ""),
            earlier_report=str(earlier.get("report") or ""),
        )

    def _summary(
        self, decision: Decision, explanation: Explanation | None, failure: Failure | None
    ) -> str:
        done = self.say("decider.act", verdict=Phrase(key=f"verdict.word.{decision.verdict}"))
        if explanation is not None:
            return self.say(
                "decider.explained",
                done=done,
                model=explanation.by,
                dropped=explanation.dropped,
            )
        return self.say("decider.unexplained", done=done) if failure else done

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
