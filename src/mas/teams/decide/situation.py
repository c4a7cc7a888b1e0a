"""All that the rules may look at, for one tool in one cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mas.core.evidence import EvidenceBook
from mas.core.tools import Catalog, Text, Tool
from mas.core.versions import parse_version
from mas.kubernetes.capacity import Fit, PodDemand, simulate
from mas.kubernetes.cluster import Cluster, Node
from mas.kubernetes.inventory import Installation, Inventory
from mas.teams.decide.findings import Param
from mas.teams.decide.question import Question
from mas.teams.decide.sizing import demands_of, sized


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One tool, one cluster, one request. `book` collects the evidence that rules cite."""

    question: Question
    tool: Tool
    catalog: Catalog
    cluster: Cluster
    inventory: Inventory
    book: EvidenceBook

    @property
    def namespace(self) -> str:
        """Where the tool would go: the request's namespace if it can, else the catalog's."""
        wanted = self.question.namespace
        return wanted if wanted and goes_anywhere(self.tool) else self.tool.namespace

    @cached_property
    def blind(self) -> frozenset[str]:
        """Kinds (plural names) that were forbidden or that nobody read."""
        return frozenset((*self.cluster.forbidden, *self.cluster.unread))

    @cached_property
    def demands(self) -> tuple[PodDemand, ...]:
        """The tool's pods with their sizing, as the guide advises to install them."""
        return sized(demands_of(self.tool))

    @cached_property
    def fit(self) -> Fit:
        """The simulation that the verdict rests on: every component with its sizing."""
        return simulate(self.cluster, self.demands, namespace=self.namespace)

    def installed(self) -> tuple[Installation, ...]:
        """Installations of the asked tool."""
        return self.inventory.of(self.tool.id)

    def capability_names(self, ids: Iterable[str]) -> tuple[Param, ...]:
        """Names of capabilities in both languages."""
        return tuple(self.catalog.capabilities[id_].name for id_ in ids)

    # Evidence that several rules cite.

    def cite_ready(self, installation: Installation, component: str | None = None) -> str:
        """Evidence that a component runs: its ready replicas, else its image."""
        part = installation.part(component) if component else None
        part = part or next(
            (one for one in installation.parts if one.component.role == "core" and one.ready),
            installation.core,
        )
        workload = part.workload
        if workload.ready_field and not workload.from_pods:
            return self.book.cite(part.object, workload.ready_field, str(workload.ready))
        return self.book.cite(part.object, part.container.field, part.container.image)

    def cite_image(self, installation: Installation) -> str:
        """Evidence of what runs: the image of the core component."""
        part = installation.core
        return self.book.cite(part.object, part.container.field, part.container.image)

    def cite_version(self) -> tuple[str, ...]:
        """Evidence of the control-plane version: a node's kubelet, and the server's own word."""
        cited = []
        node = self.version_node()
        if node:
            cited.append(
                self.book.cite(f"Node/{node.name}", "status.nodeInfo.kubeletVersion", node.kubelet)
            )
        tellers = {"annotation": "Snapshot", "server": "Cluster"}
        if teller := tellers.get(self.cluster.version_source):
            name = f"{teller}/{self.cluster.name}"
            cited.append(self.book.cite(name, "server version", self.cluster.version))
        return tuple(cited)

    def version_node(self) -> Node | None:
        """The node whose kubelet tells most: the lowest of the control plane, else of all."""
        known = [node for node in self.cluster.nodes if parse_version(node.kubelet)]
        control = [node for node in known if node.control_plane] or known
        return min(control, key=lambda node: parse_version(node.kubelet) or (0, 0, 0), default=None)

    def cite_catalog(self, field: str, value: str) -> str:
        """Evidence from the catalog entry of the asked tool."""
        return self.book.cite(f"Catalog/{self.tool.id}", field, value)

    def cite_count(self, what: str, count: int) -> str:
        """Evidence that is a count over the whole cluster."""
        return self.book.cite(f"Cluster/{self.cluster.name}", f"number of {what}", str(count))


def goes_anywhere(tool: Tool) -> bool:
    """Whether the guide can install it into another namespace: charts can, manifests cannot."""
    installing = [step.command for step in tool.guide if step.phase == "install"]
    return all(command.startswith("helm ") for command in installing)


def capability_title(tool: Tool, capability: str, name: Text) -> Param:
    """What a tool calls its own feature (`Gitea Actions`), else the capability's name."""
    own = tool.capabilities.names.get(capability)
    return own if own else name
