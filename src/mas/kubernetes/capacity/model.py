"""What the scheduling simulation takes and gives: plain data without wording.

Units throughout: `cpu` in millicores, `memory` and volumes in bytes, `pods` as a count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mas.kubernetes.cluster import Amount

NOTHING = Amount()

EXAMPLES = 3
"""How many names stand for a larger set of nodes."""

SHOWN_NODES = 20
"""How many names of a per-node component's placement are kept; the total always is."""

CauseKind = Literal[
    "not-ready",
    "cordoned",
    "taint",
    "selector",
    "saturated",
    "anti-affinity",
    "cpu",
    "memory",
    "pods",
]
"""Why a node does not take a pod. `pods` means that it has no pod slot left."""

Workload = Literal["Deployment", "StatefulSet", "DaemonSet"]


@dataclass(frozen=True, kw_only=True)
class Toleration:
    """A toleration as in a pod's spec; an empty key with `Exists` tolerates every taint."""

    key: str = ""
    operator: Literal["Equal", "Exists"] = "Equal"
    value: str = ""
    effect: str = ""
    """Empty: every effect."""


@dataclass(frozen=True, kw_only=True)
class PodDemand:
    """The pods of one component of a tool."""

    component: str
    replicas: int = 1
    """Ignored when `per_node`."""
    per_node: bool = False
    cpu: int = 0
    """Request of one pod in millicores."""
    memory: int = 0
    """Request of one pod in bytes."""
    declared: bool = True
    """False when the manifests declare no requests and the numbers are a recommended sizing."""
    cpu_limit: int | None = None
    """None when the pods declare no limit."""
    memory_limit: int | None = None
    """None when the pods declare no limit."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerates: tuple[Toleration, ...] = ()
    spread: bool = False
    """True when two pods of it never share a node (hard anti-affinity over hostnames)."""
    volumes: tuple[int, ...] = ()
    """Sizes in bytes of the persistent volume claims of each pod."""
    workload: Workload | None = None
    """None: DaemonSet when `per_node`, StatefulSet when it has volumes, else Deployment."""


@dataclass(frozen=True, kw_only=True)
class NodeNames:
    """A set of nodes: how many, and the first few by name."""

    total: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: list[str]) -> NodeNames:
        return cls(total=len(names), examples=tuple(sorted(names)[:EXAMPLES]))


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One reason for which some nodes refuse a pod.

    A node counts for its first obstacle; only a lack of resources can count twice (`cpu`,
    `memory`), as the scheduler's own message does.
    """

    kind: CauseKind
    key: str = ""
    """The taint's key, or the selector's `label=value`; else empty."""
    nodes: NodeNames


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Pods of one component that found no node."""

    component: str
    pods: int
    """How many found none."""
    wanted: int
    """How many there should be."""
    per_node: bool
    cpu: int
    """Request of one such pod, defaults of the namespace included."""
    memory: int
    causes: tuple[Cause, ...]
    """For replicas: all nodes. Per node: only the nodes that miss their pod."""
    fragmented: bool
    """True when the free resources of the nodes that admit the pods would do together, but no
    single node has enough left."""
    free: Amount
    """Sum left on the nodes that admit such pods, after what of the tool could be placed."""
    nearest: str
    """The admitting node that lacks least; empty when no node admits such pods."""
    nearest_free: Amount
    """What is left on it, after what of the tool could be placed; never below zero."""


@dataclass(frozen=True, kw_only=True)
class QuotaFailure:
    """A ResourceQuota that refuses pods or objects of the tool.

    `exceeded`: `used + wanted` is more than `hard`. `undeclared`: the quota insists on a request
    or limit that `components` do not declare, and no LimitRange of the namespace fills it in.
    Numbers are in the resource's unit: millicores, bytes or a count.
    """

    quota: str
    namespace: str
    resource: str
    reason: Literal["exceeded", "undeclared"]
    hard: int
    used: int
    wanted: int
    components: tuple[str, ...]
    """Those that ask for it, or those that do not declare it."""


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where the pods of one component went."""

    component: str
    nodes: tuple[str, ...]
    """One name per pod, sorted; for a per-node component only the first few."""
    total: int


@dataclass(frozen=True, kw_only=True)
class Fit:
    """What the simulation found; one placement per demand, in their order."""

    fits: bool
    placements: tuple[Placement, ...]
    failures: tuple[Failure, ...] = ()
    quotas: tuple[QuotaFailure, ...] = ()

    @property
    def fragmented(self) -> bool:
        """True when fragmentation is the obstacle of at least one component."""
        return any(failure.fragmented for failure in self.failures)


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """Totals over the nodes that take an ordinary pod, and why the others do not."""

    nodes: int
    """Usable nodes."""
    allocatable: Amount
    requested: Amount
    free: Amount
    """What is left node by node; an overcommitted node counts as zero, not below."""
    used: Amount | None
    """Measured use; None unless every usable node has metrics."""
    unusable: tuple[Cause, ...]


@dataclass(frozen=True, kw_only=True)
class LossReport:
    """What the loss of one node would mean for a tool that fits now."""

    applicable: bool
    """False when the tool does not fit anyway, or the cluster is one node and is lost with it."""
    breaking: tuple[str, ...] = ()
    """Nodes without which the tool's pods no longer fit, by name."""
    crowded: NodeNames = NodeNames()
    """Nodes whose loss leaves too little room in total for the tool and their own pods."""


@dataclass(frozen=True, kw_only=True)
class QuotaRaise:
    """A new hard limit for one resource of a quota, in the resource's unit."""

    quota: str
    namespace: str
    resource: str
    hard: int
    to: int


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the cluster, or of the tool's settings, after which the tool fits.

    raise-quota   `quotas`: all new limits
    declare       `components` declare `resources` (`requests.cpu`, `limits.memory`, ...), each
                  with the numbers that were simulated
    uncordon      `node`
    free          `amount` less requested on `node`; `pods` is zero unless slots lack
    add-nodes     `count` empty nodes with the labels, taints and allocatable of `node`,
                  which is `amount`
    """

    kind: Literal["raise-quota", "declare", "uncordon", "free", "add-nodes"]
    node: str = ""
    amount: Amount = NOTHING
    count: int = 0
    quotas: tuple[QuotaRaise, ...] = ()
    components: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
