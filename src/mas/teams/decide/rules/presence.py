"""The asked tool is here already: in which state, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable

from mas.kubernetes.inventory import Fault, Installation
from mas.teams.decide.findings import Finding
from mas.teams.decide.rules.lifecycle import project_is_cared_for
from mas.teams.decide.situation import Situation


def answers(situation: Situation) -> tuple[Installation, ...]:
    """Installations that answer the question: of the tool, else of a bundle that is meant for it.

    A bundle that carries the tool but runs without it (its server was removed) is to be repaired,
    not doubled.
    """
    own = situation.installed()
    if own:
        return own
    purpose = set(situation.tool.capabilities.primary)
    return tuple(
        one
        for one in situation.inventory.installations
        if situation.tool.id in one.tool.bundles and purpose & set(one.tool.capabilities.primary)
    )


def state_of_it(situation: Situation, installation: Installation) -> Iterable[Finding]:
    """Health of one installation: what runs, and each fault with its place."""
    params = {
        "tool": situation.tool.name,
        "installed": installation.tool.name,
        "namespace": installation.namespace,
        "version": installation.version or "",
        "object": installation.core.object,
    }
    if installation.health == "degraded":
        for fault in installation.faults[:5]:
            yield _fault(situation, installation, fault)
        return
    key = "health.healthy" if installation.health == "healthy" else "health.unknown"
    if installation.tool.id != situation.tool.id:
        key = "health.in_bundle" if installation.health == "healthy" else "health.unseen_in_bundle"
    yield Finding(
        key=key,
        params=params,
        kind="health",
        stance="for" if key == "health.healthy" else "against",
        evidence=tuple(
            dict.fromkeys((situation.cite_ready(installation), situation.cite_image(installation)))
        ),
    )


def _fault(situation: Situation, installation: Installation, fault: Fault) -> Finding:
    return Finding(
        key=f"fault.{fault.code}",
        params={
            "tool": installation.tool.name,
            "component": fault.component,
            "namespace": installation.namespace,
            "object": fault.object,
            "value": fault.value,
            "image": fault.image,
        },
        kind="health",
        stance="against",
        evidence=(situation.book.cite(fault.object, fault.field, fault.value),),
    )


def installed_but_abandoned(situation: Situation, installation: Installation) -> Iterable[Finding]:
    """A tool that runs here although its project is retired should be replaced in time."""
    for finding in project_is_cared_for(situation):
        yield Finding(
            key="lifecycle.installed" if finding.blocks else finding.key,
            params=finding.params,
            kind="lifecycle",
            stance="against",
            evidence=(situation.cite_image(installation), *finding.evidence),
        )
