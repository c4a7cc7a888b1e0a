"""What to use instead when the answer is no, and what change would turn it to yes (D5, D6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mas.core.tools import Text, Tool
from mas.core.units import cpu_text, memory_text
from mas.kubernetes.capacity import (
    Change,
    QuotaFailure,
    QuotaRaise,
    apply_change,
    node_loss,
    simulate,
    smallest_change,
)
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.rules.conflict import (
    exclusive_capabilities,
    rivals_of_its_kind,
    suits_the_platform,
)
from mas.teams.decide.rules.lifecycle import is_abandoned
from mas.teams.decide.rules.overlap import covers, describe
from mas.teams.decide.situation import Situation
from mas.teams.decide.sizing import demands_of, sized
from mas.teams.decide.verdict import Judgement, judge, open_questions

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
        *_rivals_here(judgement),
        *_successors(situation),
        *_other_tools(judgement),
    ):
        options.setdefault(option.tool or option.name, option)
    kept = list(options.values())[:_LIMIT]
    kept += [
        Option(tool=None, name=hosted.name, text=hosted.text)
        for hosted in situation.tool.hosted[:2]
    ]
    return tuple(kept)


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


def _rivals_here(judgement: Judgement) -> Iterable[Option]:
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
        if network != situation.tool.id:
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


def counterfactual(judgement: Judgement) -> Phrase | None:
    """The smallest change that would turn a refusal into a recommendation; None when none would.

    A retired project stays refused whatever is changed.
    """
    if judgement.verdict != "do_not_recommend":
        return None
    situation = judgement.situation
    kinds = {finding.kind for finding in judgement.blockers}
    if "lifecycle" in kinds or _is_settled_for_good(judgement):
        return None
    changes: list[Param] = []
    if "version" in kinds:
        changes.append(
            Phrase(
                key="change.upgrade",
                params={
                    "minimum": situation.tool.kubernetes.min or "",
                    "version": situation.cluster.version,
                },
            )
        )
    if "storage" in kinds:
        changes.append(Phrase(key="change.storage"))
    if "capacity" in kinds:
        changes += _capacity_changes(situation)
    if kinds & {"overlap", "conflict"}:
        changes.append(_rival_change(judgement))
    unread = tuple(dict.fromkeys(str(gap.params["kind"]) for gap in open_questions(situation)))
    if unread:
        changes.append(Phrase(key="change.readable", params={"kinds": unread}))
    return Phrase(
        key="counterfactual", params={"tool": situation.tool.name, "changes": tuple(changes)}
    )


def _is_settled_for_good(judgement: Judgement) -> bool:
    """Whether the cluster would have to be another one: nobody changes the cloud for a tool."""
    return any(finding.key == "conflict.platform" for finding in judgement.blockers)


def _capacity_changes(situation: Situation) -> list[Phrase]:
    """What has to change in quotas and on nodes; each is the smallest of its kind."""
    cluster, fit = situation.cluster, situation.fit
    demands, place = sized(demands_of(situation.tool)), situation.namespace
    if fit.fits:
        return [_spare_node(situation)]
    changes: list[Phrase] = []
    if fit.quotas:
        raised = Change(kind="raise-quota", quotas=tuple(_raise(one) for one in fit.quotas))
        changes.append(_told(raised))
        cluster, demands = apply_change(cluster, demands, raised)
    if fit.failures:
        on_nodes = smallest_change(cluster, demands, namespace=place)
        changes.append(_told(on_nodes) if on_nodes else Phrase(key="change.more_room"))
    return changes


def _raise(failure: QuotaFailure) -> QuotaRaise:
    return QuotaRaise(
        quota=failure.quota,
        namespace=failure.namespace,
        resource=failure.resource,
        hard=failure.hard,
        to=failure.used + failure.wanted,
    )


def _spare_node(situation: Situation) -> Phrase:
    """One more node with which the pods fit also when any one node is lost; tried out."""
    cluster, demands = situation.cluster, sized(demands_of(situation.tool))
    place = situation.namespace
    loss = node_loss(cluster, demands, namespace=place, fit=situation.fit)
    for node in (one for one in cluster.nodes if one.name in loss.breaking):
        change = Change(kind="add-nodes", node=node.name, amount=node.allocatable, count=1)
        after, asked = apply_change(cluster, demands, change)
        fit = simulate(after, asked, namespace=place)
        if fit.fits and not node_loss(after, asked, namespace=place, fit=fit).breaking:
            return _told(change)
    return Phrase(key="change.more_room")


def _told(change: Change) -> Phrase:
    if change.kind == "raise-quota":
        raised = tuple(
            Phrase(
                key="change.quota_line",
                params={
                    "quota": one.quota,
                    "namespace": one.namespace,
                    "resource": one.resource,
                    "to": _quota_amount(one.resource, one.to),
                },
            )
            for one in change.quotas
        )
        return Phrase(key="change.quota", params={"lines": raised})
    if change.kind == "declare":
        return Phrase(key="change.declare", params={"components": change.components})
    if change.kind == "uncordon":
        return Phrase(key="change.uncordon", params={"node": change.node})
    amount: list[Param] = []
    if change.amount.cpu:
        amount.append(f"CPU {cpu_text(change.amount.cpu)}")
    if change.amount.memory:
        amount.append(
            Phrase(key="change.memory", params={"memory": memory_text(change.amount.memory)})
        )
    if change.amount.pods and change.kind == "free":
        amount.append(Phrase(key="change.pods", params={"count": change.amount.pods}))
    return Phrase(
        key="change.add-node" if change.count == 1 else f"change.{change.kind}",
        params={"node": change.node, "amount": tuple(amount), "count": change.count},
    )


def _quota_amount(resource: str, value: int) -> str:
    if "cpu" in resource:
        return cpu_text(value)
    if "memory" in resource or "storage" in resource:
        return memory_text(value)
    return str(value)


def _rival_change(judgement: Judgement) -> Phrase:
    situation = judgement.situation
    names = [cover.installation.tool.name for cover in covers(situation)]
    names += [option.name for option in _rivals_here(judgement)]
    if not names:
        return Phrase(key="change.platform")
    return Phrase(key="change.rival", params={"tools": tuple(dict.fromkeys(names))})
