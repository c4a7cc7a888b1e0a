"""The smallest change that would turn a refusal into a recommendation (D5). Pure.

What can be tried out in the simulation is tried out before it is said.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from mas.core.units import cpu_text, memory_text, resource_text
from mas.kubernetes.capacity import (
    Change,
    Fit,
    PodDemand,
    QuotaFailure,
    QuotaRaise,
    apply_change,
    node_loss,
    simulate,
    smallest_change,
)
from mas.kubernetes.cluster import Cluster
from mas.teams.decide.alternatives import rivals_here
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.rules.capacity import is_critical
from mas.teams.decide.rules.overlap import covers
from mas.teams.decide.situation import Situation
from mas.teams.decide.verdict import Judgement, open_questions


def counterfactual(judgement: Judgement) -> Phrase | None:
    """The smallest change that would turn a refusal into a recommendation; None when none would.

    A retired project stays refused whatever is changed; where something of the cluster stands in
    its way besides, both is said.
    """
    if judgement.verdict != "do_not_recommend":
        return None
    situation = judgement.situation
    kinds = {finding.kind for finding in judgement.blockers}
    if _is_settled_for_good(judgement):
        return None
    changes = _changes_of_the_cluster(situation, kinds)
    if "lifecycle" in kinds:
        told: dict[str, Param] = {"tool": situation.tool.name, "changes": tuple(changes)}
        return Phrase(key="counterfactual.retired", params=told) if changes else None
    if kinds & {"overlap", "conflict"}:
        changes.append(_rival_change(judgement))
    unread = tuple(dict.fromkeys(str(gap.params["kind"]) for gap in open_questions(situation)))
    if unread:
        changes.append(Phrase(key="change.readable", params={"kinds": unread}))
    return Phrase(
        key="counterfactual", params={"tool": situation.tool.name, "changes": tuple(changes)}
    )


def _changes_of_the_cluster(situation: Situation, kinds: Set[str]) -> list[Param]:
    """What has to change about version, storage and room."""
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
    return changes


def _is_settled_for_good(judgement: Judgement) -> bool:
    """Whether the cluster would have to be another one: nobody changes the cloud for a tool."""
    return any(finding.key == "conflict.platform" for finding in judgement.blockers)


def _capacity_changes(situation: Situation) -> list[Phrase]:
    """What has to change in quotas and on nodes; each is the smallest of its kind."""
    world = _World(
        cluster=situation.cluster,
        demands=situation.demands,
        namespace=situation.namespace,
    )
    changes: list[Phrase] = []
    if situation.fit.quotas:
        raised = tuple(_raise(failure) for failure in situation.fit.quotas)
        change = Change(kind="raise-quota", quotas=raised)
        changes.append(_told(change))
        world = world.after(change)
    if situation.fit.failures:
        found = smallest_change(world.cluster, world.demands, namespace=world.namespace)
        if found is None:
            return [*changes, Phrase(key="change.more_room")]
        if is_critical(situation) and found.kind == "add-nodes":
            found = _with_a_spare(world, found)
        changes.append(_told(found))
        world = world.after(found)
    if is_critical(situation) and world.breaking():
        changes.append(_spare_node(world))
    return changes


@dataclass(frozen=True, kw_only=True)
class _World:
    """A cluster and the pods of a tool, on which changes are tried out."""

    cluster: Cluster
    demands: Sequence[PodDemand]
    namespace: str

    def after(self, change: Change) -> _World:
        cluster, demands = apply_change(self.cluster, self.demands, change)
        return replace(self, cluster=cluster, demands=demands)

    def fit(self) -> Fit:
        return simulate(self.cluster, self.demands, namespace=self.namespace)

    def breaking(self) -> tuple[str, ...]:
        """Nodes without which the pods no longer fit."""
        fit = self.fit()
        loss = node_loss(self.cluster, self.demands, namespace=self.namespace, fit=fit)
        return loss.breaking

    def is_safe(self) -> bool:
        """Whether the pods fit, also when any one node is lost."""
        return self.fit().fits and not self.breaking()


def _with_a_spare(world: _World, change: Change) -> Change:
    """As many nodes, and one more if that keeps the pods running when any one is lost."""
    more = replace(change, count=change.count + 1)
    if not world.after(change).is_safe() and world.after(more).is_safe():
        return more
    return change


def _spare_node(world: _World) -> Phrase:
    """One more node, as large as one that must not be lost now."""
    breaking = world.breaking()
    for node in (one for one in world.cluster.nodes if one.name in breaking):
        change = Change(kind="add-nodes", node=node.name, amount=node.allocatable, count=1)
        if world.after(change).is_safe():
            return _told(change)
    return Phrase(key="change.more_room")


def _raise(failure: QuotaFailure) -> QuotaRaise:
    return QuotaRaise(
        quota=failure.quota,
        namespace=failure.namespace,
        resource=failure.resource,
        hard=failure.hard,
        to=failure.used + failure.wanted,
    )


def _told(change: Change) -> Phrase:
    if change.kind == "raise-quota":
        raised = tuple(
            Phrase(
                key="change.quota_line",
                params={
                    "quota": one.quota,
                    "namespace": one.namespace,
                    "resource": one.resource,
                    "to": resource_text(one.resource, one.to, up=True),
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
        amount.append(f"CPU {cpu_text(change.amount.cpu, up=True)}")
    if change.amount.memory:
        amount.append(
            Phrase(
                key="change.memory", params={"memory": memory_text(change.amount.memory, up=True)}
            )
        )
    if change.amount.pods and change.kind == "free":
        amount.append(Phrase(key="change.pods", params={"count": change.amount.pods}))
    return Phrase(
        key="change.add-node" if change.count == 1 else f"change.{change.kind}",
        params={"node": change.node, "amount": tuple(amount), "count": change.count},
    )


def _rival_change(judgement: Judgement) -> Phrase:
    situation = judgement.situation
    names = [cover.installation.tool.name for cover in covers(situation)]
    names += [option.name for option in rivals_here(judgement)]
    if not names:
        return Phrase(key="change.platform")
    return Phrase(key="change.rival", params={"tools": tuple(dict.fromkeys(names))})
