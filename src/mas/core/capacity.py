"""How a tool's pods would lie on the nodes of a cluster: what the bars of a decision show (D4).

Units throughout: `cpu` in millicores, `memory` in bytes.
"""

from __future__ import annotations

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of it."""


class Share(_Part, frozen=True, kw_only=True):
    """One resource of one node: what it offers, what its pods ask for, what the tool would add."""

    allocatable: int
    requested: int
    added: int = 0


class PodsOf(_Part, frozen=True, kw_only=True):
    """Pods of one component on one node."""

    component: str
    pods: int


class Obstacle(_Part, frozen=True, kw_only=True):
    """Why a node takes no ordinary pod, as the simulation names it; `key` is the taint's."""

    kind: str
    key: str = ""


class NodeUse(_Part, frozen=True, kw_only=True):
    """One node with the pods that the simulation put on it."""

    name: str
    control_plane: bool = False
    cpu: Share
    memory: Share
    placed: tuple[PodsOf, ...] = ()
    closed: Obstacle | None = None
    """None: it takes ordinary pods."""


class Refusal(_Part, frozen=True, kw_only=True):
    """Some nodes refuse a pod for one reason; `examples` are a few of them."""

    kind: str
    key: str = ""
    nodes: int
    examples: tuple[str, ...] = ()


class Unplaced(_Part, frozen=True, kw_only=True):
    """Pods of a component that found no node."""

    component: str
    pods: int
    wanted: int
    cpu: int
    memory: int
    refusals: tuple[Refusal, ...] = ()


class QuotaLimit(_Part, frozen=True, kw_only=True):
    """A quota that refuses the pods: `exceeded` in the resource's unit, or `undeclared`."""

    quota: str
    namespace: str
    resource: str
    reason: str
    hard: int
    used: int
    wanted: int


class PodSize(_Part, frozen=True, kw_only=True):
    """What each pod of a component asks for; not `declared`: a recommended sizing."""

    component: str
    pods: int
    """Replicas; where there is one for each node, 0."""
    per_node: bool = False
    cpu: int
    memory: int
    declared: bool


class Layout(_Part, frozen=True, kw_only=True):
    """The nodes with what would be on them."""

    nodes: tuple[NodeUse, ...]
    """By name; of a large cluster those that matter most."""
    hidden: int = 0
    """How many more nodes there are."""
    placed: int = 0
    """Pods of the tool that found a node, on all nodes."""
    unplaced: tuple[Unplaced, ...] = ()
    quotas: tuple[QuotaLimit, ...] = ()
    lost: str | None = None
    """The node that is taken for lost; None: all are there."""

    @property
    def fits(self) -> bool:
        """Whether all pods of the tool have their place."""
        return not self.unplaced and not self.quotas


class Capacity(_Part, frozen=True, kw_only=True):
    """The nodes as they are, and with one of them lost."""

    sizes: tuple[PodSize, ...] = ()
    """The pods that were simulated; empty: only what the nodes hold is shown."""
    now: Layout
    without: Layout | None = None
    """Without the node whose loss matters most; None: there is no other node, or no tool."""
