"""Names of kinds as people and models say them, and which are never read (Q3)."""

from __future__ import annotations

from typing import Final

from mas.kubernetes.kinds import BUILT_IN_GROUPS, KINDS, Kind

_SHORT: Final = {
    "po": "pods",
    "deploy": "deployments",
    "sts": "statefulsets",
    "ds": "daemonsets",
    "rs": "replicasets",
    "rc": "replicationcontrollers",
    "svc": "services",
    "ing": "ingresses",
    "no": "nodes",
    "ns": "namespaces",
    "cm": "configmaps",
    "pv": "persistentvolumes",
    "pvc": "persistentvolumeclaims",
    "sc": "storageclasses",
    "hpa": "horizontalpodautoscalers",
    "cj": "cronjobs",
    "crd": "customresourcedefinitions",
    "crds": "customresourcedefinitions",
    "quota": "resourcequotas",
    "limits": "limitranges",
    "netpol": "networkpolicies",
    "ev": "events",
    "ep": "endpoints",
    "sa": "serviceaccounts",
    "pdb": "poddisruptionbudgets",
}
_FURTHER: Final = (
    Kind(group="", kind="Event", plural="events"),
    Kind(group="", kind="ConfigMap", plural="configmaps"),
    Kind(group="", kind="Endpoints", plural="endpoints"),
    Kind(group="", kind="ServiceAccount", plural="serviceaccounts"),
    Kind(group="discovery.k8s.io", kind="EndpointSlice", plural="endpointslices"),
    Kind(group="policy", kind="PodDisruptionBudget", plural="poddisruptionbudgets"),
    Kind(group="rbac.authorization.k8s.io", kind="Role", plural="roles"),
    Kind(group="rbac.authorization.k8s.io", kind="RoleBinding", plural="rolebindings"),
    Kind(
        group="rbac.authorization.k8s.io",
        kind="ClusterRole",
        plural="clusterroles",
        namespaced=False,
    ),
    Kind(
        group="rbac.authorization.k8s.io",
        kind="ClusterRoleBinding",
        plural="clusterrolebindings",
        namespaced=False,
    ),
)


def _names(kind: Kind) -> set[str]:
    full = {f"{kind.plural}.{kind.group}", f"{kind.kind.lower()}.{kind.group}"}
    # `nodes` are those of the core group, not their metrics.
    return full | (set() if kind.group == "metrics.k8s.io" else {kind.plural, kind.kind.lower()})


_KNOWN: Final = {name: kind for kind in reversed((*KINDS, *_FURTHER)) for name in _names(kind)}


def is_secret(name: str) -> bool:
    """Whether a name of a kind means Secrets, however it is spelt."""
    return name.strip().lower().split("/")[-1].split(".")[0] in ("secret", "secrets")


def kind_of(name: str) -> Kind | None:
    """The kind of a name: plural, singular or short, with its API group where it is custom.

    A custom kind is `plural.group`; its versions are left empty, for the server to tell.
    """
    plain = name.strip().lower()
    plain = _SHORT.get(plain, plain)
    if plain in _KNOWN:
        return _KNOWN[plain]
    plural, _, group = plain.partition(".")
    if not plural.isalnum() or "." not in group or group in BUILT_IN_GROUPS:
        return None
    if not all(part.replace("-", "").isalnum() for part in group.split(".")):
        return None
    return Kind(group=group, kind=plural, plural=plural, versions=())


def known_names() -> str:
    """Names to choose from, for a model that has named none of them."""
    return ", ".join(sorted({kind.name for kind in (*KINDS, *_FURTHER)}))
