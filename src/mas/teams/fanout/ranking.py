"""Ranking agents by evidence: every agent has its place, and the reasons for it (F5).

The order: a change before none; honest before those that edited the tests which judge them; more
checks passed, fewer failed tests, fewer regressions; finished before not; then what a judge
prefers; the smaller difference; the agent's number. Nothing here depends on the order in which
candidates are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mas.core.coding import AgentStatus
from mas.core.values import JsonValue
from mas.teams.fanout.checks.model import CheckRun, JudgingEdit, Reason

_SHOWN = 3
"""Names of files or tests in a reason."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One agent's work, as it was measured."""

    agent_id: int
    status: AgentStatus
    net_change: bool
    files: int = 0
    additions: int = 0
    deletions: int = 0
    checks: tuple[CheckRun, ...] = ()
    """`Checked.runs`; empty where nothing was changed or there are no checks."""
    regressions: tuple[str, ...] = ()
    regression_count: int = 0
    edits: tuple[JudgingEdit, ...] = ()
    """Files that judge the work and that the agent has edited; none: it is honest."""

    @property
    def checks_passed(self) -> int:
        return sum(run.passed for run in self.checks)

    @property
    def size(self) -> int:
        """Lines that differ from the base."""
        return self.additions + self.deletions


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What a judge prefers among candidates that evidence cannot tell apart."""

    positions: Mapping[int, int] = field(default_factory=dict)
    """By agent, within its group: 0 is best, equal numbers are equal. A group of which not all
    have a position is left to the next rule."""
    said: Mapping[int, tuple[Reason, ...]] = field(default_factory=dict)
    """By agent: how it was judged, in the model's words too, or why it was not."""
    by: str = ""
    """`provider:name` of the model; empty: no judge was asked."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """An agent's place, and why it has it."""

    agent_id: int
    place: int | None
    """From 1; None: it changed nothing."""
    score: float
    """0 to 100, never higher than that of the one ahead."""
    checks: tuple[CheckRun, ...] = ()
    regressions: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """What was found, then what puts it ahead of the next one; `ranking_wording.say` puts them
    into words."""


def rank(
    candidates: Sequence[Candidate], *, preference: Preference | None = None
) -> tuple[Ranked, ...]:
    """All candidates, best first; those that changed nothing come last and have no place."""
    preferred = _usable(candidates, preference)
    said = preference.said if preference is not None else {}
    order = sorted(candidates, key=lambda one: _key(one, preferred))
    reasons = [
        (*_findings(one), *said.get(one.agent_id, ()), *_ahead(one, following, preferred))
        for one, following in zip(order, [*order[1:], None], strict=True)
    ]
    scores = _scores(order)
    return tuple(
        Ranked(
            agent_id=one.agent_id,
            place=number if one.net_change else None,
            score=score,
            checks=one.checks,
            regressions=one.regressions,
            reasons=why,
        )
        for number, (one, score, why) in enumerate(zip(order, scores, reasons, strict=True), 1)
    )


def tied(candidates: Sequence[Candidate]) -> tuple[tuple[int, ...], ...]:
    """Groups of agents, best group first, that evidence cannot tell apart: what a judge is for.

    Agents that changed nothing are in none of them.
    """
    order = sorted((one for one in candidates if one.net_change), key=lambda one: one.agent_id)
    groups: dict[_Evidence, list[int]] = {}
    for one in order:
        groups.setdefault(_evidence(one), []).append(one.agent_id)
    return tuple(tuple(agents) for _, agents in sorted(groups.items()) if len(agents) > 1)


_Evidence = tuple[int, int, Fraction, int, int, int, int]
"""Smaller is better; in the order of `_STEPS`."""

_STEPS = ("change", "honest", "checks", "unknown", "failed", "regressions", "finished")
_LAST_STEPS = ("judge", "size", "files", "number")


def _evidence(one: Candidate) -> _Evidence:
    passed = Fraction(one.checks_passed, len(one.checks)) if one.checks else Fraction(0)
    bad = [run for run in one.checks if not run.passed]
    return (
        int(not one.net_change),
        int(bool(one.edits)),
        -passed,
        # A check that failed without telling of its tests is worse than one with some failures.
        sum(_untold(run) for run in bad),
        sum(_not_passed(run) for run in bad),
        max(one.regression_count, len(one.regressions)),
        int(one.status != "success"),
    )


def _untold(run: CheckRun) -> bool:
    return run.tests is None or not run.tests.ran or run.reason.key == "check.early"


def _not_passed(run: CheckRun) -> int:
    return (run.tests.failed if run.tests is not None else 0) + run.missing


def _key(one: Candidate, preferred: Mapping[int, int]) -> tuple[_Evidence, int, int, int, int]:
    return (
        _evidence(one),
        preferred.get(one.agent_id, 0),
        one.size,
        one.files,
        one.agent_id,
    )


def _usable(candidates: Sequence[Candidate], preference: Preference | None) -> dict[int, int]:
    """Positions of those groups of which the judge has placed every member."""
    if preference is None:
        return {}
    return {
        agent: preference.positions[agent]
        for group in tied(candidates)
        if all(agent in preference.positions for agent in group)
        for agent in group
    }


def _findings(one: Candidate) -> tuple[Reason, ...]:
    """What was found about one agent's work, whoever else there is."""
    if not one.net_change:
        return (Reason(key="found.nothing"),)
    found = []
    if one.edits:
        shown = ", ".join(edit.path for edit in one.edits[:_SHOWN])
        found.append(_reason("found.edited", count=len(one.edits), files=shown))
    if one.checks:
        found.append(_reason("found.checks", passed=one.checks_passed, total=len(one.checks)))
    else:
        found.append(Reason(key="found.no_checks"))
    regressions = max(one.regression_count, len(one.regressions))
    if regressions:
        shown = ", ".join(one.regressions[:_SHOWN])
        found.append(_reason("found.regressions", count=regressions, names=shown))
    if one.status != "success":
        found.append(Reason(key=f"found.status.{one.status}"))
    return tuple(found)


def _ahead(
    one: Candidate, following: Candidate | None, preferred: Mapping[int, int]
) -> tuple[Reason, ...]:
    """What puts an agent ahead of the next one: the first rule in which they differ."""
    if following is None or not one.net_change:
        return ()
    step = _first_difference(one, following, preferred)
    return (
        _reason(
            f"ahead.{step}",
            other=following.agent_id,
            **_figures(step, one, following),
        ),
    )


def _first_difference(one: Candidate, following: Candidate, preferred: Mapping[int, int]) -> str:
    mine, theirs = _key(one, preferred), _key(following, preferred)
    pairs = zip(
        (*_STEPS, *_LAST_STEPS), (*mine[0], *mine[1:]), (*theirs[0], *theirs[1:]), strict=True
    )
    return next((step for step, a, b in pairs if a != b), "number")


def _figures(step: str, one: Candidate, following: Candidate) -> dict[str, JsonValue]:
    """The two figures that a rule has compared."""
    match step:
        case "checks":
            return {
                "mine": one.checks_passed,
                "total": len(one.checks),
                "theirs": following.checks_passed,
                "their_total": len(following.checks),
            }
        case "failed":
            mine, theirs = (
                sum(_not_passed(run) for run in each.checks if not run.passed)
                for each in (one, following)
            )
        case "regressions":
            mine, theirs = (
                max(each.regression_count, len(each.regressions)) for each in (one, following)
            )
        case "size":
            mine, theirs = one.size, following.size
        case "files":
            mine, theirs = one.files, following.files
        case _:
            return {}
    return {"mine": mine, "theirs": theirs}


def _scores(order: Sequence[Candidate]) -> list[float]:
    """0 for nothing; up to 20 with edited tests, 20 to 100 without; never above the one ahead."""
    scores: list[float] = []
    for one in order:
        share = _quality(one)
        raw = 0.0 if not one.net_change else 15 * share + 1 if one.edits else 20 + 80 * share
        scores.append(round(min(raw, scores[-1] if scores else 100.0), 1))
    return scores


def _quality(one: Candidate) -> float:
    """0 to 1: mostly checks, then single tests, regressions, and whether it was finished."""
    runs = one.checks
    checks = one.checks_passed / len(runs) if runs else 0.0
    counted = [run.tests for run in runs if run.tests is not None]
    lost = sum(_not_passed(run) for run in runs)
    passed = sum(each.passed for each in counted)
    tests = passed / (passed + lost) if passed + lost else checks
    clean = 0.0 if one.regression_count or one.regressions else 1.0
    finished = 1.0 if one.status == "success" else 0.0
    return 0.65 * checks + 0.2 * tests + 0.1 * clean + 0.05 * finished


def _reason(key: str, **params: JsonValue) -> Reason:
    return Reason(key=key, params=params)
