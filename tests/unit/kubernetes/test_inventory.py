"""Every tool is found where it runs, and nowhere else; its health, version and place (D2)."""

from __future__ import annotations

import pytest
from installed_worlds import (
    CATALOG,
    INSTANCE,
    container,
    found,
    inventory,
    official,
    official_workload,
    official_workloads,
    only,
    problem,
    workload,
)

from mas.core.tools import Tool
from mas.kubernetes.cluster import CrdGroup, Sample

TOOLS = [pytest.param(tool, id=tool.id) for tool in CATALOG.tools.values()]
COMES_WITH = {
    "kube-prometheus-stack": {"prometheus", "grafana"},
    "gitlab": {"gitlab-runner"},
}
"""What a default installation rightly counts as besides itself."""

ARGOCD = "quay.io/argoproj/argocd:v3.1.0"
PROMETHEUS = "quay.io/prometheus/prometheus:v3.1.0"


# What is installed


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_default_installation_is_found_healthy_and_is_no_other_tool(tool: Tool) -> None:
    installations = inventory(official_workloads(tool)).installations
    assert {one.tool.id for one in installations} == {tool.id} | COMES_WITH.get(tool.id, set())
    assert {one.health for one in installations} == {"healthy"}
    assert {one.namespace for one in installations} == {tool.namespace}


def test_d2_all_tools_in_one_cluster_are_found_once_each() -> None:
    ids = found(*(one for tool in CATALOG.tools.values() for one in official_workloads(tool)))
    extra = sorted(ids)
    for id_ in CATALOG.tools:
        extra.remove(id_)
    assert set(extra) <= set().union(*COMES_WITH.values())


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_core_and_required_components_alone_are_healthy(tool: Tool) -> None:
    needed = [one for one in tool.components if one.installed and one.role != "optional"]
    installations = inventory(official_workload(tool, one) for one in needed).installations
    assert [one.health for one in installations if one.tool.id == tool.id] == ["healthy"]


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_without_a_core_component_nothing_is_installed(tool: Tool) -> None:
    rest = [one for one in tool.components if one.role != "core"]
    ids = found(*(official_workload(tool, one) for one in rest))
    assert tool.id not in ids


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_missing_required_component_is_a_fault_that_names_it(tool: Tool) -> None:
    required = [one for one in tool.components if one.role == "required" and one.installed]
    for absent in required:
        rest = [one for one in tool.components if one.installed and one is not absent]
        installation = next(
            one
            for one in inventory(official_workload(tool, one) for one in rest).installations
            if one.tool is tool
        )
        assert installation.health == "degraded"
        assert [(f.code, f.component) for f in installation.faults] == [
            ("missing_component", absent.name)
        ]


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_mirror_gives_the_same_installation(tool: Tool) -> None:
    mirrored = [
        official_workload(tool, one, image=f"mirror.corp:5000/cache/{official(one.images[0])}")
        for one in tool.components
        if one.installed and "/" in official(one.images[0])
    ]
    direct = [
        official_workload(tool, one)
        for one in tool.components
        if one.installed and "/" in official(one.images[0])
    ]
    assert found(*mirrored) == found(*direct)


def test_d2_a_bundle_and_what_it_bundles_are_each_listed_with_their_namespace() -> None:
    stack = CATALOG.tools["kube-prometheus-stack"]
    listed = inventory(official_workloads(stack)).installations
    assert [(one.tool.id, one.namespace) for one in listed] == [
        ("grafana", "monitoring"),
        ("kube-prometheus-stack", "monitoring"),
        ("prometheus", "monitoring"),
    ]


# What is only a use


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_container_of_the_image_that_only_sleeps_is_a_tool_box(tool: Tool) -> None:
    for component in tool.components:
        for command in (("sleep", "infinity"), ("/bin/sh", "-c", "tail -f /dev/null")):
            box = workload("tool-box", container(official(component.images[0]), *command))
            assert tool.id not in found(box), component.name


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_sidecar_in_somebody_elses_workload_is_no_installation(tool: Tool) -> None:
    for component in tool.components:
        if not (component.names or component.commands):
            app = workload("shop", "acme/shop:1", official(component.images[0]), namespace="shop")
            assert tool.id not in found(app), component.name


def test_d2_a_tool_behind_its_own_helpers_is_installed() -> None:
    labels = {"app.kubernetes.io/name": "grafana"}
    behind = ("quay.io/kiwigrid/k8s-sidecar:1.30", "grafana/grafana:12.0.0")
    assert found(workload("dash", *behind)) == ["grafana"]
    assert found(workload("dash", "acme/own-loader:1", "grafana/grafana:12.0.0")) == []
    assert found(workload("x", "acme/own:1", "grafana/grafana:12", labels=labels)) == ["grafana"]


@pytest.mark.parametrize(
    ("image", "command"),
    [
        (ARGOCD, ("argocd", "app", "sync", "shop")),
        ("hashicorp/vault:1.20", ("vault", "agent", "-config=/etc/a.hcl")),
        ("hashicorp/vault:1.20", ("vault", "kv", "get", "secret/a")),
        ("hashicorp/vault:1.20", ("/bin/sh", "-ec", "vault agent -config=/a")),
        ("openbao/openbao:2.3", ("bao", "agent")),
        (PROMETHEUS, ("promtool", "check", "config")),
        ("quay.io/cilium/cilium:v1.17", ("cilium", "status")),
        ("ghcr.io/cloudnative-pg/cloudnative-pg:1.27", ("/manager", "instance", "run")),
        ("velero/velero:v1.16", ("velero", "backup", "create")),
        ("quay.io/argoproj/argocli:v3.7", ("argo", "submit")),
        ("ghcr.io/actions/gha-runner-scale-set-controller:0.12", ("/ghalistener",)),
    ],
)
def test_d2_a_client_from_the_same_image_is_no_installation(
    image: str, command: tuple[str, ...]
) -> None:
    assert found(workload("vault-argocd-server-job", container(image, *command))) == []


@pytest.mark.parametrize(
    "image",
    [
        "acme/shop:1",
        "prom/blackbox-exporter:v0.27",
        "registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12",
        "acme/argocd-demo:1",
        "nginx:1.29",
        "redis:8",
        "postgres:17",
        "memcached:1.6",
        "envoyproxy/envoy:v1.35",
        "docker.io/istio/proxyv2:1.26",
        "quay.io/strimzi/kafka:0.47.0-kafka-4.0.0",
        "ghcr.io/cloudnative-pg/postgresql:17",
        "gitea/act_runner:0.2.12",
    ],
)
def test_d2_images_around_a_tool_are_not_the_tool(image: str) -> None:
    assert found(workload("shop", image)) == []


def test_d2_an_uncertain_image_needs_a_whole_word_of_the_workload() -> None:
    assert found(workload("tempo", "registry.corp/o11y/tempo:2")) == ["tempo"]
    assert found(workload("my-tempo-0", "registry.corp/o11y/tempo:2")) == ["tempo"]
    assert found(workload("temporal", "registry.corp/o11y/tempo:2")) == []
    assert found(workload("a", "registry.corp/x/tempo:2", labels={"app": "tempo"})) == ["tempo"]


# Where


def test_d2_each_namespace_with_a_core_component_is_an_installation() -> None:
    installations = inventory(
        [workload("p", PROMETHEUS, namespace="a"), workload("p", PROMETHEUS, namespace="b")]
    ).installations
    assert [one.namespace for one in installations] == ["a", "b"]


def test_d2_helm_instances_in_one_namespace_are_apart() -> None:
    installations = inventory(
        workload(f"prometheus-{name}", PROMETHEUS, labels={INSTANCE: name}, ready=ready)
        for name, ready in (("blue", 1), ("green", 0))
    ).installations
    assert [(one.health, len(one.parts)) for one in installations] == [
        ("healthy", 1),
        ("degraded", 1),
    ]


def test_d2_workloads_without_an_instance_label_stay_one_installation() -> None:
    assert len(only(workload("p-0", PROMETHEUS), workload("p-1", PROMETHEUS)).parts) == 2


def test_d2_parts_in_a_namespace_of_their_own_belong_to_the_only_installation() -> None:
    istiod = workload("istiod", "docker.io/istio/pilot:1.26.0", namespace="istio-system")
    gateway = workload("istio-ingressgateway", "docker.io/istio/proxyv2:1.26.0", namespace="edge")
    installation = only(istiod, gateway)
    assert (installation.namespace, len(installation.parts)) == ("istio-system", 2)


def test_d2_of_two_installations_neither_answers_for_a_part_elsewhere() -> None:
    exporter = workload(
        "node-exporter",
        "prom/node-exporter:v1.9",
        namespace="c",
        problems=(problem("CrashLoopBackOff"),),
    )
    servers = [workload("p", PROMETHEUS, namespace=name) for name in "ab"]
    assert [one.health for one in inventory([*servers, exporter]).installations] == ["healthy"] * 2


def test_d2_the_healthiest_installation_comes_first() -> None:
    listed = inventory(
        [
            workload("p", PROMETHEUS, namespace="a", ready=0),
            workload("p", PROMETHEUS, namespace="b", ready=None),
            workload("p", PROMETHEUS, namespace="c"),
        ]
    ).installations
    assert [one.health for one in listed] == ["healthy", "unknown", "degraded"]


# Version


@pytest.mark.parametrize(
    ("image", "labels", "version"),
    [
        ("prom/prometheus:v3.1.0", {}, "v3.1.0"),
        ("prom/prometheus:3.1", {}, "3.1"),
        ("prom/prometheus:v3.1.0-rc.1", {}, "v3.1.0-rc.1"),
        ("prom/prometheus:v3.1.0-distroless", {}, "v3.1.0"),
        ("bitnami/prometheus:3.1.0-debian-12-r3", {}, "3.1.0"),
        ("prom/prometheus:v3.1.0-build20250110", {}, "v3.1.0"),
        ("prom/prometheus:v3.1.0-linux-amd64", {}, "v3.1.0"),
        ("prom/prometheus:v3.1.0@sha256:00", {}, "v3.1.0"),
        ("minio/minio:RELEASE.2025-09-07T16-13-09Z", {}, "RELEASE.2025-09-07T16-13-09Z"),
        ("prom/prometheus@sha256:00", {"app.kubernetes.io/version": "v3.1.0"}, "v3.1.0"),
        ("prom/prometheus:latest", {"app.kubernetes.io/version": "3.1.0"}, "3.1.0"),
        ("prom/prometheus:latest", {"helm.sh/chart": "prometheus-27.1.0"}, None),
        ("prom/prometheus", {}, None),
    ],
)
def test_d2_the_version_is_that_of_the_tool(
    image: str, labels: dict[str, str], version: str | None
) -> None:
    assert only(workload("server", image, labels=labels)).version == version


def test_d2_a_core_component_by_digest_takes_its_version_from_release_labels_or_other_parts() -> (
    None
):
    controller = "ghcr.io/tektoncd/pipeline/controller-10a3@sha256:00"
    webhook = workload("tekton-webhook", "ghcr.io/tektoncd/pipeline/webhook-10a3:v1.3.1")
    bare = workload("tekton-controller", controller)
    labels = {"pipeline.tekton.dev/release": "v1.3.0", "version": "v1.3.0"}
    labelled = workload("tekton-controller", controller, labels=labels)
    assert only(bare, webhook).version == "v1.3.1"
    assert only(labelled, webhook).version == "v1.3.0"


# Left-over definitions

TEKTON_CRDS = CrdGroup(
    group="tekton.dev",
    kinds=("Pipeline", "Task"),
    names=("pipelines.tekton.dev", "tasks.tekton.dev"),
)


def test_d2_definitions_without_a_controller_are_left_over_and_no_installation() -> None:
    seen = inventory(
        [], crds=(TEKTON_CRDS,), custom={"tekton.dev/Task": Sample(count=3, first="Task/ci/a")}
    )
    assert seen.installations == ()
    left = seen.left_over["tekton"]
    assert (left.names, left.resources) == (("pipelines.tekton.dev", "tasks.tekton.dev"), 3)


def test_d2_definitions_of_an_installed_tool_are_not_left_over() -> None:
    tekton = CATALOG.tools["tekton"]
    assert inventory(official_workloads(tekton), crds=(TEKTON_CRDS,)).left_over == {}


def test_d2_only_the_own_kinds_of_a_shared_group_are_left_over() -> None:
    kinds = CrdGroup(group="argoproj.io", kinds=("Rollout",), names=("rollouts.argoproj.io",))
    assert set(inventory([], crds=(kinds,)).left_over) == {"argo-rollouts"}


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_its_definitions_point_to_the_tool_alone(tool: Tool) -> None:
    for group in tool.recognise.crds:
        if group.shared:
            continue
        names = tuple(f"{kind.lower()}s.{group.group}" for kind in group.kinds)
        seen = inventory([], crds=(CrdGroup(group=group.group, kinds=group.kinds, names=names),))
        assert set(seen.left_over) == {tool.id}, group.group
