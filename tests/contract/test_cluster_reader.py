"""What every `ClusterSource` must do: one content, one `Cluster`, whatever it is read from (D1)."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from lightkube.config.kubeconfig import KubeConfig
from lightkube.config.models import Cluster as Server
from lightkube.config.models import User

from mas.adapters.clusters.live import LiveCluster
from mas.adapters.clusters.snapshot_file import SnapshotFile
from mas.adapters.clusters.writing import write_snapshot
from mas.core.errors import UserError
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.digest import read_cluster
from mas.kubernetes.source import ClusterSource
from support.kubernetes_server import KubernetesServer

CLUSTERS = Path(__file__).resolve().parents[2] / "examples" / "clusters"
NAMES = ("homelab", "edge-k3s", "empty")
TOOLS = ("argoproj/argocd", "gitea", "prometheus", "grafana", "traefik", "cilium", "cert-manager")


def interesting(image: str) -> bool:
    return any(tool in image for tool in TOOLS)


def items_of(name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((CLUSTERS / f"{name}.json").read_bytes())["items"]
    return items


def live(server: KubernetesServer, **more: Any) -> LiveCluster:
    config = KubeConfig.from_one(cluster=Server(server=server.url), user=User()).get()
    assert config is not None
    return LiveCluster(config, name="lab", custom=lambda _group, _kind: True, **more)


async def digest(source: ClusterSource) -> Cluster:
    return await read_cluster(source, interesting=interesting, read_at="2026-11-20T09:00:00Z")


def content(cluster: Cluster) -> dict[str, Any]:
    """A digest without what names its source."""
    made: dict[str, Any] = msgspec.to_builtins(cluster)
    for key in ("source", "name", "version_source"):
        made.pop(key, None)
    return made


Opener = Callable[[str], ClusterSource]


@pytest.fixture(params=["snapshot", "live", "written"])
async def open_cluster(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[[str], Any]]:
    """Opens an example by name as each kind of source."""
    servers: list[KubernetesServer] = []

    async def opened(name: str) -> ClusterSource:
        if request.param == "snapshot":
            return SnapshotFile(CLUSTERS / f"{name}.json")
        items = [one for one in items_of(name) if one["kind"] != "PodMetrics"]
        server = KubernetesServer(items, version=version_of(name)).__enter__()
        servers.append(server)
        if request.param == "live":
            return live(server, page_size=20)
        await write_snapshot(live(server), tmp_path / "written.json")
        return SnapshotFile(tmp_path / "written.json")

    yield opened
    for server in servers:
        server.__exit__(None, None, None)


def version_of(name: str) -> str:
    document = json.loads((CLUSTERS / f"{name}.json").read_bytes())
    version: str = document["metadata"]["annotations"]["mas.dev/server-version"]
    return version


@pytest.mark.parametrize("name", NAMES)
async def test_d1_every_source_gives_the_same_cluster(
    open_cluster: Callable[[str], Any], name: str
) -> None:
    expected = content(await digest(SnapshotFile(CLUSTERS / f"{name}.json")))
    found = content(await digest(await open_cluster(name)))
    # Metrics of pods are read only for a snapshot, and count as objects there.
    expected.pop("objects")
    found.pop("objects")
    assert found == expected


async def test_d1_every_source_tells_version_name_and_what_it_read(
    open_cluster: Callable[[str], Any],
) -> None:
    source = await open_cluster("homelab")
    cluster = await digest(source)
    assert cluster.version == "v1.33.6"
    assert cluster.version_source == ("server" if source.kind == "live" else "annotation")
    assert cluster.source == source.kind
    assert cluster.name == source.name
    assert cluster.unread == ()
    assert cluster.unreadable == 0
    assert cluster.workloads_read


FORBIDDEN = {
    "/apis/argoproj.io/v1alpha1/applications": "applications.argoproj.io",
    "/apis/apps/v1/deployments": "deployments",
    "/apis/metrics.k8s.io/v1beta1/nodes": "nodes.metrics.k8s.io",
    "/api/v1/pods": "pods",
}
"""Paths that are refused, and what the digest must say of them, in its order."""


async def test_d1_forbidden_kinds_are_told_apart_from_absent_ones(tmp_path: Path) -> None:
    with KubernetesServer(items_of("homelab")) as server:
        server.faults.forbidden.update(FORBIDDEN)
        server.faults.absent.add("/apis/networking.k8s.io/v1/ingresses")
        seen = await digest(live(server))
        await write_snapshot(live(server), tmp_path / "partly.json")
    assert seen.forbidden == tuple(FORBIDDEN.values())
    assert seen.unread == ()
    assert "ingresses" not in seen.counts
    again = await digest(SnapshotFile(tmp_path / "partly.json"))
    assert again.forbidden == tuple(FORBIDDEN.values())
    assert content(again) | {"objects": 0} == content(seen) | {"objects": 0}


def private_object(kind: str, private: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, "data": {"p": private}}


async def test_q3_a_written_snapshot_holds_nothing_private(tmp_path: Path) -> None:
    private = "do-not-tell"
    applied = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"x":"{private}"}}'}
    container = {"name": "x", "image": "x:1", "env": [{"name": "PASSWORD", "value": private}]}
    template = {"metadata": {"annotations": dict(applied)}, "spec": {"containers": [container]}}
    items = [
        private_object("Secret", private),
        private_object("ConfigMap", private),
        {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "t"},
         "spec": {"password": private}},
        {"apiVersion": "apps/v1", "kind": "Deployment",
         "metadata": {"name": "d", "namespace": "n", "annotations": dict(applied),
                      "managedFields": [{"manager": private}]},
         "spec": {"replicas": 1, "template": template}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "j", "namespace": "n"},
         "spec": {"jobTemplate": {"spec": {"template": template}}}},
        {"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "nested", "note": private}}
        ]},
    ]  # fmt: skip
    source = tmp_path / "full.json"
    source.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    written = tmp_path / "written.json"
    assert await write_snapshot(SnapshotFile(source), written) == 4
    text = written.read_text()
    assert private not in text
    assert "PASSWORD" in text
    assert '"Secret"' not in text
    assert written.stat().st_mode & 0o777 == 0o600


async def test_q3_the_digest_never_holds_values_of_variables_secrets_or_config_maps(
    tmp_path: Path,
) -> None:
    private = "do-not-tell"
    container = {"name": "x", "image": "gitea:1", "env": [{"name": "P", "value": private}]}
    items = [
        private_object("Secret", private),
        private_object("ConfigMap", private),
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
         "spec": {"nodeName": "a", "containers": [container]}, "status": {"phase": "Running"}},
    ]  # fmt: skip
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    cluster = await digest(SnapshotFile(path))
    assert [one.name for one in cluster.workloads] == ["p"]
    assert cluster.counts["secrets-skipped"].count == 1
    assert private not in msgspec.json.encode(cluster).decode()


async def test_d1_a_live_reading_asks_for_lists_only_and_never_for_secrets() -> None:
    with KubernetesServer(items_of("homelab")) as server:
        await digest(live(server))
        paths = server.paths()
    assert "/version" in paths
    assert not any("secrets" in path or "configmaps" in path for path in paths)
    assert all(path == "/version" or path.startswith(("/api/v1/", "/apis/")) for path in paths)
    assert all(one.accept.startswith("application/json") for one in server.asked)


async def test_q1_a_failed_writing_leaves_nothing_behind_and_an_old_file_alone(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Node"}')
    target = tmp_path / "out.json"
    target.write_text("old")
    with pytest.raises(UserError, match="cut off"):
        await write_snapshot(SnapshotFile(broken), target)
    assert target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["broken.json", "out.json"]  # noqa: PTH208


@pytest.mark.parametrize("where", ["folder", "missing/out.json"])
async def test_q1_a_place_that_cannot_be_written_is_named(tmp_path: Path, where: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot be written"):
        await write_snapshot(SnapshotFile(CLUSTERS / "empty.json"), tmp_path / where)


async def refused(path: Path) -> str:
    """The one sentence with which reading a file is refused."""
    with pytest.raises(UserError) as error:
        await digest(SnapshotFile(path))
    assert error.value.hint
    return error.value.message


async def test_q1_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no file" in await refused(tmp_path / "none.json")
    assert "none.json" in await refused(tmp_path / "none.json" / "deeper")


async def test_q1_folders_devices_and_pipes_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "folder" in await refused(tmp_path)
    assert "no regular file" in await refused(tmp_path / "pipe")
    assert "no regular file" in await refused(Path("/dev/zero"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_q1_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "closed.json"
    path.write_text("{}")
    path.chmod(0)
    assert "may not be read" in await refused(path)


async def test_q1_two_sparse_gigabytes_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.write(b'{"apiVersion":"v1","items":[')
        file.truncate(2 * 2**30)
    assert "huge.json" in await refused(path)
