"""Partial views of what a cluster offers to workloads: storage, quotas, network, definitions (D1).

The rules of `objects` hold here as well: what is not named is never decoded.
"""

from __future__ import annotations

import msgspec

from mas.kubernetes.objects import Meta, Quantities, View


class DefaultAnnotations(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Marks of a default StorageClass, today's and the old one."""

    current: str | None = msgspec.field(
        name="storageclass.kubernetes.io/is-default-class", default=None
    )
    beta: str | None = msgspec.field(
        name="storageclass.beta.kubernetes.io/is-default-class", default=None
    )


class ClassMeta(View, frozen=True, kw_only=True):
    """A StorageClass's name and default mark."""

    name: str = ""
    annotations: DefaultAnnotations | None = None


class StorageClass(View, frozen=True, kw_only=True):
    """storage.k8s.io StorageClass."""

    metadata: ClassMeta = ClassMeta()
    provisioner: str = ""


class Phase(View, frozen=True, kw_only=True):
    """`status.phase`."""

    phase: str | None = None


class VolumeSpec(View, frozen=True, kw_only=True):
    """What a PersistentVolume offers."""

    storage_class_name: str | None = None
    capacity: Quantities | None = None


class PersistentVolume(View, frozen=True, kw_only=True):
    """v1 PersistentVolume."""

    metadata: Meta = Meta()
    spec: VolumeSpec | None = None
    status: Phase | None = None


class PersistentVolumeClaim(View, frozen=True, kw_only=True):
    """v1 PersistentVolumeClaim."""

    metadata: Meta = Meta()
    status: Phase | None = None


class QuotaSpec(View, frozen=True, kw_only=True):
    """Limits of a quota and what narrows it."""

    hard: Quantities | None = None
    scopes: tuple[str, ...] | None = None
    scope_selector: msgspec.Raw | None = None


class QuotaStatus(View, frozen=True, kw_only=True):
    """What a quota counts."""

    hard: Quantities | None = None
    used: Quantities | None = None


class ResourceQuota(View, frozen=True, kw_only=True):
    """v1 ResourceQuota."""

    metadata: Meta = Meta()
    spec: QuotaSpec | None = None
    status: QuotaStatus | None = None


class LimitItem(View, frozen=True, kw_only=True):
    """One entry of `spec.limits` of a LimitRange."""

    type: str = ""
    default: Quantities | None = None
    default_request: Quantities | None = None


class LimitSpec(View, frozen=True, kw_only=True):
    """Entries of a LimitRange."""

    limits: tuple[LimitItem, ...] | None = None


class LimitRange(View, frozen=True, kw_only=True):
    """v1 LimitRange."""

    metadata: Meta = Meta()
    spec: LimitSpec | None = None


class CrdNames(View, frozen=True, kw_only=True):
    """Names of a custom resource."""

    kind: str = ""
    plural: str = ""


class CrdVersion(View, frozen=True, kw_only=True):
    """One version of a custom resource, without its schema."""

    name: str = ""
    served: bool = True
    storage: bool = False


class CrdSpec(View, frozen=True, kw_only=True):
    """What a definition defines."""

    group: str = ""
    names: CrdNames = CrdNames()
    versions: tuple[CrdVersion, ...] | None = None


class CustomResourceDefinition(View, frozen=True, kw_only=True):
    """apiextensions.k8s.io CustomResourceDefinition."""

    metadata: Meta = Meta()
    spec: CrdSpec = CrdSpec()


class ServiceSpec(View, frozen=True, kw_only=True):
    """Type of a Service."""

    type: str | None = None
    load_balancer_class: str | None = None


class Address(View, frozen=True, kw_only=True):
    """One address of a load balancer."""

    ip: str | None = None
    hostname: str | None = None


class LoadBalancerStatus(View, frozen=True, kw_only=True):
    """Addresses given so far."""

    ingress: tuple[Address, ...] | None = None


class ServiceStatus(View, frozen=True, kw_only=True):
    """Status of a Service."""

    load_balancer: LoadBalancerStatus | None = None


class Service(View, frozen=True, kw_only=True):
    """v1 Service."""

    metadata: Meta = Meta()
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class IngressTls(View, frozen=True, kw_only=True):
    """One entry of `spec.tls`; only its presence counts."""


class IngressSpec(View, frozen=True, kw_only=True):
    """Whether an Ingress asks for certificates."""

    tls: tuple[IngressTls, ...] | None = None


class Ingress(View, frozen=True, kw_only=True):
    """networking.k8s.io Ingress."""

    metadata: Meta = Meta()
    spec: IngressSpec | None = None
