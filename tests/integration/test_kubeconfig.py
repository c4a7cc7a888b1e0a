"""Kubeconfig files, contexts and credential plugins, as kubectl understands them (D1, Q1)."""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lightkube.config.models import UserExec

from mas.adapters.clusters.exec_auth import PluginAuth
from mas.adapters.clusters.resolve import resolve_source
from mas.app.clusters import ClusterReading
from mas.catalog.loader import load_catalog
from mas.core.errors import Transient, UserError
from support.kubernetes_server import KubernetesServer
from support.live_reading import digest, failure, kubeconfig, small, source


def test_d1_without_a_name_the_current_context_is_read(tmp_path: Path) -> None:
    found = source(kubeconfig(tmp_path, "https://127.0.0.1:1"))
    assert (found.kind, found.name) == ("live", "lab")


def test_d1_a_file_comes_before_a_context_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = kubeconfig(tmp_path, "https://127.0.0.1:1")
    (tmp_path / "lab").mkdir()
    assert source(environment, "lab").kind == "live"
    (tmp_path / "lab").rmdir()
    (tmp_path / "lab").write_text("{}")
    assert source(environment, "lab").kind == "snapshot"


def test_q1_a_name_that_is_nothing_names_what_is_known(tmp_path: Path) -> None:
    environment = kubeconfig(tmp_path, "https://127.0.0.1:1")
    with pytest.raises(UserError, match="neither a snapshot file nor") as refused:
        resolve_source("nowhere", environment=environment)
    assert "lab" in refused.value.hint


def test_q1_a_kubeconfig_without_current_context_says_how_to_choose(tmp_path: Path) -> None:
    environment = kubeconfig(tmp_path, "https://127.0.0.1:1", **{"current-context": ""})
    with pytest.raises(UserError, match="no current context") as refused:
        resolve_source(None, environment=environment)
    assert "lab" in refused.value.hint


async def test_q1_without_current_context_only_what_reads_a_cluster_asks_for_one(
    tmp_path: Path,
) -> None:
    environment = kubeconfig(tmp_path, "https://127.0.0.1:1", **{"current-context": ""})
    reading = ClusterReading(load_catalog(), environment)
    assert reading.point_at(None).kind == "none"
    with pytest.raises(UserError, match="no current context"):
        await reading.choose(None)
    with pytest.raises(UserError, match="neither"):
        reading.point_at("nowhere")


@pytest.mark.parametrize("content", [None, "", "# nothing\n"])
def test_d1_without_any_kubeconfig_there_is_no_cluster(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    assert resolve_source(None, environment={"KUBECONFIG": str(path)}) is None
    assert resolve_source(None, environment={"HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    "content", ["[1, 2]", "clusters: [{}]", "a: [", "clusters: 3\n", "users: [{name: x, user: 3}]"]
)
def test_q1_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(UserError, match="cannot be used"):
        resolve_source(None, environment={"KUBECONFIG": str(path)})


@pytest.mark.parametrize("missing", ["clusters", "users"])
def test_q1_a_context_that_leads_nowhere_is_named(tmp_path: Path, missing: str) -> None:
    environment = kubeconfig(tmp_path, "https://127.0.0.1:1", **{missing: None})
    with pytest.raises(UserError, match="lab"):
        resolve_source(None, environment=environment)


async def test_d1_several_kubeconfigs_are_merged_and_the_first_one_wins(
    server: KubernetesServer, tmp_path: Path
) -> None:
    first = kubeconfig(tmp_path, server.url, name="one")["KUBECONFIG"]
    other = tmp_path / "other"
    other.mkdir()
    contexts = [{"name": "far", "context": {"cluster": "c", "user": "u"}}]
    second = kubeconfig(other, "https://127.0.0.1:1", contexts=contexts)["KUBECONFIG"]
    environment = {"KUBECONFIG": os.pathsep.join([first, str(tmp_path / "none"), second])}
    assert (await digest(source(environment))).pod_count == 25
    assert (await digest(source(environment, "far"))).pod_count == 25


# Credential plugins


def plugin(folder: Path, body: str, *, version: str = "v1") -> dict[str, Any]:
    script = folder / "plugin.py"
    script.write_text(f"import json, os, sys, time\n{body}\n")
    return {"exec": {"apiVersion": f"client.authentication.k8s.io/{version}",
                     "command": sys.executable, "args": [str(script)],
                     "env": [{"name": "WISH", "value": "right"}]}}  # fmt: skip


GIVES_TOKEN = """
told = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
print(json.dumps({"apiVersion": told["apiVersion"], "kind": "ExecCredential",
                  "status": {"token": os.environ["WISH"]}}))
"""


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
async def test_d1_a_credential_plugin_gives_the_token(tmp_path: Path, version: str) -> None:
    with KubernetesServer(small(), token="right") as server:
        user = plugin(tmp_path, GIVES_TOKEN, version=version)
        cluster = await digest(source(kubeconfig(tmp_path, server.url, user=user)))
    assert cluster.pod_count == 25


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sys.exit('please log in')", "please log in"),
        ("print('hello')", "no ExecCredential"),
        ("print('{\"status\": {}}')", "no token"),
    ],
)
async def test_q1_a_credential_plugin_that_fails_is_named(
    server: KubernetesServer, tmp_path: Path, body: str, says: str
) -> None:
    user = plugin(tmp_path, body)
    assert says in await failure(source(kubeconfig(tmp_path, server.url, user=user)), UserError)


async def test_q1_a_credential_plugin_that_is_not_installed_is_named(
    server: KubernetesServer, tmp_path: Path
) -> None:
    user = plugin(tmp_path, "")
    user["exec"]["command"] = "no-such-plugin"
    message = await failure(source(kubeconfig(tmp_path, server.url, user=user)), UserError)
    assert "no-such-plugin" in message


async def test_q1_a_credential_plugin_that_hangs_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "pid"
    body = f"open({str(place)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    given = plugin(tmp_path, body)["exec"]
    auth = PluginAuth(
        UserExec(apiVersion=given["apiVersion"], command=given["command"], args=given["args"]),
        context="lab",
        limit=timedelta(seconds=6),
    )
    request = httpx2.Request("GET", "https://127.0.0.1:1")
    with pytest.raises(Transient, match="did not answer"):
        await anext(auth.async_auth_flow(request))
    with pytest.raises(ProcessLookupError):
        os.kill(int(place.read_text()), signal.SIGKILL)
