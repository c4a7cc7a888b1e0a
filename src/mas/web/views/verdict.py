"""A decision as a page shows it: verdict, reasons with their evidence, what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from markupsafe import Markup

from mas.core.decision import Decision, EvidenceItem, Existing, Reason, Verdict
from mas.core.language import Language
from mas.core.run import Run
from mas.core.tools import Catalog
from mas.teams.decide.findings import Phrase
from mas.teams.decide.report import same_field
from mas.teams.decide.wording import say
from mas.teams.decide.wording.fields import field_name, is_computed, value_text
from mas.web.views.capacity import CapacityView, capacity_view
from mas.web.views.markdown import to_html

Source = Literal["cluster", "snapshot", "catalog", "request"]
Stance = Literal["for", "against", "missing"]
GuideKind = Literal["guide", "repair", "find_out", "next"]

_SOURCES: Mapping[str, Source] = {
    "Catalog": "catalog",
    "Request": "request",
    "Snapshot": "snapshot",
}
_SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class VerdictLook:
    """Colour, glyph and word of a verdict."""

    css: str
    icon: str
    colour: str
    word: str


_LOOKS: Mapping[str, VerdictLook] = {
    "recommend": VerdictLook(css="v-ok", icon="ok", colour="ok", word="decide.verdict.recommend"),
    "do_not_recommend": VerdictLook(
        css="v-bad", icon="bad", colour="bad", word="decide.verdict.do_not_recommend"
    ),
    "healthy": VerdictLook(css="v-note", icon="ok", colour="run", word="decide.verdict.installed"),
    "degraded": VerdictLook(
        css="v-wait", icon="stuck", colour="wait", word="decide.verdict.degraded"
    ),
    "unknown": VerdictLook(
        css="v-note", icon="queued", colour="run", word="decide.verdict.unknown_health"
    ),
    "undetermined": VerdictLook(
        css="v-wait", icon="stuck", colour="wait", word="decide.verdict.undetermined"
    ),
}


@dataclass(frozen=True, kw_only=True)
class EvidenceRow:
    """One value that was read, with where it comes from."""

    object: str
    field: str
    computed: bool
    """The field is a name in words and no path."""
    value: str
    read_at: str
    source: Source


@dataclass(frozen=True, kw_only=True)
class ReasonView:
    """One reason with the evidence that it rests on."""

    title: str
    stance: Stance
    text: str
    evidence: tuple[EvidenceRow, ...]


@dataclass(frozen=True, kw_only=True)
class ToolRow:
    """One installation that was found."""

    name: str
    purposes: tuple[str, ...]
    namespace: str
    version: str
    health: str
    near: bool
    """It serves the same field as the tool that was asked about."""


@dataclass(frozen=True, kw_only=True)
class VerdictView:
    """Everything of a decision that a page shows."""

    run_id: str
    look: VerdictLook
    verdict: Verdict
    language: Language
    """In which reasons, guide and conclusion are written."""
    tool: str
    known: bool
    """The catalog knows the tool."""
    conclusion: Markup
    """The sentence that the report ends with; empty: the report has none."""
    reasons: tuple[ReasonView, ...]
    counterfactual: str
    alternatives: tuple[tuple[str, str], ...]
    guide: tuple[tuple[str, str], ...]
    guide_kind: GuideKind
    explanation: Markup
    """What a model has written beside the rules, as far as it held; empty: none did."""
    cluster_name: str
    """Empty: there was no cluster."""
    snapshot: bool
    version: str
    nodes: tuple[int, int, int]
    """All, control plane, workers."""
    closed_nodes: int | None
    applications: int
    unread: tuple[str, ...]
    read_at: str
    tools: tuple[ToolRow, ...]
    capacity: CapacityView | None
    evidence_count: int

    @property
    def near(self) -> tuple[ToolRow, ...]:
        """Tools of the same field."""
        return tuple(one for one in self.tools if one.near)

    @property
    def others(self) -> tuple[ToolRow, ...]:
        """All other tools."""
        return tuple(one for one in self.tools if not one.near)

    @property
    def grounded(self) -> bool:
        """Whether each reason has evidence."""
        return all(one.evidence for one in self.reasons)


def decision_of(run: Run) -> Decision | None:
    """The decision that a run has given; None while there is none, and for a mere plan."""
    if not isinstance(run.result, Mapping) or "verdict" not in run.result:
        return None
    try:
        return msgspec.convert(run.result, Decision)
    except msgspec.ValidationError:
        return None


def verdict_view(run: Run, decision: Decision, catalog: Catalog, reader: Language) -> VerdictView:
    """The view for a reader. What was written stays in the language of the run."""
    state = decision.cluster
    named = str(run.options.get("cluster_name") or "")
    kind: Source = "snapshot" if run.options.get("cluster_kind") == "snapshot" else "cluster"
    read_at = state.read_at or next((one.read_at for one in decision.evidence.values()), "")
    return VerdictView(
        run_id=run.id,
        look=verdict_look(decision),
        verdict=decision.verdict,
        language=run.language,
        tool=decision.tool.name or "",
        known=decision.tool.id is not None,
        conclusion=_part(run, "page.conclusion"),
        reasons=tuple(_reason(one, decision, reader, kind) for one in decision.reasons),
        counterfactual=decision.counterfactual or "",
        alternatives=tuple((one.name, one.text) for one in decision.alternatives),
        guide=tuple((one.title, one.command) for one in decision.guide),
        guide_kind=_guide_kind(decision),
        explanation=_part(run, "page.explanation"),
        cluster_name=named if state.nodes.total or state.version or state.existing else "",
        snapshot=kind == "snapshot",
        version=state.version or "",
        nodes=(state.nodes.total, state.nodes.control_plane, state.nodes.workers),
        closed_nodes=_closed(decision),
        applications=state.applications,
        unread=state.unread,
        read_at=read_at,
        tools=tuple(_tool(one, decision, catalog, reader) for one in state.existing),
        capacity=None
        if decision.capacity is None
        else capacity_view(decision.capacity, decision.tool.name or ""),
        evidence_count=len(decision.evidence),
    )


def verdict_look(decision: Decision) -> VerdictLook:
    """How a verdict looks; an installation by its health."""
    if decision.verdict == "already_installed":
        return _LOOKS[decision.health or "unknown"]
    return _LOOKS[decision.verdict]


def _guide_kind(decision: Decision) -> GuideKind:
    if decision.verdict == "recommend":
        return "guide"
    if decision.verdict == "undetermined":
        return "find_out"
    return "repair" if decision.health == "degraded" and decision.guide else "next"


def _reason(reason: Reason, decision: Decision, reader: Language, cluster: Source) -> ReasonView:
    missing = decision.verdict == "undetermined" and reason.kind in ("permission", "need")
    title = say(Phrase(key=f"kind.{reason.kind}"), reader)
    return ReasonView(
        title=title[:1].upper() + title[1:],
        stance="missing" if missing and reason.stance == "against" else reason.stance,
        text=reason.text,
        evidence=tuple(
            _evidence(decision.evidence[id_], reader, cluster)
            for id_ in reason.evidence
            if id_ in decision.evidence
        ),
    )


def _evidence(one: EvidenceItem, reader: Language, cluster: Source) -> EvidenceRow:
    computed = is_computed(one.field)
    return EvidenceRow(
        object=one.object,
        field=field_name(one.field, reader) if computed else one.field,
        computed=computed,
        value=value_text(one.value, reader) if computed else one.value,
        read_at=one.read_at,
        source=_SOURCES.get(one.object.partition("/")[0], cluster),
    )


def _closed(decision: Decision) -> int | None:
    """Nodes that are not ready or cordoned; None where not all are told of."""
    capacity = decision.capacity
    if capacity is None or capacity.now.hidden:
        return None
    return sum(
        node.closed is not None and node.closed.kind in ("not-ready", "cordoned")
        for node in capacity.now.nodes
    )


def _tool(one: Existing, decision: Decision, catalog: Catalog, reader: Language) -> ToolRow:
    known = catalog.tools.get(one.tool)
    if known is None:
        return ToolRow(
            name=one.tool,
            purposes=(),
            namespace=one.namespace,
            version=one.version or "",
            health=one.health,
            near=False,
        )
    asked = catalog.tools.get(decision.tool.id or "")
    names = (catalog.capabilities[id_].name for id_ in known.capabilities.primary)
    return ToolRow(
        name=known.name,
        purposes=tuple(name.ko if reader == "ko" else name.en for name in names),
        namespace=one.namespace,
        version=one.version or "",
        health=one.health,
        near=asked is not None and same_field(one, asked, catalog),
    )


def _part(run: Run, heading: str) -> Markup:
    """What a report says under one of its own headings; text in it cannot make a heading."""
    title = say(Phrase(key=heading), run.language)
    for part in _SECTION.split(run.report or "")[1:]:
        name, _, text = part.partition("\n")
        if name.strip() == title:
            return to_html(text.strip(), prefix=heading.replace(".", "-"), top=3)
    return Markup("")
