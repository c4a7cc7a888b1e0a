"""What runs in a cluster, as its page shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mas.app.inspection import Survey
from mas.core.language import Language
from mas.kubernetes.health import Fault
from mas.kubernetes.inventory import Installation
from mas.web.views.statuses import Look

_LOOKS: Mapping[str, Look] = {
    "healthy": Look(kind="ok", word="decide.health.healthy"),
    "degraded": Look(kind="stuck", word="decide.health.degraded"),
    "unknown": Look(kind="off", word="decide.health.unknown"),
}
_HALF = Look(kind="stuck", word="cluster.half_installed")
_SHOWN_FAULTS = 4


@dataclass(frozen=True, kw_only=True)
class Installed:
    """One installation of one tool."""

    id: str
    name: str
    purposes: tuple[str, ...]
    namespace: str
    version: str
    look: Look
    faults: tuple[Fault, ...]
    more_faults: int


@dataclass(frozen=True, kw_only=True)
class Remains:
    """What is left of a tool that is not installed: its custom resource definitions."""

    name: str
    kinds: tuple[str, ...]
    resources: int


@dataclass(frozen=True, kw_only=True)
class InventoryView:
    """A cluster in short."""

    name: str
    snapshot: bool
    version: str
    read_at: str
    total: int
    control_plane: int
    closed: int
    """Nodes that are not ready or cordoned."""
    applications: int
    installed: tuple[Installed, ...]
    remains: tuple[Remains, ...]
    forbidden: tuple[str, ...]
    """Kinds that the account may not list."""
    unread: tuple[str, ...]
    """Kinds that nobody has read, such as those that a snapshot does not hold."""


def inventory_view(found: Survey, reader: Language) -> InventoryView:
    """The view of a reading."""
    cluster, inventory = found.cluster, found.inventory
    return InventoryView(
        name=cluster.name,
        snapshot=cluster.source == "snapshot",
        version=cluster.version,
        read_at=cluster.read_at,
        total=len(cluster.nodes),
        control_plane=sum(node.control_plane for node in cluster.nodes),
        closed=sum(not node.ready or node.unschedulable for node in cluster.nodes),
        applications=inventory.applications,
        installed=tuple(_installed(one, found, reader) for one in inventory.installations),
        remains=tuple(
            Remains(name=one.tool.name, kinds=one.names[:8], resources=one.resources)
            for one in inventory.left_over.values()
        ),
        forbidden=tuple(sorted(cluster.forbidden)),
        unread=tuple(sorted(set(cluster.unread) - set(cluster.forbidden))),
    )


def _installed(one: Installation, found: Survey, reader: Language) -> Installed:
    names = (found.catalog.capabilities[id_].name for id_ in one.tool.capabilities.primary)
    half = any(fault.code == "missing_component" for fault in one.faults)
    return Installed(
        id=one.tool.id,
        name=one.tool.name,
        purposes=tuple(name.ko if reader == "ko" else name.en for name in names),
        namespace=one.namespace,
        version=one.version or "",
        look=_HALF if half else _LOOKS[one.health],
        faults=one.faults[:_SHOWN_FAULTS],
        more_faults=max(0, len(one.faults) - _SHOWN_FAULTS),
    )
