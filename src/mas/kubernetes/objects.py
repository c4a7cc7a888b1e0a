"""Partial views of Kubernetes objects: the fields that are used, and nothing else (D1).

Decoding skips every field that is not named here, so values of environment variables and the
data of Secrets and ConfigMaps are never turned into Python objects. A field of the wrong type
raises `msgspec.ValidationError` for that one object.
"""

from __future__ import annotations

import msgspec

Quantities = dict[str, str | int | float]


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """Part of an object as an API server returns it."""


class Owner(View, frozen=True, kw_only=True):
    """One entry of `metadata.ownerReferences`."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Meta(View, frozen=True, kw_only=True):
    """Names and labels. Annotations are left out: they may carry whole manifests."""

    name: str = ""
    namespace: str | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[Owner, ...] | None = None
    deletion_timestamp: str | None = None


class Named(View, frozen=True, kw_only=True):
    """Any object of which only the name counts."""

    metadata: Meta = Meta()


class Head(View, frozen=True, kw_only=True):
    """What an object says about its own type; `items` when it is a list."""

    api_version: str = ""
    kind: str = ""
    items: list[msgspec.Raw] | None = None


class ListMeta(View, frozen=True, kw_only=True):
    """Paging marks of a list."""

    continue_: str | None = msgspec.field(name="continue", default=None)


class Page(View, frozen=True, kw_only=True):
    """One page of a list as the API serves it."""

    kind: str = ""
    api_version: str = ""
    metadata: ListMeta | None = None
    items: list[msgspec.Raw] | None = None


class Condition(View, frozen=True, kw_only=True):
    """One entry of `status.conditions`."""

    type: str = ""
    status: str = ""
    reason: str | None = None


# Nodes


class NodeAnnotations(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Annotations by which a pod network makes itself known on a node."""

    flannel: str | None = msgspec.field(name="flannel.alpha.coreos.com/backend-type", default=None)
    calico: str | None = msgspec.field(name="projectcalico.org/IPv4Address", default=None)
    cilium: str | None = msgspec.field(name="network.cilium.io/ipv4-cilium-host", default=None)
    cilium_old: str | None = msgspec.field(name="io.cilium.network.ipv4-cilium-host", default=None)
    antrea: str | None = msgspec.field(name="node.antrea.io/mac-address", default=None)
    ovn: str | None = msgspec.field(name="k8s.ovn.org/node-chassis-id", default=None)
    kube_router: str | None = msgspec.field(name="kube-router.io/pod-cidr", default=None)


class NodeMeta(View, frozen=True, kw_only=True):
    """A node's names, labels and network annotations."""

    name: str = ""
    labels: dict[str, str] | None = None
    annotations: NodeAnnotations | None = None


class NodeTaint(View, frozen=True, kw_only=True):
    """One entry of `spec.taints`."""

    key: str = ""
    effect: str = ""
    value: str | None = None


class NodeSpec(View, frozen=True, kw_only=True):
    """What a node is told."""

    unschedulable: bool | None = None
    taints: tuple[NodeTaint, ...] | None = None
    provider_id: str | None = msgspec.field(name="providerID", default=None)


class NodeInfo(View, frozen=True, kw_only=True):
    """Versions that a node reports."""

    kubelet_version: str = ""


class NodeStatus(View, frozen=True, kw_only=True):
    """What a node reports."""

    allocatable: Quantities | None = None
    conditions: tuple[Condition, ...] | None = None
    node_info: NodeInfo | None = None


class Node(View, frozen=True, kw_only=True):
    """v1 Node."""

    metadata: NodeMeta = NodeMeta()
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class NodeMetrics(View, frozen=True, kw_only=True):
    """metrics.k8s.io NodeMetrics."""

    metadata: Meta = Meta()
    usage: Quantities | None = None


# Pods and their templates


class Resources(View, frozen=True, kw_only=True):
    """Requests of a container or pod; limits stand in for requests that are left out."""

    requests: Quantities | None = None
    limits: Quantities | None = None


class Container(View, frozen=True, kw_only=True):
    """A container without its environment."""

    name: str = ""
    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    resources: Resources | None = None
    restart_policy: str | None = None


class PodSpec(View, frozen=True, kw_only=True):
    """What runs in a pod."""

    node_name: str | None = None
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    overhead: Quantities | None = None
    resources: Resources | None = None


class Waiting(View, frozen=True, kw_only=True):
    """Why a container does not run."""

    reason: str | None = None


class Terminated(View, frozen=True, kw_only=True):
    """How a container ended."""

    reason: str | None = None
    exit_code: int | None = None


class ContainerState(View, frozen=True, kw_only=True):
    """Present state of a container."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(View, frozen=True, kw_only=True):
    """One entry of `status.containerStatuses`."""

    name: str = ""
    ready: bool | None = None
    state: ContainerState | None = None


class PodStatus(View, frozen=True, kw_only=True):
    """How a pod is."""

    phase: str | None = None
    reason: str | None = None
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None


class Pod(View, frozen=True, kw_only=True):
    """v1 Pod."""

    metadata: Meta = Meta()
    spec: PodSpec | None = None
    status: PodStatus | None = None


class PodTemplate(View, frozen=True, kw_only=True):
    """`spec.template` of a workload."""

    metadata: Meta | None = None
    spec: PodSpec | None = None


class WorkloadSpec(View, frozen=True, kw_only=True):
    """What a workload wants."""

    replicas: int | None = None
    template: PodTemplate | None = None


class WorkloadStatus(View, frozen=True, kw_only=True):
    """How a workload is; each kind fills its own fields."""

    replicas: int | None = None
    ready_replicas: int | None = None
    available_replicas: int | None = None
    unavailable_replicas: int | None = None
    updated_replicas: int | None = None
    observed_generation: int | None = None
    desired_number_scheduled: int | None = None
    current_number_scheduled: int | None = None
    number_ready: int | None = None
    number_available: int | None = None
    number_unavailable: int | None = None


class Workload(View, frozen=True, kw_only=True):
    """Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController."""

    metadata: Meta = Meta()
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class JobStatus(View, frozen=True, kw_only=True):
    """How a Job is."""

    conditions: tuple[Condition, ...] | None = None


class Job(View, frozen=True, kw_only=True):
    """batch/v1 Job."""

    metadata: Meta = Meta()
    status: JobStatus | None = None
