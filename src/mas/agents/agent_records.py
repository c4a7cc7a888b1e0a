"""The records of the five stages of the general agent, and what its models are asked for."""

from __future__ import annotations

import msgspec

from mas.agents.checks import Check, CheckDraft
from mas.core.stages import (
    Acting,
    Observation,
    PlannedStep,
    Reasoning,
    StagePlan,
)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent ends its work with: `sources` are files, objects or commands."""

    text: str
    sources: tuple[str, ...] = ()


class CallNote(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was made, without its output, which is in the record `key`."""

    key: str
    said: str
    """The tool and its arguments."""
    changed: bool
    """It may have changed something."""
    echoes: bool = False
    """Its output is its own arguments, and no evidence of anything."""


class AgentObservation(Observation, frozen=True, kw_only=True):
    """What was read, and by which calls."""

    calls: tuple[CallNote, ...] = ()


class AgentReasoning(Reasoning, frozen=True, kw_only=True):
    """What it means; `lessons` are the ids of those that were offered."""

    lessons: tuple[str, ...] = ()


class AgentPlan(StagePlan, frozen=True, kw_only=True):
    """The steps, and the check that will decide."""

    check: Check


class AgentActing(Acting, frozen=True, kw_only=True):
    """What was done and answered; `answer` is None where a limit came first."""

    answer: Answer | None
    calls: tuple[CallNote, ...] = ()
    unfounded: tuple[str, ...] = ()
    """Numbers, versions and names of the answer that nothing read holds."""


class PlanDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A plan as a model writes it."""

    summary: str
    steps: tuple[PlannedStep, ...]
    estimated_seconds: float
    confidence: float
    check: CheckDraft
