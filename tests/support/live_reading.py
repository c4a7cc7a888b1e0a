"""A small cluster, kubeconfigs that lead to it, and readings that must succeed or fail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from mas.adapters.clusters.kubeconfig import load_kubeconfig, select_context
from mas.adapters.clusters.live import LiveCluster
from mas.adapters.clusters.resolve import resolve_source
from mas.core.errors import MasError
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.digest import read_cluster
from mas.kubernetes.source import ClusterSource

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def pod(number: int) -> dict[str, Any]:
    name = f"tool-{number:03}"
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "n"},
        "spec": {"containers": [{"name": "c", "image": "tool:1"}], "nodeName": "a"},
        "status": {"phase": "Running"},
    }  # fmt: skip


def node(name: str = "a") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
            "status": {"nodeInfo": {"kubeletVersion": "v1.33.6"}}}  # fmt: skip


def small() -> list[dict[str, Any]]:
    return [node(), *(pod(at) for at in range(25))]


def kubeconfig(
    folder: Path,
    server: str,
    *,
    user: dict[str, Any] | None = None,
    cluster: dict[str, Any] | None = None,
    name: str = "kubeconfig",
    **more: Any,
) -> dict[str, str]:
    """Write a kubeconfig with the context `lab`, and return the environment that names it."""
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "lab",
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {}}],
        "contexts": [{"name": "lab", "context": {"cluster": "c", "user": "u"}}],
        **more,
    }  # fmt: skip
    path = folder / name
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return {"KUBECONFIG": str(path)}


def source(environment: dict[str, str], cluster: str | None = None) -> ClusterSource:
    found = resolve_source(cluster, environment=environment)
    assert found is not None
    return found


def live(environment: dict[str, str], **more: Any) -> LiveCluster:
    config = load_kubeconfig(environment)
    assert config is not None
    return LiveCluster(select_context(config, "lab"), name="lab", **more)


async def digest(given: ClusterSource) -> Cluster:
    async with asyncio.timeout(60):
        return await read_cluster(
            given, interesting=lambda _image: True, read_at="2026-11-20T09:00:00Z"
        )


async def failure(given: ClusterSource, kind: type[MasError]) -> str:
    """The one sentence and its hint with which reading fails."""
    with pytest.raises(kind) as failed:
        await digest(given)
    assert failed.value.hint
    assert "\n" not in str(failed.value)
    return failed.value.message
