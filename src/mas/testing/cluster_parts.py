"""Cluster parts that are no node and no running workload, for `testing.clusters`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

from mas.testing import objects
from mas.testing.objects import Object


class ClusterParts(ABC):
    """Adds jobs, definitions, storage, quotas, Services and the like; each returns the builder."""

    @abstractmethod
    def add(self, item: Object) -> Self:
        """Add any object."""

    @abstractmethod
    def pod(
        self,
        namespace: str,
        name: str,
        *images: str,
        owner: tuple[str, str] | None = None,
        phase: str = "Running",
    ) -> Self:
        """Add a single pod."""

    def finished_job(self, namespace: str, name: str, image: str) -> Self:
        """Add a Job that is complete, with its pod."""
        spec = {"containers": [{"image": image, "name": "main"}], "restartPolicy": "Never"}
        self.add(
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": objects.meta(name, namespace),
                "spec": {"template": {"spec": spec}},
                "status": {
                    "conditions": [{"status": "True", "type": "Complete"}],
                    "succeeded": 1,
                },
            }
        )
        return self.pod(namespace, f"{name}-abcde", image, owner=("Job", name), phase="Succeeded")

    def cron_job(
        self, namespace: str, name: str, image: str, *, command: Sequence[str] = ()
    ) -> Self:
        """Add a CronJob."""
        container: Object = {"image": image, "name": "main"}
        if command:
            container["command"] = list(command)
        template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
        return self.add(
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": objects.meta(name, namespace),
                "spec": {"jobTemplate": {"spec": {"template": template}}, "schedule": "0 3 * * *"},
                "status": {},
            }
        )

    def namespace(self, name: str) -> Self:
        """Add a Namespace."""
        return self.add(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": objects.meta(name, labels={"kubernetes.io/metadata.name": name}),
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }
        )

    def crd(self, group: str, *kinds: str) -> Self:
        """Add CustomResourceDefinitions of one group."""
        for kind in kinds:
            plural = f"{kind.lower()}s"
            self.add(
                {
                    "apiVersion": "apiextensions.k8s.io/v1",
                    "kind": "CustomResourceDefinition",
                    "metadata": objects.meta(f"{plural}.{group}"),
                    "spec": {
                        "group": group,
                        "names": {"kind": kind, "plural": plural},
                        "scope": "Namespaced",
                        "versions": [{"name": "v1", "served": True, "storage": True}],
                    },
                }
            )
        return self

    def custom(self, group: str, kind: str, namespace: str, name: str) -> Self:
        """Add a custom resource."""
        return self.add(
            {
                "apiVersion": f"{group}/v1",
                "kind": kind,
                "metadata": objects.meta(name, namespace),
                "spec": {},
            }
        )

    def storage_class(
        self, name: str, *, provisioner: str = "rancher.io/local-path", default: bool = False
    ) -> Self:
        """Add a StorageClass."""
        mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else None
        return self.add(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": objects.meta(name, annotations=mark),
                "provisioner": provisioner,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        )

    def volume(self, name: str, *, storage_class: str, size: str = "50Gi") -> Self:
        """Add a PersistentVolume that waits for a claim."""
        return self.add(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": objects.meta(name),
                "spec": {"capacity": {"storage": size}, "storageClassName": storage_class},
                "status": {"phase": "Available"},
            }
        )

    def quota(
        self,
        namespace: str,
        name: str,
        *,
        hard: Mapping[str, str],
        used: Mapping[str, str] | None = None,
    ) -> Self:
        """Add a ResourceQuota; what is not in `used` is zero."""
        counted = {key: (used or {}).get(key, "0") for key in hard}
        return self.add(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": objects.meta(name, namespace),
                "spec": {"hard": dict(hard)},
                "status": {"hard": dict(hard), "used": counted},
            }
        )

    def load_balancer(
        self, namespace: str, name: str, *, ip: str = "", hostname: str = "", class_: str = ""
    ) -> Self:
        """Add a Service of type LoadBalancer; without ip and hostname it waits for an address."""
        spec: Object = {"clusterIP": "10.43.0.20", "type": "LoadBalancer"}
        if class_:
            spec["loadBalancerClass"] = class_
        given = [{key: value for key, value in (("ip", ip), ("hostname", hostname)) if value}]
        status = {"loadBalancer": {"ingress": given} if given[0] else {}}
        return self.add(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": objects.meta(name, namespace),
                "spec": spec,
                "status": status,
            }
        )

    def ingress(self, namespace: str, name: str, *, tls: bool = False) -> Self:
        """Add an Ingress."""
        spec: Object = {"rules": [{"host": f"{name}.example.com"}]}
        if tls:
            spec["tls"] = [{"hosts": [f"{name}.example.com"], "secretName": f"{name}-tls"}]
        return self.add(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": objects.meta(name, namespace),
                "spec": spec,
                "status": {"loadBalancer": {}},
            }
        )

    def application(self, name: str) -> Self:
        """Add an Argo CD Application."""
        return self.add(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": objects.meta(name, "argocd"),
                "spec": {"project": "default"},
                "status": {"health": {"status": "Healthy"}, "sync": {"status": "Synced"}},
            }
        )
