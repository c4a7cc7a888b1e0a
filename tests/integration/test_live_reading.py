"""Reading a live cluster over HTTP and HTTPS: paging, permissions, faults, credentials (D1, Q1)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.clusters.snapshot_file import SnapshotFile
from mas.core.errors import Transient, UserError
from support.kubernetes_server import HANG_LIMIT_SECONDS, KubernetesServer
from support.live_reading import digest, failure, kubeconfig, live, small, source

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
CLUSTERS = Path(__file__).resolve().parents[2] / "examples" / "clusters"


# The list protocol


async def test_d1_long_lists_are_read_page_by_page(
    server: KubernetesServer, tmp_path: Path
) -> None:
    cluster = await digest(live(kubeconfig(tmp_path, server.url), page_size=10))
    assert cluster.pod_count == 25
    asked = [one.query for one in server.asked if one.path == PODS]
    assert [query["limit"] for query in asked] == ["10"] * 3
    assert ["continue" in query for query in asked] == [False, True, True]


@pytest.mark.parametrize("with_token", [True, False])
async def test_d1_a_list_that_expires_on_the_way_is_gone_on_with_and_counts_nothing_twice(
    server: KubernetesServer, tmp_path: Path, with_token: bool
) -> None:
    server.faults.expire_after[PODS] = 2
    server.faults.expire_with_token = with_token
    cluster = await digest(live(kubeconfig(tmp_path, server.url), page_size=10))
    assert cluster.pod_count == 25
    assert len(cluster.workloads) == 25


async def test_d1_what_the_server_lacks_is_absent_and_what_it_refuses_is_forbidden(
    server: KubernetesServer, tmp_path: Path
) -> None:
    server.faults.forbidden.add(PODS)
    cluster = await digest(live(kubeconfig(tmp_path, server.url)))
    assert cluster.forbidden == ("pods",)
    assert cluster.unread == ()
    assert cluster.pod_count == 0


async def test_d1_a_broken_metrics_service_does_not_hide_the_cluster(
    server: KubernetesServer, tmp_path: Path
) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/nodes"
    server.faults.statuses[path].extend([503] * 3)
    cluster = await digest(live(kubeconfig(tmp_path, server.url)))
    assert cluster.pod_count == 25
    assert cluster.unread == ("nodes.metrics.k8s.io",)


async def test_d1_a_busy_server_is_asked_again(server: KubernetesServer, tmp_path: Path) -> None:
    server.faults.statuses[PODS].extend([429, 503])
    cluster = await digest(live(kubeconfig(tmp_path, server.url)))
    assert cluster.pod_count == 25


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
async def test_d1_what_kubectl_prints_of_this_server_is_the_same_cluster(tmp_path: Path) -> None:
    items = json.loads((CLUSTERS / "homelab.json").read_bytes())["items"]
    kept = [one for one in items if "metrics" not in one["apiVersion"]]
    kinds = "nodes,namespaces,pods,deployments,statefulsets,daemonsets,replicasets,services"
    names = {"Node", "Namespace", "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}
    kept = [one for one in kept if one["kind"] in names | {"Service"}]
    with KubernetesServer(kept) as server:
        environment = kubeconfig(tmp_path, server.url)
        process = await asyncio.create_subprocess_exec(
            "kubectl", "get", kinds, "-A", "-o", "json", "--chunk-size=7",
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            printed, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        seen = await digest(live(environment))
    path = tmp_path / "printed.json"
    path.write_bytes(printed)
    read = await digest(SnapshotFile(path))
    assert read.objects == seen.objects == len(kept)
    assert read.nodes == seen.nodes
    assert read.workloads == seen.workloads
    assert read.counts == seen.counts
    assert (read.version, read.version_source) == ("v1.33.6", "control-plane-kubelet")


# Servers that cannot be reached or do not want us


async def test_q1_wrong_credentials_are_told_from_a_server_that_is_away(tmp_path: Path) -> None:
    with KubernetesServer(small(), token="right") as server:
        message = await failure(
            source(kubeconfig(tmp_path, server.url, user={"token": "wrong"})), Transient
        )
        assert "401" in message
        cluster = await digest(source(kubeconfig(tmp_path, server.url, user={"token": "right"})))
    assert cluster.pod_count == 25


async def test_q1_a_server_that_is_away_is_named(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"https://user:pass@127.0.0.1:{held.getsockname()[1]}"
        message = await failure(source(kubeconfig(tmp_path, url)), Transient)
    assert "cannot be reached" in message
    assert "lab" in message
    assert "pass" not in message


@pytest.mark.parametrize("path", ["/version", PODS])
async def test_q1_a_server_that_never_answers_is_given_up(
    server: KubernetesServer, tmp_path: Path, path: str
) -> None:
    server.faults.hanging.add(path)
    given = live(kubeconfig(tmp_path, server.url), read_limit=timedelta(seconds=0.3))
    began = time.monotonic()
    assert "in time" in await failure(given, Transient)
    assert time.monotonic() - began < HANG_LIMIT_SECONDS / 2


async def test_q1_an_answer_that_is_no_list_is_said(
    server: KubernetesServer, tmp_path: Path
) -> None:
    server.faults.garbage.add(NODES)
    message = await failure(source(kubeconfig(tmp_path, server.url)), Transient)
    assert "nodes" in message


async def test_q1_a_failing_server_is_said_with_its_status(
    server: KubernetesServer, tmp_path: Path
) -> None:
    server.faults.statuses[NODES].append(500)
    assert "500" in await failure(source(kubeconfig(tmp_path, server.url)), Transient)


# TLS


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(
        ["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA, a good server and client certificate, and expired ones."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
            "-subj", "/CN=test-ca", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")  # fmt: skip
        sign = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-extfile", "extensions"]  # fmt: skip
        openssl(folder, *sign, "-days", "365", "-out", f"{name}.pem")
        openssl(folder, *sign, "-days", "-1", "-out", f"{name}-expired.pem")
    return folder


def tls(folder: Path, certificate: str = "server.pem", *, client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / certificate, folder / "server.key")
    if client:
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_d1_a_server_with_a_certificate_of_the_kubeconfigs_ca_is_trusted(
    certificates: Path, tmp_path: Path
) -> None:
    shutil.copy(certificates / "ca.pem", tmp_path)
    ca = {"certificate-authority": "ca.pem"}
    own = {"client-certificate": str(certificates / "client.pem"),
           "client-key": str(certificates / "client.key")}  # fmt: skip
    with KubernetesServer(small(), tls=tls(certificates, client=True)) as server:
        cluster = await digest(source(kubeconfig(tmp_path, server.url, cluster=ca, user=own)))
    assert cluster.pod_count == 25


async def test_q1_an_expired_certificate_of_the_server_is_said(
    certificates: Path, tmp_path: Path
) -> None:
    ca = {"certificate-authority": str(certificates / "ca.pem")}
    with KubernetesServer(small(), tls=tls(certificates, "server-expired.pem")) as server:
        given = source(kubeconfig(tmp_path, server.url, cluster=ca))
        assert "its certificate has expired" in await failure(given, Transient)


async def test_q1_an_expired_certificate_of_ours_is_said(
    certificates: Path, tmp_path: Path
) -> None:
    ca = {"certificate-authority": str(certificates / "ca.pem")}
    own = {"client-certificate": str(certificates / "client-expired.pem"),
           "client-key": str(certificates / "client.key")}  # fmt: skip
    with KubernetesServer(small(), tls=tls(certificates, client=True)) as server:
        given = source(kubeconfig(tmp_path, server.url, cluster=ca, user=own))
        assert "certificate" in await failure(given, Transient)


async def test_q1_a_certificate_of_an_unknown_ca_is_not_trusted(
    certificates: Path, tmp_path: Path
) -> None:
    with KubernetesServer(small(), tls=tls(certificates)) as server:
        given = source(kubeconfig(tmp_path, server.url))
        assert "not trusted" in await failure(given, Transient)


async def test_q1_certificate_files_that_are_missing_or_broken_are_a_setting_to_mend(
    tmp_path: Path,
) -> None:
    for cluster in ({"certificate-authority": "none.pem"}, {"certificate-authority-data": "!!"}):
        given = source(kubeconfig(tmp_path, "https://127.0.0.1:1", cluster=cluster))
        assert "set up" in await failure(given, UserError)
