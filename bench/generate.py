"""Writes a snapshot of a made-up cluster of any size: `python bench/generate.py NODES FILE`.

Objects have the size that an API server gives them (a pod about 2 kB). The same tools run at every
size, so that a decision must come out the same.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import msgspec
from made_up import VERSION, Json, node, node_name, object_, pod, workload

PODS_PER_NODE = 30
_PODS_PER_WORKLOAD = 5

TOOLS = (
    (
        "argocd",
        "argocd-server",
        "Deployment",
        "quay.io/argoproj/argocd:v3.1.0",
        "/usr/local/bin/argocd-server",
        "argocd",
    ),
    (
        "argocd",
        "argocd-repo-server",
        "Deployment",
        "quay.io/argoproj/argocd:v3.1.0",
        "/usr/local/bin/argocd-repo-server",
        "argocd",
    ),
    (
        "argocd",
        "argocd-application-controller",
        "StatefulSet",
        "quay.io/argoproj/argocd:v3.1.0",
        "/usr/local/bin/argocd-application-controller",
        "argocd",
    ),
    ("gitea", "gitea", "Deployment", "docker.io/gitea/gitea:1.24.2-rootless", "", "gitea"),
    (
        "gitea",
        "act-runner",
        "Deployment",
        "docker.io/gitea/act_runner:0.2.12",
        "act_runner",
        "gitea",
    ),
    (
        "monitoring",
        "prometheus-server",
        "StatefulSet",
        "quay.io/prometheus/prometheus:v3.5.0",
        "",
        "prometheus",
    ),
)


def items(nodes: int, *, pods_per_node: int = PODS_PER_NODE) -> Iterator[Json]:
    """All objects of a cluster of this size, a few tools among them."""
    chance = random.Random(nodes)
    total = nodes * pods_per_node
    workloads = max(1, (total - len(TOOLS)) // _PODS_PER_WORKLOAD)
    namespaces = max(3, workloads // 20)
    for index in range(nodes):
        yield node(index, control_plane=index < (3 if nodes >= 3 * 5 else 1))
    for name in ("argocd", "gitea", "monitoring", *(f"team-{at:04}" for at in range(namespaces))):
        yield object_("v1", "Namespace", name, status={"phase": "Active"})
    for namespace, name, kind, image, program, part_of in TOOLS:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": part_of}
        yield workload(kind, namespace, name, image, 1, labels, args=[program] if program else [])
    for index in range(workloads):
        namespace, name, labels, image = _service_of(index, namespaces)
        yield workload("Deployment", namespace, name, image, _PODS_PER_WORKLOAD, labels)
    yield object_(
        "storage.k8s.io/v1",
        "StorageClass",
        "standard",
        provisioner="ebs.csi.aws.com",
        annotations={"storageclass.kubernetes.io/is-default-class": "true"},
    )
    worker = 0
    for namespace, name, kind, image, program, part_of in TOOLS:
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": part_of}
        worker += 1
        yield pod(
            kind,
            namespace,
            name,
            0,
            image,
            _host(worker, nodes),
            labels,
            chance,
            args=[program] if program else [],
        )
    for index in range(total - len(TOOLS)):
        namespace, name, labels, image = _service_of(
            min(index // _PODS_PER_WORKLOAD, workloads - 1), namespaces
        )
        worker += 1
        yield pod("Deployment", namespace, name, index, image, _host(worker, nodes), labels, chance)
    for index in range(nodes):
        yield object_(
            "metrics.k8s.io/v1beta1",
            "NodeMetrics",
            node_name(index),
            window="20.1s",
            usage={
                "cpu": f"{chance.randrange(900, 5200)}000003n",
                "memory": f"{chance.randrange(9, 24) * 1024 * 1024 + index}Ki",
            },
        )


def write(nodes: int, file: TextIO, *, pods_per_node: int = PODS_PER_NODE) -> None:
    """Write the List as kubectl prints it, compact, one object at a time."""
    encoder = msgspec.json.Encoder(order="sorted")
    file.write('{"apiVersion":"v1","items":[')
    for index, item in enumerate(items(nodes, pods_per_node=pods_per_node)):
        file.write("," if index else "")
        file.write(encoder.encode(item).decode())
    file.write('],"kind":"List","metadata":{"annotations":{"mas.dev/server-version":"')
    file.write(f'{VERSION}"}},"resourceVersion":""}}}}\n')


def _host(pod: int, nodes: int) -> str:
    leading = 3 if nodes >= 15 else 1
    return node_name(leading + pod % max(1, nodes - leading) if nodes > leading else 0)


def _service_of(index: int, namespaces: int) -> tuple[str, str, dict[str, str], str]:
    name = f"service-{index:05}"
    labels = {
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/version": f"1.{index % 40}.0",
        "helm.sh/chart": "service-3.4.1",
        "team": f"team-{index % namespaces:04}",
    }
    return (
        f"team-{index % namespaces:04}",
        name,
        labels,
        (f"registry.example.com/apps/{name}:1.{index % 40}.0"),
    )


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(description="Write a snapshot of a made-up cluster.")
    parser.add_argument("nodes", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--pods-per-node", type=int, default=PODS_PER_NODE)
    options = parser.parse_args()
    with options.file.open("w", encoding="utf-8") as file:
        write(options.nodes, file, pods_per_node=options.pods_per_node)
    size = options.file.stat().st_size
    print(f"{options.file}: {options.nodes} nodes, {size / 1e6:.1f} MB", file=sys.stderr)


if __name__ == "__main__":
    main()
