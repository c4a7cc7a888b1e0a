"""The report of a decision as Markdown, in the language of the request (D6).

Four parts in a fixed order: current cluster state, recommendation with reasons, alternatives or
guide, conclusion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mas.core.decision import Decision, EvidenceItem, Existing, Reason
from mas.core.language import Language, plain
from mas.core.tools import Catalog, Component, Tool
from mas.kubernetes.cluster import Cluster
from mas.teams.decide.findings import Param, Phrase
from mas.teams.decide.markdown import code, md
from mas.teams.decide.told import NOTHING_TOLD, Told, lines_of_explanation, lines_of_subject
from mas.teams.decide.wording import say
from mas.teams.decide.wording.fields import field_name, is_computed, value_text

_SHOWN_EVIDENCE = 4


class _Page:
    """Collects lines in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.lines: list[str] = []

    def say(self, key: str, **params: Param) -> str:
        return say(Phrase(key=key, params=params), self.language)

    def add(self, *lines: str) -> None:
        self.lines.extend(lines)

    def heading(self, key: str) -> None:
        self.add("", f"## {self.say(key)}", "")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self.add("| " + " | ".join(header) + " |", "|" + " --- |" * len(header))
        self.add(*("| " + " | ".join(row) + " |" for row in rows))

    def text(self) -> str:
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self.lines)).strip() + "\n"


def write_report(
    decision: Decision,
    cluster: Cluster | None,
    catalog: Catalog,
    language: Language,
    *,
    told: Told = NOTHING_TOLD,
) -> str:
    """The whole report. The same facts as in `decision`, told for a reader who is no expert.

    What a model says comes in a section of its own before the conclusion; the rest is the rules'.
    """
    page = _Page(language)
    tool = catalog.tools.get(decision.tool.id or "")
    name = md(decision.tool.name) if decision.tool.name else ""
    page.add("# " + (page.say("page.title", tool=name) if name else page.say("page.title_unknown")))
    page.add("", f"> **{_verdict(page, decision, name)}**")
    for line in lines_of_subject(told, language):
        page.add("", line)
    _state(page, decision, cluster, catalog, tool)
    _recommendation(page, decision, name)
    _what_to_do(page, decision, tool)
    prose = list(lines_of_explanation(told, decision, language))
    if prose:
        page.heading("page.explanation")
        page.add(*prose)
    page.heading("page.conclusion")
    page.add(_conclusion(page, decision, name))
    return page.text()


def _how_it_is(decision: Decision) -> str:
    """The end of the message keys about an installation, by its health."""
    return {"healthy": "installed", "degraded": "degraded"}.get(decision.health or "", "unknown")


def _verdict(page: _Page, decision: Decision, name: str) -> str:
    if decision.verdict == "already_installed":
        return page.say(f"verdict.already_{_how_it_is(decision)}", tool=name)
    if decision.verdict == "undetermined" and not name:
        return page.say("verdict.undetermined_unknown")
    return page.say(f"verdict.{decision.verdict}", tool=name)


def _state(
    page: _Page,
    decision: Decision,
    cluster: Cluster | None,
    catalog: Catalog,
    tool: Tool | None,
) -> None:
    page.heading("page.state")
    if cluster is None:
        page.add(f"- {page.say('page.cluster')}: {page.say('page.no_cluster')}")
        return
    at = cluster.read_at.replace("T", " ").replace("Z", " UTC")
    source = "page.snapshot" if cluster.source == "snapshot" else "page.live"
    unread = sorted({*cluster.forbidden, *cluster.unread})
    rows = (
        ("page.cluster", page.say(source, name=cluster.name, at=at)),
        ("page.version", _version(page, cluster)),
        ("page.nodes", _nodes(page, decision, cluster)),
        (
            "page.applications",
            page.say("page.application_count", count=decision.cluster.applications),
        ),
        ("page.unread", ", ".join(code(kind) for kind in unread) or page.say("page.nothing")),
    )
    page.add(*(f"- {page.say(key)}: {value}" for key, value in rows), "")
    near = [one for one in decision.cluster.existing if tool and same_field(one, tool, catalog)]
    if near:
        page.add(page.say("page.same_field"), "")
        header = ("tool", "purpose", "namespace", "tool_version", "health")
        page.table(
            [page.say(f"page.{key}") for key in header],
            (_existing_row(page, one, catalog) for one in near),
        )
    elif tool:
        page.add(page.say("page.no_same_field"))
    others = [one for one in decision.cluster.existing if one not in near]
    if others:
        names = dict.fromkeys(
            f"{catalog.tools[one.tool].name} ({plain(one.namespace)})" for one in others
        )
        page.add("", md(page.say("page.other_tools", tools=tuple(names))))


def _version(page: _Page, cluster: Cluster) -> str:
    if not cluster.version:
        return page.say("page.version_unknown")
    if cluster.version_source in ("kubelet", "control-plane-kubelet"):
        return page.say("page.version_inferred", version=cluster.version)
    return md(cluster.version)


def _nodes(page: _Page, decision: Decision, cluster: Cluster) -> str:
    nodes = decision.cluster.nodes
    counts = page.say(
        "page.node_counts",
        total=nodes.total,
        control=nodes.control_plane,
        workers=nodes.workers,
    )
    unready = sum(1 for node in cluster.nodes if not node.ready or node.unschedulable)
    if unready:
        return page.say("page.nodes_unready", counts=counts, unready=unready)
    return page.say("page.nodes_ready", counts=counts) if nodes.total else counts


def same_field(one: Existing, tool: Tool, catalog: Catalog) -> bool:
    """Whether a tool shares a capability with the asked one, completes it, or is it."""
    other = catalog.tools[one.tool]
    own = {*tool.capabilities.primary, *tool.capabilities.secondary}
    theirs = {*other.capabilities.primary, *other.capabilities.secondary}
    whole = {
        id_
        for capability in tool.capabilities.primary
        for id_ in catalog.capabilities[capability].complements
    }
    return (
        other.id == tool.id
        or other.category == tool.category
        or bool(own & theirs)
        or bool(whole & set(other.capabilities.primary))
    )


def _existing_row(page: _Page, one: Existing, catalog: Catalog) -> tuple[str, ...]:
    other = catalog.tools[one.tool]
    purpose = tuple(catalog.capabilities[id_].name for id_ in other.capabilities.primary)
    return (
        md(other.name),
        page.say("page.list", items=purpose),
        code(one.namespace),
        md(one.version) if one.version else "-",
        page.say(f"health.word.{one.health}"),
    )


def _recommendation(page: _Page, decision: Decision, name: str) -> None:
    page.heading("page.recommendation")
    page.add(f"**{_verdict(page, decision, name)}**", "")
    for number, reason in enumerate(decision.reasons, start=1):
        page.add(_reason(page, number, reason))
        cited = [decision.evidence[id_] for id_ in reason.evidence if id_ in decision.evidence]
        page.add(
            *(
                f"   - {page.say('page.evidence')}: {_evidence(page, one)}"
                for one in cited[:_SHOWN_EVIDENCE]
            )
        )
    if decision.counterfactual:
        page.add("", f"**{page.say('page.changes_when')}**: {md(decision.counterfactual)}")


def _evidence(page: _Page, one: EvidenceItem) -> str:
    """Object, field and value; a computed field is said in words, a path stays a path."""
    if is_computed(one.field):
        field = md(field_name(one.field, page.language))
        return f"{code(one.object)} {field} = {code(value_text(one.value, page.language))}"
    return f"{code(one.object)} {code(one.field)} = {code(one.value)}"


def _reason(page: _Page, number: int, reason: Reason) -> str:
    tag = f"{page.say(f'kind.{reason.kind}')}, {page.say(f'page.{reason.stance}')}"
    return f"{number}. **[{tag}]** {md(reason.text)}"


def _what_to_do(page: _Page, decision: Decision, tool: Tool | None) -> None:
    if decision.verdict == "do_not_recommend":
        page.heading("page.alternatives")
        page.add(*(f"- **{md(one.name)}**: {md(one.text)}" for one in decision.alternatives))
        if not decision.alternatives:
            page.add(page.say("page.no_alternative"))
        return
    key = {
        "recommend": "page.guide",
        "undetermined": "page.find_out",
    }.get(decision.verdict, "page.repair" if decision.guide else "page.next")
    page.heading(key)
    if decision.verdict == "recommend" and tool:
        _sizes(page, tool)
    if not decision.guide:
        page.add(page.say("page.nothing_to_do"))
    for number, step in enumerate(decision.guide, start=1):
        page.add(f"{number}. {md(step.title)}", "", "   ```sh", f"   {step.command}", "   ```")


def _sizes(page: _Page, tool: Tool) -> None:
    components = [one for one in tool.components if one.installed]
    page.add(f"{page.say('page.sizes')}:", "")
    header = ("component", "replicas", "cpu", "memory", "volumes", "basis")
    page.table(
        [page.say(f"page.{key}") for key in header],
        (_size_row(page, component) for component in components),
    )
    page.add("", f"{page.say('page.install')}:", "")


def _size_row(page: _Page, component: Component) -> tuple[str, ...]:
    requests = component.requests
    volumes = ", ".join(f"{one.name} {one.size}" for one in component.volumes)
    daemon = component.workload == "DaemonSet"
    return (
        component.name,
        page.say("page.per_node") if daemon else str(component.replicas),
        requests.cpu if requests else "-",
        requests.memory if requests else "-",
        volumes or page.say("page.none_needed"),
        page.say(f"page.{requests.basis}") if requests else "-",
    )


def _conclusion(page: _Page, decision: Decision, name: str) -> str:
    if decision.verdict == "already_installed":
        return page.say(f"conclusion.already_{_how_it_is(decision)}", tool=name)
    if decision.verdict == "do_not_recommend":
        why = next((one.kind for one in decision.reasons if one.stance == "against"), "overlap")
        options = tuple(one.name for one in decision.alternatives[:3])
        return page.say(
            "conclusion.with_alternative" if options else "conclusion.do_not_recommend",
            tool=name,
            why=Phrase(key=f"why.{why}"),
            options=options,
        )
    return page.say(f"conclusion.{decision.verdict}", tool=name)
