"""The planner: what is asked, and what has to be looked at to answer it."""

# ruff: noqa: ARG002 - a stage may leave an earlier stage unread

from __future__ import annotations

from msgspec import UNSET, UnsetType

from mas.core.stages import (
    Acting,
    ActionTaken,
    Observation,
    Reasoning,
    StagePlan,
    Validation,
)
from mas.teams.decide.agents.mind import DecideMind, subject_of
from mas.teams.decide.consulting import Aside, consult, handed_on
from mas.teams.decide.question import Question, read_question
from mas.teams.decide.understanding import (
    about_the_same,
    asking_what_is_meant,
    earlier_question,
    earlier_run,
    has_subject,
    understood,
)


class Asked(Observation, frozen=True, kw_only=True):
    """The request as the rules understand it; `follows` is the run whose subject it takes over."""

    question: Question
    follows: str | UnsetType = UNSET


class Understood(Reasoning, frozen=True, kw_only=True):
    """What a model makes of a request without a known subject; unset when none was asked."""

    question: Question | UnsetType = UNSET
    aside: Aside | UnsetType = UNSET


class Agreed(Acting, frozen=True, kw_only=True):
    """The question that the others work on."""

    question: Question


class Planner(DecideMind):
    """Reads the request by rules, and asks a model only for a subject that they do not find."""

    observes: type[Asked] = Asked
    reasons: type[Understood] = Understood
    acts: type[Agreed] = Agreed

    async def observe(self) -> Asked:
        run = self.work.run
        question = read_question(run.request, self.catalog, language=run.language)
        earlier = None if has_subject(question) else earlier_question(run.options, self.catalog)
        if earlier is not None:
            question = about_the_same(question, earlier)
        subject = subject_of(question, self.catalog, self.language)
        follows = str(earlier_run(run.options).get("run_id") or "-")
        return Asked(
            summary=self.say("planner.observe", subject=subject or self.say("planner.nothing")),
            facts=(run.request[:500],),
            findings=(subject,) if subject else (),
            question=question,
            follows=follows if earlier is not None else UNSET,
        )

    async def reason(self, seen: Asked) -> Understood:
        question, aside = await self._understand(seen)
        kind = "tool" if seen.question.tool else "capability"
        key = kind if seen.question.tool or seen.question.capability else "unknown"
        conclusion = self.say(f"planner.reason.{key}")
        if question is not UNSET:
            subject = subject_of(question, self.catalog, self.language)
            conclusion = self.say("planner.reason.model", subject=subject)
        return Understood(
            summary=conclusion,
            problem=self.say("planner.problem"),
            approach=self.say("planner.approach"),
            success_criteria=(self.say("planner.criterion"),),
            conclusion=conclusion,
            question=question,
            aside=aside,
        )

    async def _understand(self, seen: Asked) -> tuple[Question | UnsetType, Aside | UnsetType]:
        """Ask a model what is meant, where the rules know no tool and no capability."""
        asked = seen.question
        if self.model is None or asked.tool or asked.capability:
            return UNSET, UNSET
        asking = asking_what_is_meant(asked, self.catalog)
        thought, failure = await consult(self.model, self.work, asking)
        if thought is None:
            return UNSET, Aside(failure=handed_on(failure))
        question = understood(asked, thought.value, self.catalog)
        if question is None:
            return UNSET, UNSET
        return question, Aside(understood_by=thought.by)

    async def plan(self, seen: Asked, thought: Understood) -> StagePlan:
        source = str(self.work.run.options.get("cluster_name") or "-")
        question = _agreed(seen, thought)
        subject = subject_of(question, self.catalog, self.language)
        steps = (
            self.step("read", source),
            self.step("inventory", source),
            self.step("simulate", subject or "-"),
            self.step("judge", subject or "-"),
        )
        return StagePlan(
            summary=self.say("planner.plan", count=len(steps)),
            steps=steps,
            estimated_seconds=2.0,
            confidence=0.95 if subject else 0.3,
        )

    async def act(self, seen: Asked, thought: Understood, planned: StagePlan) -> Agreed:
        done = self.say("planner.act")
        return Agreed(
            summary=done,
            actions=(ActionTaken(action="agree", success=True, output=done),),
            question=_agreed(seen, thought),
        )

    async def validate(
        self, seen: Asked, thought: Understood, planned: StagePlan, done: Agreed
    ) -> Validation:
        named = [id_ for id_ in (done.question.tool,) if id_]
        missing = [id_ for id_ in named if id_ not in self.catalog.tools]
        return Validation(
            summary=self.say("planner.validate"),
            valid=not missing,
            check="the subject is in the catalog, or is said to be unknown",
            output=", ".join(missing) or "ok",
        )


def _agreed(seen: Asked, thought: Understood) -> Question:
    return seen.question if isinstance(thought.question, UnsetType) else thought.question


def aside_of_planning(seen: Asked, thought: Understood) -> Aside:
    """What the planner hands on besides the question."""
    if not isinstance(thought.aside, UnsetType):
        return thought.aside
    return Aside() if isinstance(seen.follows, UnsetType) else Aside(follows=seen.follows)
