"""Is what the tool gives already there? Capabilities are compared, not categories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mas.kubernetes.inventory import Installation
from mas.teams.decide.findings import Finding, Param, Phrase
from mas.teams.decide.rules.lifecycle import is_abandoned, month
from mas.teams.decide.situation import Situation, capability_title


@dataclass(frozen=True, kw_only=True)
class Cover:
    """One healthy installation that gives some of the asked capabilities."""

    installation: Installation
    capabilities: tuple[str, ...]


def covers(situation: Situation) -> tuple[Cover, ...]:
    """Which healthy, cared-for installations give the tool's primary capabilities."""
    found: dict[int, tuple[Installation, list[str]]] = {}
    for capability in situation.tool.capabilities.primary:
        for installation in _rivals(situation, capability):
            if not is_abandoned(installation.tool):
                key = id(installation)
                found.setdefault(key, (installation, []))[1].append(capability)
    return tuple(
        Cover(installation=installation, capabilities=tuple(given))
        for installation, given in found.values()
    )


def missing(situation: Situation) -> tuple[str, ...]:
    """Primary capabilities that nothing healthy and cared-for gives here."""
    given = {capability for cover in covers(situation) for capability in cover.capabilities}
    return tuple(id_ for id_ in situation.tool.capabilities.primary if id_ not in given)


def uncovered_extras(situation: Situation) -> tuple[str, ...]:
    """Secondary capabilities of the tool that nothing here gives."""
    tool = situation.tool
    return tuple(
        id_
        for id_ in tool.capabilities.secondary
        if id_ not in tool.capabilities.depends and not _rivals(situation, id_)
    )


def unproven_rivals(situation: Situation) -> tuple[Installation, ...]:
    """Installations that would cover what nothing else does, if one knew that they are healthy."""
    lacking = missing(situation)
    return tuple(
        one
        for one in situation.inventory.installations
        if one.tool.id != situation.tool.id
        and one.health == "unknown"
        and not is_abandoned(one.tool)
        and any(one.gives(capability) for capability in lacking)
    )


def _rivals(situation: Situation, capability: str) -> list[Installation]:
    """Healthy installations of other tools that give a capability, dedicated tools first."""
    rivals = [
        one
        for one in situation.inventory.giving(capability)
        if one.tool.id != situation.tool.id and one.health == "healthy"
    ]
    return sorted(rivals, key=lambda one: capability not in one.tool.capabilities.primary)


def describe(situation: Situation, installation: Installation, given: Iterable[str]) -> Phrase:
    """`Gitea Actions (Gitea in namespace gitea)` for a report."""
    tool = installation.tool
    titles: tuple[Param, ...] = tuple(
        capability_title(tool, id_, situation.catalog.capabilities[id_].name) for id_ in given
    )
    own = any(id_ in tool.capabilities.names for id_ in given)
    return Phrase(
        key="overlap.by_feature" if own else "overlap.by_tool",
        params={
            "tool": tool.name,
            "namespace": installation.namespace,
            "features": titles,
        },
    )


def _evidence(situation: Situation, cover: Cover) -> tuple[str, ...]:
    cited = [situation.cite_ready(cover.installation)]
    for capability in cover.capabilities:
        component = cover.installation.tool.capabilities.depends.get(capability)
        if component:
            cited.append(situation.cite_ready(cover.installation, component))
    return tuple(dict.fromkeys(cited))


def covered_by_what_runs(situation: Situation) -> Iterable[Finding]:
    """All primary capabilities covered by healthy tools: an overlap, which refuses."""
    found = covers(situation)
    if not found:
        return
    lacking = missing(situation)
    evidence = tuple(dict.fromkeys(id_ for cover in found for id_ in _evidence(situation, cover)))
    given = tuple(dict.fromkeys(id_ for cover in found for id_ in cover.capabilities))
    params: dict[str, Param] = {
        "tool": situation.tool.name,
        "capabilities": situation.capability_names(given),
        "by": tuple(describe(situation, cover.installation, cover.capabilities) for cover in found),
        "missing": situation.capability_names(lacking),
    }
    yield Finding(
        key="overlap.partly" if lacking else "overlap.covered",
        params=params,
        kind="overlap",
        stance="against",
        evidence=evidence,
        blocks=not lacking,
    )


def retired_rivals(situation: Situation) -> Iterable[Finding]:
    """What covers it is itself retired: a reason to replace that, not to refuse this."""
    if is_abandoned(situation.tool):
        return
    for capability in situation.tool.capabilities.primary:
        for rival in _offering(situation, capability):
            if not is_abandoned(rival.tool):
                continue
            yield Finding(
                key="lifecycle.replaces",
                params={
                    "tool": situation.tool.name,
                    "old": rival.tool.name,
                    "namespace": rival.namespace,
                    "since": month(rival.tool.lifecycle.since),
                    "capability": situation.catalog.capabilities[capability].name,
                },
                kind="lifecycle",
                stance="for",
                evidence=(
                    situation.cite_image(rival),
                    situation.book.cite(
                        f"Catalog/{rival.tool.id}", "lifecycle.status", rival.tool.lifecycle.status
                    ),
                ),
            )


def degraded_rivals(situation: Situation) -> Iterable[Finding]:
    """Something here would give the same, were it healthy: repairing it may be less work."""
    lame: dict[int, tuple[Installation, list[str]]] = {}
    for capability in situation.tool.capabilities.primary:
        for one in _offering(situation, capability):
            if not one.gives(capability) and not is_abandoned(one.tool):
                lame.setdefault(id(one), (one, []))[1].append(capability)
    for one, capabilities in lame.values():
        object_, evidence = _what_ails_it(situation, one, capabilities)
        yield Finding(
            key="overlap.degraded",
            params={
                "other": one.tool.name,
                "namespace": one.namespace,
                "capabilities": situation.capability_names(capabilities),
                "object": object_,
            },
            kind="overlap",
            stance="against",
            evidence=(evidence,),
        )


def _offering(situation: Situation, capability: str) -> list[Installation]:
    """Installations of other tools, in whatever health, that have the parts for a capability."""
    return [
        one
        for one in situation.inventory.installations
        if one.tool.id != situation.tool.id and offers(one, capability)
    ]


def offers(installation: Installation, capability: str) -> bool:
    """Whether all parts that a capability takes are there, healthy or not."""
    capabilities = installation.tool.capabilities
    if capability not in (*capabilities.primary, *capabilities.secondary):
        return False
    component = capabilities.depends.get(capability)
    return component is None or installation.part(component) is not None


def _what_ails_it(
    situation: Situation, installation: Installation, capabilities: Iterable[str]
) -> tuple[str, str]:
    """The object that is at fault, with its evidence: of the capability's own part, if it is."""
    hanging = {installation.tool.capabilities.depends.get(id_) for id_ in capabilities}
    faults = sorted(installation.faults, key=lambda fault: fault.component not in hanging)
    if faults:
        fault = faults[0]
        return fault.object, situation.book.cite(fault.object, fault.field, fault.value)
    parts = [installation.part(name) for name in hanging if name]
    part = next((one for one in parts if one), installation.core)
    workload = part.workload
    if workload.desired == 0 and workload.desired_field:
        return part.object, situation.book.cite(part.object, workload.desired_field, "0")
    return part.object, situation.cite_ready(installation, part.component.name)
