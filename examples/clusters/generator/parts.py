"""What stands around workloads: namespaces, services, storage, definitions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta

from generator.base import CLUSTER_WIDE, Base
from generator.words import Json, plural_of, share, stamp


class Parts(Base):
    """Objects without pods."""

    def namespace(self, *names: str, **labels: str) -> None:
        """Add namespaces."""
        for name in names:
            self.add(
                "Namespace",
                name,
                api="v1",
                labels={"kubernetes.io/metadata.name": name, **labels},
                spec={"finalizers": ["kubernetes"]},
                status={"phase": "Active"},
            )

    def service(
        self,
        namespace: str,
        name: str,
        port: int,
        *,
        labels: Mapping[str, str],
        selector: Mapping[str, str],
        type: str = "ClusterIP",
        address: Json | None = None,
        cluster_ip: str = "",
    ) -> None:
        """Add a Service; `address` is the load balancer's."""
        self._service_ips += 1
        high, low = divmod(self._service_ips, 250)
        address_text = cluster_ip or f"10.{96 + high // 250}.{high % 250}.{low + 2}"
        spec: Json = {
            "clusterIP": address_text,
            "clusterIPs": [address_text],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [{"name": "http", "port": port, "protocol": "TCP", "targetPort": port}],
            "selector": dict(selector),
            "sessionAffinity": "None",
            "type": type,
        }
        if type == "LoadBalancer":
            spec |= {"allocateLoadBalancerNodePorts": True, "externalTrafficPolicy": "Cluster"}
            spec["ports"][0]["nodePort"] = 30000 + int(share(f"port{namespace}{name}") * 2767)
        status: Json = {"loadBalancer": {"ingress": [address]} if address else {}}
        self.add(
            "Service", name, api="v1", namespace=namespace, labels=labels, spec=spec, status=status
        )

    def ingress(
        self,
        namespace: str,
        name: str,
        host: str,
        *,
        class_name: str,
        issuer: str = "",
        address: Json | None = None,
        labels: Mapping[str, str] | None = None,
        port: int = 80,
    ) -> None:
        """Add an Ingress; with an issuer it asks for a certificate."""
        rule = {
            "host": host,
            "http": {
                "paths": [
                    {
                        "backend": {"service": {"name": name, "port": {"number": port}}},
                        "path": "/",
                        "pathType": "Prefix",
                    }
                ]
            },
        }
        spec: Json = {"ingressClassName": class_name, "rules": [rule]}
        if issuer:
            spec["tls"] = [{"hosts": [host], "secretName": f"{name}-tls"}]
        self.add(
            "Ingress",
            name,
            api="networking.k8s.io/v1",
            namespace=namespace,
            labels=labels,
            annotations={"cert-manager.io/cluster-issuer": issuer} if issuer else None,
            spec=spec,
            status={"loadBalancer": {"ingress": [address]} if address else {}},
        )

    def crds(self, group: str, *names: str, version: str = "v1", owner: str = "") -> None:
        """Add definitions, each named `Kind` or `Kind:plural`."""
        for name in names:
            kind, _, plural = name.partition(":")
            plural = plural or plural_of(kind)
            namespaced = kind not in CLUSTER_WIDE and not kind.startswith("Cluster")
            self.add(
                "CustomResourceDefinition",
                f"{plural}.{group}",
                api="apiextensions.k8s.io/v1",
                labels={"app.kubernetes.io/part-of": owner} if owner else None,
                spec={
                    "conversion": {"strategy": "None"},
                    "group": group,
                    "names": {
                        "kind": kind,
                        "listKind": f"{kind}List",
                        "plural": plural,
                        "singular": kind.lower(),
                    },
                    "scope": "Namespaced" if namespaced else "Cluster",
                    "versions": [
                        {
                            "name": version,
                            "schema": {"openAPIV3Schema": {"type": "object"}},
                            "served": True,
                            "storage": True,
                        }
                    ],
                },
                status={
                    "acceptedNames": {"kind": kind, "plural": plural},
                    "conditions": [
                        {
                            "lastTransitionTime": stamp(self.born + timedelta(days=1)),
                            "message": "the initial names have been accepted",
                            "reason": "InitialNamesAccepted",
                            "status": "True",
                            "type": "Established",
                        }
                    ],
                    "storedVersions": [version],
                },
            )

    def storage_class(
        self, name: str, provisioner: str, *, default: bool = False, binding: str = ""
    ) -> None:
        """Add a StorageClass."""
        mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else None
        self.add(
            "StorageClass",
            name,
            api="storage.k8s.io/v1",
            annotations=mark,
            provisioner=provisioner,
            reclaimPolicy="Delete",
            volumeBindingMode=binding or "WaitForFirstConsumer",
        )

    def claim(self, namespace: str, name: str, size: str, *, storage: str, app: str) -> None:
        """Add a claim that is bound, with its volume."""
        volume = f"pvc-{uuid.uuid5(uuid.NAMESPACE_URL, f'{self.name}/{namespace}/{name}')}"
        labels = {"app.kubernetes.io/name": app}
        shape = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage,
            "volumeMode": "Filesystem",
        }
        self.add(
            "PersistentVolumeClaim",
            name,
            api="v1",
            namespace=namespace,
            labels=labels,
            annotations={"pv.kubernetes.io/bind-completed": "yes"},
            spec=shape | {"resources": {"requests": {"storage": size}}, "volumeName": volume},
            status={
                "accessModes": ["ReadWriteOnce"],
                "capacity": {"storage": size},
                "phase": "Bound",
            },
        )
        self.add(
            "PersistentVolume",
            volume,
            api="v1",
            spec=shape
            | {
                "capacity": {"storage": size},
                "claimRef": {"kind": "PersistentVolumeClaim", "name": name, "namespace": namespace},
                "persistentVolumeReclaimPolicy": "Delete",
            },
            status={"phase": "Bound"},
        )
