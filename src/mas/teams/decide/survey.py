"""What a cluster holds, in short lines with ids, and the question what of it matters (D7, D10).

The lines stay below `SURVEY_TOKENS` whatever the size of the cluster and state totals. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from mas.agents.context import estimate_tokens
from mas.agents.reasoner import Block
from mas.agents.reasoner import Question as Asking
from mas.core.grounding import Facts, sentences, ungrounded
from mas.core.language import plain
from mas.core.tools import Catalog
from mas.core.units import cpu_text, memory_text
from mas.kubernetes.cluster import Amount, Cluster, Node
from mas.kubernetes.inventory import Installation, Inventory
from mas.teams.decide.consulting import SentBackOnce, tool_names

SURVEY_TOKENS = 2_600
_MOST_FINDINGS = 8
_MOST_NODES = 6
_MOST_OF_A_KIND = 12
_INSTRUCTIONS = f"""\
A person asks whether a Kubernetes cluster should adopt something; rules will decide it. From the
lines of the survey, pick what matters for this question: what already serves the purpose, what is
short, broken or unread. At most {_MOST_FINDINGS} findings, one sentence each.
- `evidence`: the ids of the lines that the finding rests on (`s3`); at least one.
- Use only numbers, versions and names that stand in these lines, written as they stand there.
- Draw no verdict."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that matters, and the lines it rests on."""

    finding: str
    evidence: tuple[str, ...]


class Matters(msgspec.Struct, frozen=True, kw_only=True):
    """What a model finds to matter for a question."""

    findings: tuple[Matter, ...]


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Lines about a cluster by id: `s1`, `s2`, ..."""

    lines: Mapping[str, str]

    @property
    def text(self) -> str:
        """All lines with their ids."""
        return "\n".join(f"{id_}: {line}" for id_, line in self.lines.items())


def survey_of(cluster: Cluster, inventory: Inventory) -> Survey:
    """The cluster in at most `SURVEY_TOKENS`."""
    lines: dict[str, str] = {}
    left = SURVEY_TOKENS - 40
    every = list(_lines(cluster, inventory))
    for number, line in enumerate(every, start=1):
        left -= estimate_tokens(f"s{number}: {line}\n")
        if left < 0:
            lines[f"s{number}"] = f"(cut: {len(every) - number + 1:,} more lines)"
            break
        lines[f"s{number}"] = line
    return Survey(lines=lines)


def asking_what_matters(
    survey: Survey, request: str, subject: str, catalog: Catalog
) -> Asking[Matters]:
    """The question to a model what of a survey matters for the request."""
    facts = _facts(survey, catalog)

    def problems(matters: Matters) -> Iterable[str]:
        for matter in matters.findings:
            if not set(matter.evidence) & set(survey.lines):
                yield f"{matter.finding[:80]!r} names no id of the survey in `evidence`."
            for wrong in ungrounded(matter.finding, facts):
                yield f"{matter.finding[:80]!r}: {wrong!r} stands in no line of the survey."

    return Asking(
        key="reason",
        instructions=_INSTRUCTIONS,
        context=(
            Block(title="request", text=plain(request, limit=600)),
            Block(title="asked about", text=subject or "unknown"),
            Block(title="survey", text=survey.text),
        ),
        answer=Matters,
        check=SentBackOnce(problems),
        max_output_tokens=1_000,
    )


def what_matters(matters: Matters, survey: Survey, catalog: Catalog) -> tuple[Matter, ...]:
    """The findings that hold: with ids that exist, without sentences that no line carries."""
    facts = _facts(survey, catalog)
    kept = []
    for matter in matters.findings[:_MOST_FINDINGS]:
        ids = tuple(id_ for id_ in dict.fromkeys(matter.evidence) if id_ in survey.lines)
        fine = [one for one in sentences(matter.finding) if not ungrounded(one, facts)]
        if ids and fine:
            kept.append(Matter(finding=plain(" ".join(fine), limit=400), evidence=ids))
    return tuple(kept)


def _facts(survey: Survey, catalog: Catalog) -> Facts:
    return Facts(survey.lines.values(), names=tool_names(catalog))


def _lines(cluster: Cluster, inventory: Inventory) -> Iterable[str]:
    """What tells most first, because the end may be cut."""
    yield f"Kubernetes {plain(cluster.version or 'version unknown')}"
    yield (
        f"nodes: {len(cluster.nodes)}, workloads: {cluster.workload_count}, pods: "
        f"{cluster.pod_count}, applications: {inventory.applications}"
    )
    unread = sorted({*cluster.forbidden, *cluster.unread})
    if unread:
        yield f"not readable: {', '.join(unread)}"
    yield from _nodes(cluster.nodes)
    yield f"tool installations: {len(inventory.installations):,}"
    yield from _some("tools", _tools(inventory), 60)
    yield from _some(
        "custom resource definitions without their tool",
        (
            f"{one.tool.name}: definitions {len(one.names)}, resources {one.resources}"
            for one in inventory.left_over.values()
        ),
    )
    yield from _some(
        "storage classes",
        (f"{plain(one.name)} ({plain(one.provisioner)}){' default' if one.default else ''}"
         for one in cluster.storage_classes),
    )  # fmt: skip
    yield from _some(
        "resource quotas",
        (f"{plain(one.namespace)}/{plain(one.name)}: " + _pairs(one.hard, one.used)
         for one in cluster.quotas),
    )  # fmt: skip
    yield from _some(
        "signals", (f"{name}: {one.count}" for name, one in cluster.counts.items()), 30
    )


def _nodes(nodes: tuple[Node, ...]) -> Iterable[str]:
    if not nodes:
        return
    control = sum(1 for node in nodes if node.control_plane)
    out = [node for node in nodes if not node.ready or node.unschedulable]
    yield f"control plane nodes: {control}, worker nodes: {len(nodes) - control}"
    yield f"nodes not ready or cordoned: {len(out)}" + _names(out)
    yield f"allocatable on all nodes: {_sum(node.allocatable for node in nodes)}"
    yield f"requested on all nodes: {_sum(node.requested for node in nodes)}"
    measured = [node.used for node in nodes if node.used]
    if measured:
        yield f"measured use on all nodes: {_sum(measured)}"
    most = sorted(nodes, key=lambda node: node.requested.memory - node.allocatable.memory)
    for node in most[:_MOST_NODES]:
        yield (
            f"node {plain(node.name)}: allocatable {_sum([node.allocatable])}, "
            f"requested {_sum([node.requested])}"
        )
    if len(nodes) > _MOST_NODES:
        yield f"(the {_MOST_NODES} nodes with most free memory are shown, of {len(nodes):,})"


def _names(nodes: list[Node]) -> str:
    shown = ", ".join(plain(node.name) for node in nodes[:_MOST_NODES])
    return f" ({shown}{', ...' if len(nodes) > _MOST_NODES else ''})" if nodes else ""


def _sum(amounts: Iterable[Amount]) -> str:
    every = list(amounts)
    cpu, memory = sum(one.cpu for one in every), sum(one.memory for one in every)
    return f"CPU {cpu_text(cpu)}, memory {memory_text(memory)}, pods {sum(o.pods for o in every)}"


def _tools(inventory: Inventory) -> Iterable[str]:
    """One line a tool: many installations of one must not hide another."""
    for id_ in dict.fromkeys(one.tool.id for one in inventory.installations):
        every = inventory.of(id_)
        worst = every[-1]  # they come healthiest first
        told = _installation(worst)
        if len(every) > 1:
            healthy = sum(1 for one in every if one.health == "healthy")
            told += f" (installations in all: {len(every):,}, healthy: {healthy:,})"
        yield told


def _installation(one: Installation) -> str:
    faults = ", ".join(dict.fromkeys(f"{fault.component} {fault.code}" for fault in one.faults))
    told = f"{one.tool.name} {plain(one.version or '-')} in {plain(one.namespace)}: {one.health}"
    return plain(f"{told} ({faults})" if faults else told, limit=300)


def _pairs(hard: Mapping[str, str], used: Mapping[str, str]) -> str:
    pairs = (f"{name} {used.get(name, '?')} of {value}" for name, value in hard.items())
    return plain(", ".join(pairs), limit=200)


def _some(title: str, lines: Iterable[str], most: int = _MOST_OF_A_KIND) -> Iterable[str]:
    every = list(lines)
    yield f"{title}: {len(every):,}"
    yield from every[:most]
    if len(every) > most:
        yield f"({most} of {len(every):,} {title} are shown)"
