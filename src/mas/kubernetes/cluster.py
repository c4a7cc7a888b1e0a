"""The digest of a cluster: all that later steps need, small, and storable as JSON (D1, D10).

It holds no value of an environment variable, no Secret and no ConfigMap content. Where evidence
cites an object, the text of the field is kept as it stood there.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the digest."""


class Amount(_Part, frozen=True, kw_only=True):
    """Resources in whole units: `cpu` in millicores, `memory` in bytes, `pods` as a count."""

    cpu: int = 0
    memory: int = 0
    pods: int = 0


class Taint(_Part, frozen=True, kw_only=True):
    """A node taint as it stands in `spec.taints`."""

    key: str
    effect: str
    value: str = ""


class Node(_Part, frozen=True, kw_only=True):
    """One node with what it offers and what is already asked of it."""

    name: str
    control_plane: bool = False
    ready: bool = True
    ready_text: str = "True"
    """`status` of the `Ready` condition as it stands there."""
    ready_index: int = 0
    """Index of that condition in `status.conditions`; -1 when the node has none."""
    unschedulable: bool = False
    kubelet: str = ""
    provider_id: str = ""
    taints: tuple[Taint, ...] = ()
    labels: dict[str, str] = {}
    cni: str = ""
    """Name of the pod network that the node's annotations tell of (`flannel`, `calico`), if any."""
    cni_field: str = ""
    """Path of that annotation."""
    cni_value: str = ""
    allocatable: Amount = Amount()
    allocatable_text: dict[str, str] = {}
    """`cpu`, `memory`, `pods` as they stand in `status.allocatable`."""
    requested: Amount = Amount()
    used: Amount | None = None
    """Measured use; None without metrics."""
    used_text: dict[str, str] = {}


class Container(_Part, frozen=True, kw_only=True):
    """One main container of a pod template (init containers are left out)."""

    name: str
    image: str
    field: str
    """Path of the image in its object, e.g. `spec.template.spec.containers[0].image`."""
    command: tuple[str, ...] = ()
    """`command` and `args` in one; used for recognition only, never shown."""


class Problem(_Part, frozen=True, kw_only=True):
    """A pod that cannot run, as its status says."""

    object: str
    """`Pod/namespace/name`."""
    field: str
    """E.g. `status.containerStatuses[0].state.waiting.reason`."""
    reason: str
    """What stands there: `CrashLoopBackOff`, `ImagePullBackOff`, `Unschedulable`, ..."""
    image: str = ""
    """Image of the container concerned."""


class Workload(_Part, frozen=True, kw_only=True):
    """A controller object (or the pods of one that could not be read) with candidate images."""

    kind: str
    """Deployment, StatefulSet, DaemonSet, ReplicaSet, ..., or Pod for a bare pod."""
    namespace: str
    name: str
    labels: dict[str, str] = {}
    pod_labels: dict[str, str] = {}
    containers: tuple[Container, ...] = ()
    desired: int | None = None
    """Wanted replicas (DaemonSet: desiredNumberScheduled); None when the object says nothing."""
    desired_field: str = ""
    ready: int | None = None
    """Ready replicas by the object's status, else by its pods; None when neither is known."""
    ready_field: str = ""
    """Path whose value `ready` is; empty when the field is absent there (which means zero)."""
    fields: dict[str, str] = {}
    """Further status fields by path, as they stand there, for evidence
    (`status.unavailableReplicas`, `status.replicas`, `status.numberUnavailable`, ...)."""
    pods: int = 0
    """Live pods (not finished, not evicted) that belong to it, as far as pods were read."""
    ready_pods: int = 0
    from_pods: bool = False
    """True when only its pods were seen, not the object itself."""
    evidence_pod: str = ""
    """Name of one of its pods, to cite when the object itself was not read."""
    problems: tuple[Problem, ...] = ()
    """At most five, the total is `problem_count`."""
    problem_count: int = 0


class StorageClass(_Part, frozen=True, kw_only=True):
    """A StorageClass; `default_field` is the path of the annotation that makes it the default."""

    name: str
    provisioner: str = ""
    default: bool = False
    default_field: str = ""


class Quota(_Part, frozen=True, kw_only=True):
    """A ResourceQuota: hard limits and what is used (`status.used`), as texts by resource name."""

    namespace: str
    name: str
    hard: dict[str, str] = {}
    hard_field: str = "spec.hard"
    """Path under which `hard` stands: `spec.hard`, or `status.hard` when there is no other."""
    used: dict[str, str] = {}
    scoped: bool = False
    """True when `spec.scopes` or `spec.scopeSelector` narrow it."""


class Defaults(_Part, frozen=True, kw_only=True):
    """Default container requests and limits of a LimitRange, as texts by resource name."""

    namespace: str
    name: str
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}


class CrdGroup(_Part, frozen=True, kw_only=True):
    """Kinds of one API group that CustomResourceDefinitions define; names of the CRDs alike."""

    group: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    """`metadata.name` of each CRD, in the order of `kinds`."""


class Volume(_Part, frozen=True, kw_only=True):
    """A PersistentVolume that is `Available`."""

    name: str
    storage_class: str = ""
    capacity: str = ""


class Service(_Part, frozen=True, kw_only=True):
    """A Service of type LoadBalancer."""

    namespace: str
    name: str
    load_balancer_class: str = ""
    address_field: str = ""
    """Path of its first assigned address; empty while it has none (pending)."""
    address: str = ""


class Sample(_Part, frozen=True, kw_only=True):
    """A count with the first object that was counted, for demand and totals."""

    count: int = 0
    first: str = ""
    """`Kind/namespace/name` of the first one."""


class Cluster(_Part, frozen=True, kw_only=True):
    """Everything that a decision may look at."""

    source: Literal["snapshot", "live"]
    name: str
    """File name or context."""
    read_at: str
    version: str = ""
    """Control-plane version, `v1.33.6`; empty when nothing tells it."""
    version_source: Literal["server", "annotation", "control-plane-kubelet", "kubelet", "none"] = (
        "none"
    )
    forbidden: tuple[str, ...] = ()
    """Kinds that could not be read, sorted: plural names, with their group for metrics and custom
    kinds (`deployments`, `nodes.metrics.k8s.io`, `applications.argoproj.io`)."""
    unread: tuple[str, ...] = ()
    """Kinds that nobody read (the source lists what it read, and they are not in it), named alike;
    of the kinds that a decision looks at."""
    unreadable: int = 0
    """Objects that were skipped because they did not decode."""
    objects: int = 0
    nodes: tuple[Node, ...] = ()
    namespaces: tuple[str, ...] = ()
    """Of Namespace objects, or of the objects seen when namespaces were not read."""
    workload_count: int = 0
    """Deployments, StatefulSets, DaemonSets and free ReplicaSets in all."""
    workloads_by_namespace: dict[str, int] = {}
    """Count of workloads that are NOT in `workloads`; pods stand for one that was not seen."""
    workloads: tuple[Workload, ...] = ()
    """Candidates: those with an image of interest."""
    siblings: dict[str, int] = {}
    """`namespace|part-of|instance` → count of plain workloads outside `workloads` with these values
    of the labels `app.kubernetes.io/part-of` and `app.kubernetes.io/instance` (either may be empty,
    not both): tells which of them came with a tool. Only where a candidate of the same namespace
    has the same value; all others came with no tool."""
    pod_count: int = 0
    """Live pods."""
    workloads_read: bool = False
    """True when at least one workload kind or pods were read."""
    storage_classes: tuple[StorageClass, ...] = ()
    volumes: tuple[Volume, ...] = ()
    quotas: tuple[Quota, ...] = ()
    defaults: tuple[Defaults, ...] = ()
    crds: tuple[CrdGroup, ...] = ()
    custom: dict[str, Sample] = {}
    """`group/Kind` → custom resources seen."""
    load_balancers: tuple[Service, ...] = ()
    """At most 50; the total is `counts["load-balancers"]`."""
    applications: dict[str, Sample] = {}
    """`argo-cd` and `flux` → Applications, Kustomizations and HelmReleases."""
    ingress_classes: tuple[str, ...] = ()
    counts: dict[str, Sample] = {}
    """Signals: `ingresses`, `ingresses-with-tls`, `claims`, `claims-pending`, `cron-jobs`,
    `autoscalers`, `load-balancers`, `load-balancers-pending`, `services`, `evicted-pods`,
    `finished-jobs`, `network-policies`, `secrets-skipped`."""
