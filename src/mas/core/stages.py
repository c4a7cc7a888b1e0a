"""The five stages of every task, as typed records: Observe, Reason, Plan, Act, Validate (A2)."""

from __future__ import annotations

from typing import Literal

import msgspec

StageName = Literal["observe", "reason", "plan", "act", "validate"]
STAGES: tuple[StageName, ...] = ("observe", "reason", "plan", "act", "validate")


class _Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A stage record; `summary` is the line that a watcher reads."""

    summary: str


class Observation(_Stage, frozen=True, kw_only=True):
    """What is there: facts as they were read, and findings drawn from them."""

    facts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


class Reasoning(_Stage, frozen=True, kw_only=True):
    """What it means and how to go about it."""

    problem: str
    root_causes: tuple[str, ...] = ()
    approach: str
    risks: tuple[str, ...] = ()
    success_criteria: tuple[str, ...] = ()
    conclusion: str


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a stage plan."""

    action: str
    target: str
    method: str
    expected: str


class StagePlan(_Stage, frozen=True, kw_only=True):
    """The steps to take; `confidence` is 0 to 1."""

    steps: tuple[PlannedStep, ...]
    estimated_seconds: float
    confidence: float


class ActionTaken(msgspec.Struct, frozen=True, kw_only=True):
    """One step that was done."""

    action: str
    success: bool
    output: str


class Acting(_Stage, frozen=True, kw_only=True):
    """What was done."""

    actions: tuple[ActionTaken, ...]


class Validation(_Stage, frozen=True, kw_only=True):
    """Whether the result holds: by the check that was run, never by anybody's word."""

    valid: bool
    check: str
    output: str
