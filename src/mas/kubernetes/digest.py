"""One pass over the objects of a cluster: what is kept is small, what is dropped is counted.

`DigestBuilder` is a `Sink`; `read_cluster` is the whole way from a source to a `Cluster` (D1, D10).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from mas.kubernetes import cluster, nodes, objects, platform_objects
from mas.kubernetes.kinds import APPLICATION_KINDS, BUILT_IN_GROUPS, KINDS, METRICS_GROUP, Kind
from mas.kubernetes.source import ClusterSource, Notes, Raw
from mas.kubernetes.tally import Tally
from mas.kubernetes.workloads import WorkloadCollector

MAX_LOAD_BALANCERS = 50
_MAX_DEPTH = 8
_HEAD = re.compile(
    rb'\s*\{\s*"(apiVersion|kind)"\s*:\s*"([^"\\]*)"\s*,'
    rb'\s*"(apiVersion|kind)"\s*:\s*"([^"\\]*)"\s*[,}]'
)
_HEAD_DECODER = msgspec.json.Decoder(objects.Head)
_NAMED = msgspec.json.Decoder(objects.Named)
_POD_OR_WORKLOAD = frozenset(
    {
        "pods",
        "deployments",
        "statefulsets",
        "daemonsets",
        "replicasets",
        "replicationcontrollers",
    }
)
_FINISHED = frozenset({"Complete", "Failed"})


async def read_cluster(
    source: ClusterSource, *, interesting: Callable[[str], bool], read_at: str
) -> cluster.Cluster:
    """Read a whole cluster into its digest.

    Args:
        source: A snapshot file or a live cluster.
        interesting: Whether workloads with this image are kept with details.
        read_at: Time of reading for the evidence, ISO 8601 in UTC.

    Raises:
        UserError: The source cannot be used as it is.
        Transient: The server is out of reach.
    """
    builder = DigestBuilder(interesting=interesting)
    notes = await source.read(builder)
    return builder.finish(notes, source=source.kind, name=source.name, read_at=read_at)


class DigestBuilder:
    """Takes objects in any order and makes the digest at the end."""

    def __init__(self, *, interesting: Callable[[str], bool]) -> None:
        self._workloads = WorkloadCollector(interesting)
        self._nodes: list[cluster.Node] = []
        self._used: dict[str, objects.Quantities] = {}
        self._namespaces: set[str] = set()
        self._seen_namespaces: set[str] = set()
        self._storage: list[cluster.StorageClass] = []
        self._volumes: list[cluster.Volume] = []
        self._quotas: list[cluster.Quota] = []
        self._defaults: list[cluster.Defaults] = []
        self._crds: dict[str, dict[str, str]] = defaultdict(dict)
        self._load_balancers: list[cluster.Service] = []
        self._ingress_classes: set[str] = set()
        self._counts = Tally()
        self._custom = Tally()
        self._applications = Tally()
        self._objects = 0
        self._unreadable = 0
        self._handlers = self._table()

    def add(self, raw: Raw, kind: Kind | None = None) -> None:
        """Take one object, or each object of a nested List."""
        if kind is None:
            self._add_unknown(raw, depth=0)
        else:
            self._take(raw, kind.group, kind.kind)

    def finish(self, notes: Notes, *, source: str, name: str, read_at: str) -> cluster.Cluster:
        """The digest of all that was added."""
        version, version_source = nodes.version_of(notes.version, source, self._nodes)
        workloads = self._workloads
        return cluster.Cluster(
            source="live" if source == "live" else "snapshot",
            name=name,
            read_at=read_at,
            version=version,
            version_source=version_source,
            forbidden=tuple(sorted(notes.forbidden)),
            unread=_unread(notes),
            unreadable=self._unreadable,
            objects=self._objects,
            nodes=tuple(self._finished_nodes()),
            namespaces=tuple(sorted(self._namespaces or self._seen_namespaces - {""})),
            workload_count=workloads.total,
            workloads_by_namespace=workloads.by_namespace(),
            workloads=workloads.workloads(),
            siblings=workloads.siblings(),
            pod_count=workloads.live_pods,
            workloads_read=workloads.seen_any or bool(_POD_OR_WORKLOAD & (notes.kinds or set())),
            storage_classes=tuple(sorted(self._storage, key=lambda one: one.name)),
            volumes=tuple(sorted(self._volumes, key=lambda one: one.name)),
            quotas=tuple(sorted(self._quotas, key=lambda one: (one.namespace, one.name))),
            defaults=tuple(sorted(self._defaults, key=lambda one: (one.namespace, one.name))),
            crds=tuple(
                cluster.CrdGroup(
                    group=group,
                    kinds=tuple(sorted(names)),
                    names=tuple(names[kind] for kind in sorted(names)),
                )
                for group, names in sorted(self._crds.items())
            ),
            custom=self._custom.samples(),
            load_balancers=tuple(
                sorted(self._load_balancers, key=lambda one: (one.namespace, one.name))
            ),
            applications=self._applications.samples(),
            ingress_classes=tuple(sorted(self._ingress_classes)),
            counts=self._counts.samples(),
        )

    def _add_unknown(self, raw: Raw, *, depth: int, default: tuple[str, str] = ("", "")) -> None:
        """Take an object that says itself what it is; `default` is what its list says."""
        match = _HEAD.match(raw)
        if match and match[1] != match[3]:
            first, second = match[2].decode(errors="replace"), match[4].decode(errors="replace")
            version, kind = (first, second) if match[1] == b"apiVersion" else (second, first)
            if not kind.endswith("List"):
                self._take(raw, _group(version), kind)
                return
        try:
            head = _HEAD_DECODER.decode(raw)
        except (ValueError, RecursionError):
            self._objects += 1
            self._unreadable += 1
            return
        if head.items is not None and head.kind.endswith("List") and depth < _MAX_DEPTH:
            inner = (head.api_version, head.kind.removesuffix("List"))
            for item in head.items:
                self._add_unknown(item, depth=depth + 1, default=inner)
            return
        version, kind = (head.api_version, head.kind) if head.kind else default
        self._take(raw, _group(version), kind)

    def _take(self, raw: Raw, group: str, kind: str) -> None:
        self._objects += 1
        if kind == "Secret" and not group:
            self._counts.add_text("secrets-skipped", "Secret")
            return
        found = self._handlers.get((group, kind))
        try:
            if not kind:
                raise ValueError("an object without a kind")
            if found is not None:
                decoder, handler = found
                handler(decoder.decode(raw))
            elif group not in BUILT_IN_GROUPS:
                self._add_custom(_NAMED.decode(raw), group, kind)
        # ValidationError, DecodeError and UnicodeDecodeError are ValueErrors.
        except (ValueError, RecursionError):
            self._unreadable += 1

    def _table(self) -> dict[tuple[str, str], tuple[Any, Callable[[Any], None]]]:
        """Decoder and handler by API group and kind."""
        table: dict[tuple[str, str], tuple[type[Any], Callable[[Any], None]]] = {
            ("", "Node"): (objects.Node, self._add_node),
            ("", "Namespace"): (
                objects.Named,
                lambda one: self._namespaces.add(one.metadata.name),
            ),
            ("", "Pod"): (objects.Pod, self._add_pod),
            (METRICS_GROUP, "NodeMetrics"): (objects.NodeMetrics, self._add_use),
            ("batch", "Job"): (objects.Job, self._add_job),
            ("apiextensions.k8s.io", "CustomResourceDefinition"): (
                platform_objects.CustomResourceDefinition,
                self._add_definition,
            ),
            ("storage.k8s.io", "StorageClass"): (platform_objects.StorageClass, self._add_class),
            ("", "PersistentVolume"): (platform_objects.PersistentVolume, self._add_volume),
            ("", "PersistentVolumeClaim"): (
                platform_objects.PersistentVolumeClaim,
                self._add_claim,
            ),
            ("", "ResourceQuota"): (platform_objects.ResourceQuota, self._add_quota),
            ("", "LimitRange"): (platform_objects.LimitRange, self._add_limits),
            ("", "Service"): (platform_objects.Service, self._add_service),
            ("networking.k8s.io", "Ingress"): (platform_objects.Ingress, self._add_ingress),
            ("extensions", "Ingress"): (platform_objects.Ingress, self._add_ingress),
            ("networking.k8s.io", "IngressClass"): (
                objects.Named,
                lambda one: self._ingress_classes.add(one.metadata.name),
            ),
        }
        for group, kind in (
            ("apps", "Deployment"),
            ("apps", "StatefulSet"),
            ("apps", "DaemonSet"),
            ("apps", "ReplicaSet"),
            ("extensions", "Deployment"),
            ("extensions", "DaemonSet"),
            ("", "ReplicationController"),
        ):
            table[group, kind] = (objects.Workload, self._adder_of(kind))
        for group, kind, name in (
            ("batch", "CronJob", "cron-jobs"),
            ("autoscaling", "HorizontalPodAutoscaler", "autoscalers"),
            ("networking.k8s.io", "NetworkPolicy", "network-policies"),
        ):
            table[group, kind] = (objects.Named, self._counter_of(name, kind))
        return {key: (msgspec.json.Decoder(view), add) for key, (view, add) in table.items()}

    def _adder_of(self, kind: str) -> Callable[[objects.Workload], None]:
        def add(view: objects.Workload) -> None:
            self._seen_namespaces.add(view.metadata.namespace or "")
            self._workloads.add_workload(kind, view)

        return add

    def _counter_of(self, name: str, kind: str) -> Callable[[objects.Named], None]:
        return lambda view: self._counts.add(name, kind, view.metadata)

    def _add_node(self, view: objects.Node) -> None:
        self._nodes.append(nodes.to_node(view))

    def _add_use(self, view: objects.NodeMetrics) -> None:
        usage = view.usage or {}
        nodes.to_amount(usage)
        self._used[view.metadata.name] = usage

    def _add_pod(self, view: objects.Pod) -> None:
        self._seen_namespaces.add(view.metadata.namespace or "")
        if self._workloads.add_pod(view):
            self._counts.add("evicted-pods", "Pod", view.metadata)

    def _add_job(self, view: objects.Job) -> None:
        conditions = (view.status.conditions if view.status else None) or ()
        if any(one.type in _FINISHED and one.status == "True" for one in conditions):
            self._counts.add("finished-jobs", "Job", view.metadata)

    def _add_definition(self, view: platform_objects.CustomResourceDefinition) -> None:
        if view.spec.group and view.spec.names.kind:
            self._crds[view.spec.group][view.spec.names.kind] = view.metadata.name

    def _add_class(self, view: platform_objects.StorageClass) -> None:
        marks = view.metadata.annotations
        field = ""
        for info in msgspec.structs.fields(platform_objects.DefaultAnnotations):
            if marks is not None and getattr(marks, info.name) == "true":
                field = nodes.annotation_path(info.encode_name)
                break
        self._storage.append(
            cluster.StorageClass(
                name=view.metadata.name,
                provisioner=view.provisioner,
                default=bool(field),
                default_field=field,
            )
        )

    def _add_volume(self, view: platform_objects.PersistentVolume) -> None:
        if view.status is None or view.status.phase != "Available":
            return
        spec = view.spec
        self._volumes.append(
            cluster.Volume(
                name=view.metadata.name,
                storage_class=(spec.storage_class_name if spec else None) or "",
                capacity=str(((spec.capacity if spec else None) or {}).get("storage", "")),
            )
        )

    def _add_claim(self, view: platform_objects.PersistentVolumeClaim) -> None:
        self._counts.add("claims", "PersistentVolumeClaim", view.metadata)
        if view.status is not None and view.status.phase == "Pending":
            self._counts.add("claims-pending", "PersistentVolumeClaim", view.metadata)

    def _add_quota(self, view: platform_objects.ResourceQuota) -> None:
        spec = view.spec or platform_objects.QuotaSpec()
        status = view.status or platform_objects.QuotaStatus()
        self._quotas.append(
            cluster.Quota(
                namespace=view.metadata.namespace or "",
                name=view.metadata.name,
                hard=_texts(spec.hard or status.hard),
                used=_texts(status.used),
                scoped=bool(spec.scopes) or _present(spec.scope_selector),
            )
        )

    def _add_limits(self, view: platform_objects.LimitRange) -> None:
        for item in (view.spec.limits if view.spec else None) or ():
            if item.type == "Container" and (item.default or item.default_request):
                limits = _texts(item.default)
                self._defaults.append(
                    cluster.Defaults(
                        namespace=view.metadata.namespace or "",
                        name=view.metadata.name,
                        # A default limit without a default request is the request as well.
                        requests=limits | _texts(item.default_request),
                        limits=limits,
                    )
                )

    def _add_service(self, view: platform_objects.Service) -> None:
        self._counts.add("services", "Service", view.metadata)
        if view.spec is None or view.spec.type != "LoadBalancer":
            return
        self._counts.add("load-balancers", "Service", view.metadata)
        field, address = _address(view.status)
        if not field:
            self._counts.add("load-balancers-pending", "Service", view.metadata)
        if len(self._load_balancers) < MAX_LOAD_BALANCERS:
            self._load_balancers.append(
                cluster.Service(
                    namespace=view.metadata.namespace or "",
                    name=view.metadata.name,
                    load_balancer_class=view.spec.load_balancer_class or "",
                    address_field=field,
                    address=address,
                )
            )

    def _add_ingress(self, view: platform_objects.Ingress) -> None:
        self._counts.add("ingresses", "Ingress", view.metadata)
        if view.spec is not None and view.spec.tls:
            self._counts.add("ingresses-with-tls", "Ingress", view.metadata)

    def _add_custom(self, view: objects.Named, group: str, kind: str) -> None:
        self._custom.add(f"{group}/{kind}", kind, view.metadata)
        application = APPLICATION_KINDS.get((group, kind))
        if application:
            self._applications.add(application, kind, view.metadata)

    def _finished_nodes(self) -> list[cluster.Node]:
        """The nodes with what is asked of them and what they use."""
        return [
            msgspec.structs.replace(
                node,
                requested=self._workloads.requested(node.name),
                used=None if used is None else nodes.to_amount(used),
                used_text=nodes.to_texts(used),
            )
            for node in sorted(self._nodes, key=lambda one: one.name)
            for used in (self._used.get(node.name),)
        ]


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _unread(notes: Notes) -> tuple[str, ...]:
    """Kinds that a decision looks at and that the source did not try to read."""
    if notes.kinds is None:
        return ()
    wanted = {kind.name for kind in KINDS if kind.decides}
    return tuple(sorted(wanted - notes.kinds - notes.forbidden))


def _texts(quantities: objects.Quantities | None) -> dict[str, str]:
    return {name: str(value) for name, value in (quantities or {}).items()}


def _present(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(raw).strip() not in (b"", b"null", b"{}")


def _address(status: platform_objects.ServiceStatus | None) -> tuple[str, str]:
    """Path and text of the first address of a load balancer; empty when it has none."""
    given = (status.load_balancer.ingress if status and status.load_balancer else None) or ()
    for index, one in enumerate(given):
        for name, value in (("ip", one.ip), ("hostname", one.hostname)):
            if value:
                return f"status.loadBalancer.ingress[{index}].{name}", value
    return "", ""
