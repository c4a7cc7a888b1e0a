"""Weighs the findings of the rules to one verdict, in the order of precedence of D5.

Installed by positive evidence > retired, or below the minimum version > undetermined when what
could not be read could change the verdict > other refusals > recommend.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mas.core.decision import Health, Verdict
from mas.kubernetes.inventory import Installation
from mas.teams.decide.findings import Finding
from mas.teams.decide.rules import ALL
from mas.teams.decide.rules.gaps import (
    hides_a_rival,
    hides_the_health,
    hides_the_room,
    hides_the_storage,
    hides_the_tool,
    hides_the_version,
    too_little_to_decide,
)
from mas.teams.decide.rules.lifecycle import is_abandoned
from mas.teams.decide.rules.presence import answers, installed_but_abandoned, state_of_it
from mas.teams.decide.rules.version import is_too_old
from mas.teams.decide.situation import Situation


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with its findings, strongest first."""

    situation: Situation
    verdict: Verdict
    health: Health | None
    findings: tuple[Finding, ...]
    installation: Installation | None = None
    """The installation that answers, when the verdict is `already_installed`."""

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """Findings that refuse the adoption."""
        return tuple(finding for finding in self.findings if finding.blocks)


def judge(situation: Situation) -> Judgement:
    """The verdict for one tool in one cluster."""
    found = answers(situation)
    if found:
        return _already_there(situation, found)
    findings = [finding for rule in ALL for finding in rule(situation)]
    settled = is_abandoned(situation.tool) or is_too_old(situation)
    gaps = list(_gaps(situation, refused=any(finding.blocks for finding in findings)))
    if gaps and not settled:
        return _judgement(situation, "undetermined", [*gaps, *_told_in_doubt(findings)])
    if any(finding.blocks for finding in findings):
        return _judgement(situation, "do_not_recommend", _refusal_order(findings))
    return _judgement(situation, "recommend", _approval_order(findings))


def _already_there(situation: Situation, found: Sequence[Installation]) -> Judgement:
    """Installed: how it is, and whether its project is still cared for."""
    best = found[0]
    findings = [finding for one in found for finding in state_of_it(situation, one)]
    findings += installed_but_abandoned(situation, best)
    health: Health = best.health
    if best.tool.id != situation.tool.id and health == "healthy":
        health = "degraded"  # what carries the tool runs, and the tool itself does not
    return Judgement(
        situation=situation,
        verdict="already_installed",
        health=health,
        findings=tuple(findings),
        installation=best,
    )


def _gaps(situation: Situation, *, refused: bool) -> Iterable[Finding]:
    """What is unknown and could change the verdict that stands without it.

    More sight can show that the tool is there, or one more reason to refuse; it can never take a
    refusal away that rests on what was seen.
    """
    seen: set[object] = set()
    rules = [too_little_to_decide, hides_the_tool]
    if not refused:
        rules += [
            hides_a_rival,
            hides_the_health,
            hides_the_room,
            hides_the_storage,
            hides_the_version,
        ]
    elif "nodes" in situation.blind or not situation.cluster.nodes:
        rules += [hides_the_room]
    for rule in rules:
        for gap in rule(situation):
            if gap.params["kind"] not in seen:
                seen.add(gap.params["kind"])
                yield gap


def open_questions(situation: Situation) -> tuple[Finding, ...]:
    """What could still refuse the tool, were its present refusals gone."""
    return tuple(_gaps(situation, refused=False))


def _told_in_doubt(findings: Iterable[Finding]) -> Iterable[Finding]:
    """What is certain although the verdict is not: it helps whoever closes the gap."""
    return [finding for finding in findings if finding.kind not in ("need", "operations", "gain")]


def _refusal_order(findings: Sequence[Finding]) -> list[Finding]:
    """Refusing reasons first, then others against, then what speaks for it."""
    told = [finding for finding in findings if finding.key != "need.none"]
    return sorted(told, key=lambda one: (not one.blocks, one.stance == "for"))


def _approval_order(findings: Sequence[Finding]) -> list[Finding]:
    """Gain and need first, then what else speaks for it, then risks and burden."""
    order = {"gain": 0, "need": 1}
    return sorted(findings, key=lambda one: (order.get(one.kind, 2), one.stance == "against"))


def _judgement(situation: Situation, verdict: Verdict, findings: Iterable[Finding]) -> Judgement:
    return Judgement(situation=situation, verdict=verdict, health=None, findings=tuple(findings))
