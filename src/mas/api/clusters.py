"""`/api/clusters` and `/api/cluster`: what runs in a cluster and what it has left (U3, D1, D4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from mas.api.roles import READS
from mas.api.shapes import Shape
from mas.app.choices import cluster_choices
from mas.app.inspection import Room, Survey, look_at, room_in
from mas.core.errors import UserError
from mas.http.caller import Caller, TheCaller
from mas.http.problems import PROBLEMS
from mas.http.world import TheWorld, World
from mas.kubernetes.capacity import CauseKind
from mas.kubernetes.cluster import Amount
from mas.kubernetes.health import FaultCode, Health

router = APIRouter(prefix="/api", tags=["clusters"], responses=PROBLEMS)

ClusterName = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None,
    Query(
        description="Context of the server's kubeconfig; with the role operator also a snapshot "
        "file on the server. None: the current context.",
    ),
]


class Clusters(Shape):
    """The contexts that a request can name. Nothing of them has been contacted."""

    contexts: list[str]
    current: str | None
    """Taken where none is named."""
    in_cluster: bool
    """The cluster that the server runs in is taken where there is no context."""
    problem: str | None
    """Why the kubeconfig cannot be used."""


class FaultItem(Shape):
    """One thing that is wrong, and where it stands."""

    code: FaultCode
    object: str
    field: str
    value: str


class ToolItem(Shape):
    """One installation of a tool."""

    tool: str
    name: str
    namespace: str
    version: str | None
    health: Health
    objects: list[str]
    faults: list[FaultItem]


class LeftItem(Shape):
    """Custom resource definitions without their tool."""

    tool: str
    names: list[str]


class InventoryItem(Shape):
    """What runs in a cluster."""

    cluster: str
    version: str | None
    read_at: str
    nodes: int
    applications: int
    unreadable: list[str]
    """Kinds that the account may not list."""
    tools: list[ToolItem]
    left_over: list[LeftItem]


class AmountItem(Shape):
    """Resources."""

    cpu_millicores: int
    memory_bytes: int
    pods: int


class NodeItem(Shape):
    """A node and what is taken of it."""

    name: str
    control_plane: bool
    ready: bool
    cordoned: bool
    allocatable: AmountItem
    requested: AmountItem


class PlacementItem(Shape):
    """Where the pods of one component would go."""

    component: str
    total: int
    nodes: list[str]
    """One name per pod; of a component with a pod on each node only the first few."""


class CauseItem(Shape):
    """Why some nodes do not take a pod."""

    kind: CauseKind
    key: str
    nodes: int
    examples: list[str]


class MissItem(Shape):
    """Pods of one component that find no node."""

    component: str
    pods: int
    wanted: int
    causes: list[CauseItem]
    fragmented: bool
    """What is free would do together, but no single node has enough."""


class QuotaItem(Shape):
    """A quota that refuses pods or objects."""

    quota: str
    namespace: str
    resource: str
    reason: str
    """`exceeded`, or `undeclared`: pods do not declare what the quota insists on."""
    hard: int
    used: int
    wanted: int
    components: list[str]


class FitItem(Shape):
    """Whether and how the pods of a tool would be placed."""

    tool: str
    fits: bool
    placements: list[PlacementItem]
    failures: list[MissItem]
    quotas: list[QuotaItem]


class Capacity(Shape):
    """What the nodes have left."""

    cluster: str
    usable_nodes: int
    allocatable: AmountItem
    requested: AmountItem
    free: AmountItem
    nodes: list[NodeItem]
    fit: FitItem | None
    """With `tool`."""


@router.get(
    "/clusters",
    operation_id="list_clusters",
    dependencies=READS,
    summary="Clusters to choose from",
    response_model=Clusters,
)
async def clusters(world: TheWorld) -> Any:
    """What the kubeconfig of the server names."""
    found = await cluster_choices(world.settings.environment)
    return Clusters(
        contexts=list(found.contexts),
        current=found.current,
        in_cluster=found.in_cluster,
        problem=world.mask(found.problem) or None,
    )


@router.get(
    "/cluster",
    operation_id="cluster_inventory",
    dependencies=READS,
    summary="What runs in a cluster",
    response_model=InventoryItem,
)
async def inventory(world: TheWorld, caller: TheCaller, name: ClusterName = None) -> Any:
    """Read a cluster now, and find the tools of the catalog in it."""
    await _check_name(world, caller, name)
    return _inventory(await look_at(world.settings, name))


@router.get(
    "/cluster/capacity",
    operation_id="cluster_capacity",
    dependencies=READS,
    summary="What a cluster has left",
    response_model=Capacity,
)
async def capacity(
    world: TheWorld,
    caller: TheCaller,
    name: ClusterName = None,
    tool: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=100)] | None,
        Query(description="Simulate the scheduling of this tool of the catalog."),
    ] = None,
) -> Any:
    """Read a cluster now; with a tool, simulate where its pods would go."""
    await _check_name(world, caller, name)
    return _capacity(await room_in(world.settings, name, tool))


async def _check_name(world: World, caller: Caller, name: str | None) -> None:
    """Whoever may only read names what is offered, and does not look for files of the server."""
    if name is None or caller.actor.may("operator"):
        return
    if name not in (await cluster_choices(world.settings.environment)).contexts:
        raise UserError(
            "There is no context of this name to choose from.",
            hint="GET /api/clusters lists them; a file needs the role operator.",
            code="forbidden",
        )


def _inventory(found: Survey) -> InventoryItem:
    cluster = found.cluster
    return InventoryItem(
        cluster=cluster.name,
        version=cluster.version or None,
        read_at=cluster.read_at,
        nodes=len(cluster.nodes),
        applications=found.inventory.applications,
        unreadable=sorted({*cluster.forbidden, *cluster.unread}),
        tools=[
            ToolItem(
                tool=one.tool.id,
                name=one.tool.name,
                namespace=one.namespace,
                version=one.version,
                health=one.health,
                objects=[part.object for part in one.parts],
                faults=[
                    FaultItem(
                        code=fault.code, object=fault.object, field=fault.field, value=fault.value
                    )
                    for fault in one.faults
                ],
            )
            for one in found.inventory.installations
        ],
        left_over=[
            LeftItem(tool=id_, names=list(left.names))
            for id_, left in found.inventory.left_over.items()
        ],
    )


def _capacity(room: Room) -> Capacity:
    return Capacity(
        cluster=room.cluster.name,
        usable_nodes=room.headroom.nodes,
        allocatable=_amount(room.headroom.allocatable),
        requested=_amount(room.headroom.requested),
        free=_amount(room.headroom.free),
        nodes=[
            NodeItem(
                name=node.name,
                control_plane=node.control_plane,
                ready=node.ready,
                cordoned=node.unschedulable,
                allocatable=_amount(node.allocatable),
                requested=_amount(node.requested),
            )
            for node in room.cluster.nodes
        ],
        fit=_fit(room),
    )


def _amount(amount: Amount) -> AmountItem:
    return AmountItem(cpu_millicores=amount.cpu, memory_bytes=amount.memory, pods=amount.pods)


def _fit(room: Room) -> FitItem | None:
    if room.tool is None or room.fit is None:
        return None
    fit = room.fit
    return FitItem(
        tool=room.tool.id,
        fits=fit.fits,
        placements=[
            PlacementItem(component=one.component, total=one.total, nodes=list(one.nodes))
            for one in fit.placements
        ],
        failures=[
            MissItem(
                component=one.component,
                pods=one.pods,
                wanted=one.wanted,
                fragmented=one.fragmented,
                causes=[
                    CauseItem(
                        kind=cause.kind,
                        key=cause.key,
                        nodes=cause.nodes.total,
                        examples=list(cause.nodes.examples),
                    )
                    for cause in one.causes
                ],
            )
            for one in fit.failures
        ],
        quotas=[QuotaItem(**asdict(one)) for one in fit.quotas],
    )
