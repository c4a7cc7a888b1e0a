"""Turns a judgement into the decision of the contract, in the language of the request (D5-D7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from mas.core.capacity import Capacity
from mas.core.decision import (
    Alternative,
    ClusterState,
    Decision,
    EvidenceItem,
    Existing,
    NodeCounts,
    Reason,
    Step,
    Subject,
)
from mas.core.evidence import EvidenceBook
from mas.core.language import Language
from mas.core.tools import Catalog, Tool
from mas.kubernetes.capacity.layout import capacity_of
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.images import Recogniser
from mas.kubernetes.inventory import Inventory, take_inventory
from mas.teams.decide.alternatives import alternatives
from mas.teams.decide.counterfactual import counterfactual
from mas.teams.decide.findings import Finding, Phrase
from mas.teams.decide.guide import guide
from mas.teams.decide.question import Question
from mas.teams.decide.rules.conflict import suits_the_platform
from mas.teams.decide.rules.lifecycle import is_abandoned
from mas.teams.decide.rules.overlap import offers
from mas.teams.decide.situation import Situation
from mas.teams.decide.sizing import can_be_simulated, demands_of
from mas.teams.decide.verdict import Judgement, judge
from mas.teams.decide.wording import say


def survey(cluster: Cluster, catalog: Catalog) -> Inventory:
    """Which catalog tools run in a cluster."""
    return take_inventory(cluster, catalog.tools, Recogniser(catalog.tools.values()))


def answer(question: Question, cluster: Cluster | None, catalog: Catalog, *, now: str) -> Decision:
    """Decide a question on the digest of a cluster; `now` (ISO 8601) dates what is no reading.

    Pure: the same arguments give the same decision.
    """
    book = EvidenceBook(read_at=cluster.read_at if cluster else now)
    if cluster is None:
        return _without_cluster(question, catalog, book)
    inventory = survey(cluster, catalog)
    tool, explained = choose_tool(question, catalog, cluster, inventory, book)
    if tool is None:
        return _about_nothing_known(question, cluster, inventory, book)
    situation = Situation(
        question=question,
        tool=tool,
        catalog=catalog,
        cluster=cluster,
        inventory=inventory,
        book=book,
    )
    judgement = judge(situation)
    if explained:
        judgement = replace(judgement, findings=(*judgement.findings, *explained))
    return _decision(judgement, question.language)


def choose_tool(
    question: Question,
    catalog: Catalog,
    cluster: Cluster,
    inventory: Inventory,
    book: EvidenceBook,
) -> tuple[Tool | None, tuple[Finding, ...]]:
    """The tool to decide on, and why it was chosen when the request names only a capability.

    What covers the capability here answers first, in the best health; else the tools that give it
    are judged in the catalog's order of preference, and the first that would be recommended wins.
    """
    if question.tool:
        return catalog.tools[question.tool], ()
    if not question.capability:
        return None, ()
    capability = catalog.capabilities[question.capability]
    giving = [one for one in inventory.installations if offers(one, capability.id)]
    giving.sort(
        key=lambda one: (
            not one.gives(capability.id),
            is_abandoned(one.tool),
            capability.id not in one.tool.capabilities.primary,
        )
    )
    if giving:
        best = giving[0]
        return best.tool, (
            Finding(
                key="chosen.covers",
                params={"capability": capability.name, "tool": best.tool.name},
                kind="need",
                stance="for",
                evidence=(book.cite("Request/text", "capability named", capability.id),),
            ),
        )
    candidates = [
        tool
        for tool in _candidates(catalog, capability.id, capability.preferred)
        if suits_the_platform(tool, cluster)
    ]
    if not candidates:
        return None, ()
    chosen, suits = candidates[0], False
    for tool in candidates:
        trial = Situation(
            question=question,
            tool=tool,
            catalog=catalog,
            cluster=cluster,
            inventory=inventory,
            book=EvidenceBook(read_at=cluster.read_at),
        )
        if judge(trial).verdict == "recommend":
            chosen, suits = tool, True
            break
    others = tuple(tool.name for tool in candidates if tool.id != chosen.id)[:4]
    return chosen, (
        Finding(
            key=_why_chosen(suits=suits, alone=not others),
            params={"capability": capability.name, "tool": chosen.name, "others": others},
            kind="need",
            stance="for",
            evidence=(book.cite("Request/text", "capability named", capability.id),),
        ),
    )


def _why_chosen(*, suits: bool, alone: bool) -> str:
    if alone:
        return "chosen.only"
    return "chosen.best" if suits else "chosen.first"


def _candidates(catalog: Catalog, capability: str, preferred: Iterable[str]) -> list[Tool]:
    """Cared-for tools that give a capability: preferred first, then those made for it."""
    order = [id_ for id_ in preferred if id_ in catalog.tools]
    order += [
        tool.id
        for tool in catalog.tools.values()
        if capability in tool.capabilities.primary and tool.id not in order
    ]
    tools = [catalog.tools[id_] for id_ in order if not is_abandoned(catalog.tools[id_])]
    return [tool for tool in tools if _gives_at_once(tool, capability)] or tools


def _gives_at_once(tool: Tool, capability: str) -> bool:
    """Whether a default installation gives it, without a component that comes extra."""
    extra = tool.capabilities.depends.get(capability)
    return all(one.installed for one in tool.components if one.name == extra)


def _decision(judgement: Judgement, language: Language) -> Decision:
    situation = judgement.situation
    change = counterfactual(judgement)
    options = tuple(
        Alternative(tool=one.tool, name=one.name, text=say(one.text, language))
        for one in alternatives(judgement)
    )
    steps = tuple(
        Step(title=say(one.title, language), command=one.command) for one in guide(judgement)
    )
    return Decision(
        tool=Subject(id=situation.tool.id, name=situation.tool.name),
        verdict=judgement.verdict,
        health=judgement.health,
        reasons=_reasons(judgement.findings, language),
        alternatives=options,
        guide=steps,
        counterfactual=say(change, language) if change else None,
        cluster=state_of(situation.cluster, situation.inventory),
        evidence=_cited(situation.book, judgement.findings),
        capacity=_capacity(judgement),
    )


def _capacity(judgement: Judgement) -> Capacity | None:
    """The nodes with the tool's pods on them; a tool that is there is among what they hold."""
    situation = judgement.situation
    if not can_be_simulated(situation.cluster, situation.blind):
        return None
    return capacity_of(
        situation.cluster,
        () if judgement.verdict == "already_installed" else situation.demands,
        namespace=situation.namespace,
        guessed=[one.component for one in demands_of(situation.tool) if not one.declared],
    )


def _reasons(findings: Iterable[Finding], language: Language) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            kind=finding.kind,
            stance=finding.stance,
            text=say(finding, language),
            evidence=finding.evidence,
        )
        for finding in findings
    )


def _cited(book: EvidenceBook, findings: Iterable[Finding]) -> dict[str, EvidenceItem]:
    """Only what a reason cites, renumbered by nobody: ids are stable within a decision."""
    wanted = {id_ for finding in findings for id_ in finding.evidence}
    return {
        id_: EvidenceItem(
            object=entry.object, field=entry.field, value=entry.value, read_at=entry.read_at
        )
        for id_, entry in book.entries().items()
        if id_ in wanted
    }


def state_of(cluster: Cluster, inventory: Inventory) -> ClusterState:
    """The cluster in short, with one entry per installation."""
    control = sum(1 for node in cluster.nodes if node.control_plane)
    return ClusterState(
        version=cluster.version or None,
        nodes=NodeCounts(
            total=len(cluster.nodes), control_plane=control, workers=len(cluster.nodes) - control
        ),
        existing=tuple(
            Existing(
                tool=one.tool.id, namespace=one.namespace, version=one.version, health=one.health
            )
            for one in inventory.installations
        ),
        applications=inventory.applications,
        read_at=cluster.read_at,
        unread=tuple(sorted({*cluster.forbidden, *cluster.unread})),
    )


_NOTHING = ClusterState(
    version=None,
    nodes=NodeCounts(total=0, control_plane=0, workers=0),
    existing=(),
    applications=0,
)


def _without_cluster(question: Question, catalog: Catalog, book: EvidenceBook) -> Decision:
    """No cluster was given and none could be found: undetermined, with what to give."""
    tool = catalog.tools[question.tool] if question.tool else None
    evidence = (book.cite("Request/cluster", "source named", "none"),)
    findings = [
        Finding(key="gap.no_cluster", kind="permission", stance="against", evidence=evidence)
    ]
    if tool is None and question.capability is None:
        findings.append(_unknown(question, book))
    return _undetermined(
        findings,
        language=question.language,
        subject=Subject(id=tool.id if tool else None, name=tool.name if tool else question.unknown),
        state=_NOTHING,
        book=book,
        steps=(
            (Phrase(key="guide.give_cluster"), 'mas ask "..." --cluster cluster.json'),
            (Phrase(key="guide.snapshot"), "mas cluster snapshot -o cluster.json"),
        ),
    )


def _about_nothing_known(
    question: Question, cluster: Cluster, inventory: Inventory, book: EvidenceBook
) -> Decision:
    """The catalog does not know what was asked about: undetermined, with how to add it."""
    return _undetermined(
        [_unknown(question, book)],
        language=question.language,
        subject=Subject(id=None, name=question.unknown),
        state=state_of(cluster, inventory),
        book=book,
        steps=((Phrase(key="guide.catalog"), "mas catalog list"),),
    )


def _unknown(question: Question, book: EvidenceBook) -> Finding:
    named = question.unknown
    return Finding(
        key="gap.unknown_tool" if named else "gap.no_subject",
        params={"name": named or ""},
        kind="need",
        stance="against",
        evidence=(book.cite("Request/text", "tool named", named or "none"),),
    )


def _undetermined(
    findings: Iterable[Finding],
    *,
    language: Language,
    subject: Subject,
    state: ClusterState,
    book: EvidenceBook,
    steps: Iterable[tuple[Phrase, str]],
) -> Decision:
    findings = tuple(findings)
    return Decision(
        tool=subject,
        verdict="undetermined",
        health=None,
        reasons=_reasons(findings, language),
        alternatives=(),
        guide=tuple(Step(title=say(title, language), command=command) for title, command in steps),
        counterfactual=None,
        cluster=state,
        evidence=_cited(book, findings),
    )


def contract(decision: Decision) -> Mapping[str, object]:
    """The decision as the JSON object of `mas ask --json`."""
    told: Mapping[str, object] = msgspec.to_builtins(decision)
    return told
