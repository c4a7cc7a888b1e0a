"""The kinds of objects that are read, and their names in requests, annotations and permissions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

METRICS_GROUP = "metrics.k8s.io"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of object.

    `versions` are tried in this order when reading live; a cluster that has none of them simply
    has no such objects. `decides` is False when a decision never looks at it.
    """

    group: str
    kind: str
    plural: str
    versions: tuple[str, ...] = ("v1",)
    namespaced: bool = True
    decides: bool = True
    names_only: bool = False
    """True when only names count: then the server is asked for metadata alone."""

    @property
    def name(self) -> str:
        """Plural name; with its group where the plain name means another kind or is custom."""
        plain = self.group in _PLAIN_GROUPS
        return self.plural if plain else f"{self.plural}.{self.group}"

    def path(self, version: str) -> str:
        """API path of the list over all namespaces."""
        root = f"/apis/{self.group}" if self.group else "/api"
        return f"{root}/{version}/{self.plural}"


_PLAIN_GROUPS = frozenset(
    {
        "",
        "apps",
        "batch",
        "autoscaling",
        "networking.k8s.io",
        "storage.k8s.io",
        "apiextensions.k8s.io",
    }
)

BUILT_IN_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "custom.metrics.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "external.metrics.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        METRICS_GROUP,
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    }
)
"""API groups of Kubernetes itself; objects of all others are custom resources."""

WORKLOAD_KINDS = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
}
"""Plain workloads, with their plural names: what people count as running software."""

APPLICATION_KINDS = {
    ("argoproj.io", "Application"): "argo-cd",
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): "flux",
    ("helm.toolkit.fluxcd.io", "HelmRelease"): "flux",
}

KINDS: tuple[Kind, ...] = (
    Kind(group="", kind="Node", plural="nodes", namespaced=False),
    Kind(group="", kind="Namespace", plural="namespaces", namespaced=False, names_only=True),
    Kind(
        group="apiextensions.k8s.io",
        kind="CustomResourceDefinition",
        plural="customresourcedefinitions",
        namespaced=False,
    ),
    Kind(group="apps", kind="Deployment", plural="deployments"),
    Kind(group="apps", kind="StatefulSet", plural="statefulsets"),
    Kind(group="apps", kind="DaemonSet", plural="daemonsets"),
    Kind(group="apps", kind="ReplicaSet", plural="replicasets"),
    Kind(group="", kind="ReplicationController", plural="replicationcontrollers"),
    Kind(group="batch", kind="Job", plural="jobs"),
    Kind(group="batch", kind="CronJob", plural="cronjobs"),
    Kind(group="", kind="Pod", plural="pods"),
    Kind(group="storage.k8s.io", kind="StorageClass", plural="storageclasses", namespaced=False),
    Kind(
        group="storage.k8s.io",
        kind="CSIDriver",
        plural="csidrivers",
        namespaced=False,
        decides=False,
    ),
    Kind(group="", kind="PersistentVolume", plural="persistentvolumes", namespaced=False),
    Kind(group="", kind="PersistentVolumeClaim", plural="persistentvolumeclaims"),
    Kind(group="", kind="ResourceQuota", plural="resourcequotas"),
    Kind(group="", kind="LimitRange", plural="limitranges"),
    Kind(group="", kind="Service", plural="services"),
    Kind(group="networking.k8s.io", kind="Ingress", plural="ingresses"),
    Kind(
        group="networking.k8s.io",
        kind="IngressClass",
        plural="ingressclasses",
        namespaced=False,
    ),
    Kind(group="networking.k8s.io", kind="NetworkPolicy", plural="networkpolicies"),
    Kind(
        group="autoscaling",
        kind="HorizontalPodAutoscaler",
        plural="horizontalpodautoscalers",
        versions=("v2", "v1"),
    ),
    Kind(
        group=METRICS_GROUP,
        kind="NodeMetrics",
        plural="nodes",
        versions=("v1beta1",),
        namespaced=False,
    ),
    Kind(
        group=METRICS_GROUP,
        kind="PodMetrics",
        plural="pods",
        versions=("v1beta1",),
        decides=False,
    ),
    Kind(
        group="argoproj.io",
        kind="Application",
        plural="applications",
        versions=("v1alpha1",),
        names_only=True,
    ),
    Kind(
        group="kustomize.toolkit.fluxcd.io",
        kind="Kustomization",
        plural="kustomizations",
        versions=("v1", "v1beta2"),
        names_only=True,
    ),
    Kind(
        group="helm.toolkit.fluxcd.io",
        kind="HelmRelease",
        plural="helmreleases",
        versions=("v2", "v2beta2", "v2beta1"),
        names_only=True,
    ),
)
"""In the order in which they are read. Secrets and ConfigMaps are not among them."""

_BY_NAME = {
    alias.lower(): kind.name
    for kind in reversed(KINDS)
    for alias in (kind.name, f"{kind.plural}.{kind.group}", kind.kind)
}
_SEPARATORS = re.compile(r"[,\s]+")


def canonical_name(text: str) -> str:
    """The one spelling of a kind's name: `deployments.apps` and `Deployment` → `deployments`."""
    return _BY_NAME.get(text.strip().lower(), text.strip().lower())


def parse_names(text: str | None) -> frozenset[str]:
    """Names of kinds in an annotation, comma-separated; `v1`-like core groups need none."""
    return frozenset(canonical_name(part) for part in _SEPARATORS.split(text or "") if part)


def join_names(names: Iterable[str]) -> str:
    """Names of kinds as an annotation holds them."""
    return ",".join(sorted(names))


def by_name(text: str) -> Kind | None:
    """The known kind of this name, in any of its spellings."""
    return _KINDS_BY_NAME.get(canonical_name(text))


_KINDS_BY_NAME = {kind.name: kind for kind in KINDS}
