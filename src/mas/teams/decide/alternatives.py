"""What to use instead when the answer is no (D5, D6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mas.core.tools import Hosted, Text, Tool
from mas.teams.decide.findings import Phrase
from mas.teams.decide.rules.conflict import (
    exclusive_capabilities,
    rivals_of_its_kind,
    suits_the_platform,
)
from mas.teams.decide.rules.lifecycle import is_abandoned
from mas.teams.decide.rules.overlap import covers, describe
from mas.teams.decide.situation import Situation
from mas.teams.decide.verdict import Judgement, judge

_LIMIT = 4


@dataclass(frozen=True, kw_only=True)
class Option:
    """One alternative, without language."""

    tool: str | None
    name: str
    text: Phrase | Text


def alternatives(judgement: Judgement) -> tuple[Option, ...]:
    """What is here already, then successors, then lighter tools that would fit, then hosted ones.

    Only a refusal has alternatives.
    """
    if judgement.verdict != "do_not_recommend":
        return ()
    situation = judgement.situation
    options: dict[str, Option] = {}
    for option in (
        *_already_here(situation),
        *_companions(situation),
        *rivals_here(judgement),
        *_successors(situation),
        *_other_tools(judgement),
    ):
        options.setdefault(option.tool or option.name, option)
    kept = list(options.values())[:_LIMIT]
    hosted = situation.tool.hosted or (() if kept else _hosted(situation))
    kept += [Option(tool=None, name=one.name, text=one.text) for one in hosted[:2]]
    return tuple(kept)


def _hosted(situation: Situation) -> tuple[Hosted, ...]:
    """What gives the tool's capabilities without an installation."""
    purpose = situation.tool.capabilities.primary
    return tuple(hosted for id_ in purpose for hosted in situation.catalog.capabilities[id_].hosted)


def _already_here(situation: Situation) -> Iterable[Option]:
    """The healthy tools whose capabilities overlap."""
    for cover in covers(situation):
        one = cover.installation
        yield Option(
            tool=one.tool.id,
            name=feature_name(one.tool, cover.capabilities),
            text=Phrase(
                key="alternative.here",
                params={
                    "by": describe(situation, one, cover.capabilities),
                    "capabilities": situation.capability_names(cover.capabilities),
                },
            ),
        )


def feature_name(tool: Tool, capabilities: Iterable[str]) -> str:
    """What a tool calls the feature that is meant (`Gitea Actions`), else its own name."""
    own = tool.capabilities.names
    named = [own[id_] for id_ in capabilities if id_ in own]
    return named[0] if len(named) == 1 else tool.name


def _companions(situation: Situation) -> Iterable[Option]:
    """Healthy tools that complete what the covering ones give (builds want delivery)."""
    for cover in covers(situation):
        for capability in cover.capabilities:
            for wanted in situation.catalog.capabilities[capability].complements:
                for one in situation.inventory.giving(wanted)[:1]:
                    yield Option(
                        tool=one.tool.id,
                        name=one.tool.name,
                        text=Phrase(
                            key="alternative.companion",
                            params={
                                "tool": one.tool.name,
                                "namespace": one.namespace,
                                "capability": situation.catalog.capabilities[wanted].name,
                            },
                        ),
                    )


def rivals_here(judgement: Judgement) -> Iterable[Option]:
    """What a second one of its kind would collide with."""
    situation = judgement.situation
    kinds = {finding.kind for finding in judgement.blockers}
    if "conflict" not in kinds:
        return
    for capability in exclusive_capabilities(situation):
        for one in rivals_of_its_kind(situation, capability):
            yield Option(
                tool=one.tool.id,
                name=one.tool.name,
                text=Phrase(
                    key="alternative.keep",
                    params={"tool": one.tool.name, "namespace": one.namespace},
                ),
            )
    if "cni-networking" in situation.tool.capabilities.primary:
        yield from _network_here(situation)


def _network_here(situation: Situation) -> Iterable[Option]:
    """The pod network that is built into the nodes."""
    networks = dict.fromkeys(node.cni for node in situation.cluster.nodes if node.cni)
    for network in networks:
        tool = situation.catalog.tools.get(network)
        name = tool.name if tool else network
        yield Option(
            tool=tool.id if tool else None,
            name=name,
            text=Phrase(key="alternative.keep_network", params={"network": name}),
        )


def _successors(situation: Situation) -> Iterable[Option]:
    """Tools that take the place of a retired one."""
    if not is_abandoned(situation.tool):
        return
    for id_ in situation.tool.lifecycle.successors:
        tool = situation.catalog.tools[id_]
        here = situation.inventory.of(id_)
        yield Option(
            tool=id_,
            name=tool.name,
            text=Phrase(
                key="alternative.successor_here" if here else "alternative.successor",
                params={
                    "tool": tool.name,
                    "old": situation.tool.name,
                    "namespace": here[0].namespace if here else "",
                    "summary": tool.summary,
                },
            ),
        )


def _other_tools(judgement: Judgement) -> Iterable[Option]:
    """Tools with the same purpose that would be recommended in this cluster."""
    kinds = {finding.kind for finding in judgement.blockers}
    if kinds & {"overlap", "conflict", "lifecycle"}:
        return
    situation = judgement.situation
    for tool in same_purpose(situation):
        other = judge(replace(situation, tool=tool))
        if other.verdict == "recommend":
            yield Option(
                tool=tool.id,
                name=tool.name,
                text=Phrase(
                    key="alternative.fits", params={"tool": tool.name, "summary": tool.summary}
                ),
            )


def same_purpose(situation: Situation) -> tuple[Tool, ...]:
    """Cared-for tools that share a primary capability, preferred ones first."""
    purpose = situation.tool.capabilities.primary
    preferred = [id_ for cap in purpose for id_ in situation.catalog.capabilities[cap].preferred]
    found = [
        tool
        for tool in situation.catalog.tools.values()
        if tool.id != situation.tool.id
        and set(purpose) & set(tool.capabilities.primary)
        and not is_abandoned(tool)
        and suits_the_platform(tool, situation.cluster)
    ]

    def rank(tool: Tool) -> tuple[int, str]:
        place = preferred.index(tool.id) if tool.id in preferred else len(preferred)
        return place, tool.id

    return tuple(sorted(found, key=rank))
