"""What the three agents of a decision have in common."""

from __future__ import annotations

from typing import cast

import msgspec

from mas.agents.reasoner import Reasoner
from mas.core.errors import Bug
from mas.core.language import Language
from mas.core.ports import Work
from mas.core.stages import Acting, Observation, PlannedStep, Reasoning, StagePlan
from mas.core.tools import Catalog
from mas.core.values import JsonObject, JsonValue
from mas.teams.decide.consulting import NOTHING_ASIDE, Aside, model_of
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.question import Question
from mas.teams.decide.wording import say


class DecideMind:
    """The work at hand, the language to tell it in, and the model to ask, if there is one."""

    observes = Observation
    reasons = Reasoning
    plans = StagePlan
    acts = Acting

    def __init__(self, work: Work, catalog: Catalog, reasoner: Reasoner | None) -> None:
        self.work = work
        self.catalog = catalog
        self.model = model_of(reasoner)
        self.language: Language = work.run.language

    def say(self, key: str, **params: Param) -> str:
        """A message in the language of the run."""
        return say(Phrase(key=key, params=params), self.language)

    def step(self, key: str, target: str) -> PlannedStep:
        """One step of a stage plan."""
        return PlannedStep(
            action=self.say(f"step.{key}"),
            target=target,
            method=self.say(f"step.{key}.method"),
            expected=self.say(f"step.{key}.expected"),
        )


def subject_of(question: Question, catalog: Catalog, language: Language) -> str:
    """The name of what is asked about; empty when nothing is."""
    if question.tool:
        return catalog.tools[question.tool].name
    if question.capability:
        name = catalog.capabilities[question.capability].name
        return name.ko if language == "ko" else name.en
    return question.unknown or ""


def input_of(work: Work, task: str) -> JsonObject:
    """The result of an earlier task."""
    value = work.inputs.get(task)
    if not isinstance(value, dict):
        raise Bug(f"The task {work.task.id} has no result of {task} to work on.")
    return cast("JsonObject", value)


def aside_of(result: JsonObject) -> Aside:
    """What an earlier task has handed on besides its result."""
    return msgspec.convert(result.get("aside", {}), Aside)


def result_with(aside: Aside, **parts: object) -> JsonValue:
    """A task's result as plain JSON; without a model it holds its parts and nothing else."""
    more = {} if aside == NOTHING_ASIDE else {"aside": aside}
    return cast("JsonValue", msgspec.to_builtins({**parts, **more}))
