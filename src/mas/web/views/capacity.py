"""The capacity of nodes as bars: what is asked for, what a tool would add, what is left. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mas.core.capacity import Capacity, Layout, NodeUse, Obstacle, PodSize, Share, Unplaced
from mas.core.units import cpu_text, memory_text, resource_text

WHOLE = 1000
"""A bar is so many parts wide, whatever its node offers."""
_AT_ONCE = 6
_LEAST = 8
"""What is there at all is seen: so many parts at least."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One resource of one node. `used`, `added` and `free` are parts of `WHOLE` and add up to it;
    the texts are amounts with which the same is said in numbers."""

    resource: Literal["cpu", "memory"]
    used: int
    added: int
    free: int
    used_text: str
    added_text: str
    """Empty: nothing is added."""
    free_text: str
    total_text: str
    over: bool
    """More is asked for than there is."""

    @staticmethod
    def percent(parts: int) -> str:
        """Parts as a width that an attribute of SVG takes."""
        return f"{parts * 100 / WHOLE:g}%"


@dataclass(frozen=True, kw_only=True)
class NodeBars:
    """One node with its bars."""

    name: str
    control_plane: bool
    placed: tuple[str, ...]
    """The tool's components on it, with their number where there are several."""
    closed: Obstacle | None
    bars: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True)
class Homeless:
    """Pods without a node, and what each group of nodes has against them."""

    component: str
    pods: int
    wanted: int
    cpu: str
    memory: str
    refusals: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    """Kind, key, number of nodes, some of them by name."""


@dataclass(frozen=True, kw_only=True)
class OverQuota:
    """A quota that refuses the pods, with its amounts as text."""

    quota: str
    namespace: str
    resource: str
    reason: str
    hard: str
    used: str
    wanted: str


@dataclass(frozen=True, kw_only=True)
class LayoutView:
    """The nodes in one supposed state."""

    nodes: tuple[NodeBars, ...]
    hidden: int
    placed: int
    homeless: tuple[Homeless, ...]
    quotas: tuple[OverQuota, ...]
    lost: str | None

    @property
    def fits(self) -> bool:
        """Whether everything has its place."""
        return not self.homeless and not self.quotas

    @property
    def first(self) -> tuple[NodeBars, ...]:
        """The nodes that are shown at once: all of a small cluster, else those with the tool's
        pods, else the first by name."""
        if len(self.nodes) <= _AT_ONCE:
            return self.nodes
        hosting = tuple(one for one in self.nodes if one.placed)
        return hosting[: 2 * _AT_ONCE] or self.nodes[:_AT_ONCE]

    @property
    def rest(self) -> tuple[NodeBars, ...]:
        """The others."""
        first = self.first
        return tuple(one for one in self.nodes if one not in first)


@dataclass(frozen=True, kw_only=True)
class SizeRow:
    """What the pods of a component ask for."""

    component: str
    pods: int
    per_node: bool
    cpu: str
    memory: str
    declared: bool


@dataclass(frozen=True, kw_only=True)
class CapacityView:
    """All that is shown of a cluster's capacity."""

    tool: str
    """Empty: no tool is simulated."""
    now: LayoutView
    without: LayoutView | None
    sizes: tuple[SizeRow, ...]
    pods: int
    """Pods of the tool that were to be placed."""

    @property
    def guessed(self) -> int:
        """Components whose numbers are recommended and declared by nobody."""
        return sum(not one.declared for one in self.sizes)

    @property
    def unsized(self) -> tuple[str, ...]:
        """Components that ask for nothing, and so have no place in a bar."""
        return tuple(one.component for one in self.sizes if one.cpu == "0" and one.memory == "0")


def capacity_view(capacity: Capacity, tool: str) -> CapacityView:
    """The bars of all nodes that are told of."""
    now = _layout(capacity.now)
    return CapacityView(
        tool=tool if capacity.sizes else "",
        now=now,
        without=None if capacity.without is None else _layout(capacity.without),
        sizes=tuple(_size(one) for one in capacity.sizes),
        pods=now.placed + sum(one.pods for one in now.homeless),
    )


def bar_of(resource: Literal["cpu", "memory"], share: Share) -> Bar:
    """One bar. Its whole is what the node offers, or what is asked of it where that is more."""
    text: Callable[[int], str] = cores_text if resource == "cpu" else memory_text
    asked = share.requested + share.added
    scale = max(share.allocatable, asked, 1)
    added = _parts(share.added, scale)
    used = min(_parts(share.requested, scale), WHOLE - added)
    if asked >= share.allocatable and asked > 0:
        used = WHOLE - added
    return Bar(
        resource=resource,
        used=used,
        added=added,
        free=WHOLE - used - added,
        used_text=text(share.requested),
        added_text=text(share.added) if share.added else "",
        free_text=text(max(0, share.allocatable - asked)),
        total_text=text(share.allocatable),
        over=asked > share.allocatable,
    )


def _parts(amount: int, scale: int) -> int:
    return 0 if amount <= 0 else min(WHOLE - _LEAST, max(_LEAST, round(WHOLE * amount / scale)))


def cores_text(millicores: int) -> str:
    """Millicores as cores with at most two decimals: `0.35`, `2.18`, `8`."""
    if 0 < millicores < 10:
        return "0.01"
    return cpu_text(millicores) if millicores >= 1000 else f"{millicores / 1000:.2g}"


def _layout(layout: Layout) -> LayoutView:
    return LayoutView(
        nodes=tuple(_node(one) for one in layout.nodes),
        hidden=layout.hidden,
        placed=layout.placed,
        homeless=tuple(_homeless(one) for one in layout.unplaced),
        quotas=tuple(
            OverQuota(
                quota=one.quota,
                namespace=one.namespace,
                resource=one.resource,
                reason=one.reason,
                hard=resource_text(one.resource, one.hard),
                used=resource_text(one.resource, one.used),
                wanted=resource_text(one.resource, one.wanted),
            )
            for one in layout.quotas
        ),
        lost=layout.lost,
    )


def _node(node: NodeUse) -> NodeBars:
    return NodeBars(
        name=node.name,
        control_plane=node.control_plane,
        placed=_components([(one.component, one.pods) for one in node.placed]),
        closed=node.closed,
        bars=(bar_of("cpu", node.cpu), bar_of("memory", node.memory)),
    )


def _components(placed: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(name if pods == 1 else f"{name} ×{pods}" for name, pods in placed)


def _homeless(one: Unplaced) -> Homeless:
    return Homeless(
        component=one.component,
        pods=one.pods,
        wanted=one.wanted,
        cpu=cores_text(one.cpu),
        memory=memory_text(one.memory),
        refusals=tuple((why.kind, why.key, why.nodes, why.examples) for why in one.refusals),
    )


def _size(one: PodSize) -> SizeRow:
    return SizeRow(
        component=one.component,
        pods=one.pods,
        per_node=one.per_node,
        cpu=cores_text(one.cpu),
        memory=memory_text(one.memory),
        declared=one.declared,
    )
