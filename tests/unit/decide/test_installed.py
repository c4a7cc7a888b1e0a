"""Installed means that controllers or servers exist; uses, names and left-overs are not it (D2)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import (
    MONITORING_CRDS,
    TEKTON_CRDS,
    argo_cd,
    cluster,
    gitea,
    ingress_nginx,
    monitoring,
    tekton,
)

from mas.testing.clusters import ClusterBuilder

TEKTON = "Should we adopt Tekton on this cluster?"
ARGO = "Argo CD 도입 여부를 결정해줘"


def test_d2_a_running_tool_is_already_installed_and_healthy_with_namespace_and_version() -> None:
    world = cluster()
    tekton(world)
    told = ask(world, TEKTON)
    assert (told.verdict, told.health, told.tool) == ("already_installed", "healthy", "tekton")
    assert told.existing[("tekton", "tekton-pipelines")] == "healthy"
    assert "tekton-pipelines" in told.text("health", "for")
    assert "v1.3.1" in told.text("health")
    assert told.commands == []


def test_d2_without_the_tool_the_same_cluster_gives_a_recommendation() -> None:
    told = ask(cluster(), TEKTON)
    assert told.verdict == "recommend"
    assert told.existing == {}


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/argoproj/argocd:v3.1.0",
        "quay.io/argoproj/argocd@sha256:" + "ab" * 32,
        "mirror.corp:5000/quay.io/argoproj/argocd:v3.1.0",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/quay/argoproj/argocd:v3.1.0",
        "harbor.corp/proxy-quay/argoproj/argocd:v3.1.0",
        "registry.corp/platform/argocd:v3.1.0",
        "docker.io/bitnami/argo-cd:3.1.0",
        "docker.io/bitnamilegacy/argo-cd:3.1.0",
        "rancher/mirrored-argoproj-argocd:v3.1.0",
        "cgr.dev/chainguard/argocd:latest",
    ],
)
def test_d2_a_tool_is_found_through_any_registry_mirror_or_packaging(image: str) -> None:
    world = cluster()
    argo_cd(world, image=image)
    told = ask(world, ARGO)
    assert (told.verdict, told.health) == ("already_installed", "healthy")


@pytest.mark.parametrize("namespace", ["argocd", "delivery", "team-a-gitops", "kube-system"])
def test_d2_namespace_and_release_names_do_not_matter(namespace: str) -> None:
    world = cluster()
    image = "quay.io/argoproj/argocd:v3.1.0"
    for part, kind in (
        ("server", "Deployment"),
        ("repo-server", "Deployment"),
        ("application-controller", "StatefulSet"),
    ):
        world.workload(kind, namespace, f"acme-argocd-{part}", image, args=[f"argocd-{part}"])
    told = ask(world, ARGO)
    assert (told.verdict, told.health) == ("already_installed", "healthy")
    assert (("argo-cd", namespace)) in told.existing


def test_d2_pods_alone_prove_an_installation_when_their_controllers_may_not_be_read() -> None:
    """D5: positive evidence is enough although other kinds are forbidden."""
    world = cluster()
    tekton(world)
    world.forbid("deployments", "statefulsets", "daemonsets", "replicasets")
    told = ask(world, TEKTON)
    assert (told.verdict, told.health) == ("already_installed", "healthy")
    assert all(one.startswith("Pod/tekton-pipelines/") for one in told.objects("health"))


@pytest.mark.parametrize(
    "forbidden",
    [
        ("pods",),
        ("nodes",),
        ("storageclasses", "resourcequotas"),
        ("customresourcedefinitions",),
        ("nodes", "pods", "statefulsets", "daemonsets", "services"),
        ("nodes.metrics.k8s.io", "pods.metrics.k8s.io"),
    ],
)
def test_d5_what_is_forbidden_elsewhere_does_not_hide_what_was_seen(
    forbidden: tuple[str, ...],
) -> None:
    world = cluster()
    tekton(world)
    world.forbid(*forbidden)
    told = ask(world, TEKTON)
    assert (told.verdict, told.health) == ("already_installed", "healthy")


def test_d1_a_required_part_that_nobody_may_look_for_is_unknown_and_not_missing() -> None:
    """D1 separates "not there" from "not allowed to look": health is unknown, not degraded."""
    world = cluster()
    world.deployment("mon", "operator", "quay.io/prometheus-operator/prometheus-operator:v0.85.0")
    world.forbid("statefulsets", "pods")
    told = ask(world, "Should we install kube-prometheus-stack?")
    assert (told.verdict, told.health) == ("already_installed", "unknown")


def test_d1_a_required_part_that_is_not_there_is_missing_and_named() -> None:
    world = cluster()
    world.deployment("mon", "operator", "quay.io/prometheus-operator/prometheus-operator:v0.85.0")
    told = ask(world, "Should we install kube-prometheus-stack?")
    assert (told.verdict, told.health) == ("already_installed", "degraded")
    assert "prometheus" in told.text("health", "against")


def test_d2_a_supporting_part_that_packagings_split_off_is_not_missed() -> None:
    world = cluster()
    tekton(world)
    world.items = [
        item for item in world.items if "webhook" not in str(item["metadata"].get("name"))
    ]
    told = ask(world, TEKTON)
    assert (told.verdict, told.health) == ("already_installed", "healthy")


LOOK_ALIKES = {
    "crds": lambda world: world.crd("tekton.dev", *TEKTON_CRDS),
    "custom resources": lambda world: world.crd("tekton.dev", "Pipeline").custom(
        "tekton.dev", "Pipeline", "shop", "build"
    ),
    "labels": lambda world: world.deployment(
        "tekton-pipelines",
        "tekton-pipelines-controller",
        "nginx:1.29",
        labels={"app.kubernetes.io/part-of": "tekton-pipelines"},
    ),
    "names": lambda world: world.namespace("tekton-pipelines").deployment(
        "tekton-pipelines", "tekton-pipelines-webhook", "registry.corp/shop/app:2"
    ),
    "another organisation": lambda world: world.deployment(
        "ci", "tekton", "docker.io/somebody/tekton-pipelines-controller:v1.3.1"
    ),
    "an exporter": lambda world: world.deployment(
        "ci", "tekton-exporter", "ghcr.io/acme/tekton-metrics-exporter:1"
    ),
    "a finished job": lambda world: world.finished_job(
        "ci", "install", "ghcr.io/tektoncd/pipeline/controller-0123456789abcdef:v1.3.1"
    ),
    "an evicted pod": lambda world: world.pod(
        "tekton-pipelines",
        "tekton-pipelines-controller-5d4f8c7b9c-x0000",
        "ghcr.io/tektoncd/pipeline/controller-0123456789abcdef:v1.3.1",
        owner=("ReplicaSet", "tekton-pipelines-controller-5d4f8c7b9c"),
        phase="Failed",
        reason="Evicted",
    ),
    "the command line tool": lambda world: world.cron_job(
        "ci", "prune", "ghcr.io/tektoncd/cli/tkn:0.40", command=["tkn", "pipelinerun", "delete"]
    ),
}


@pytest.mark.parametrize("what", LOOK_ALIKES)
def test_d2_what_merely_looks_like_a_tool_proves_nothing(what: str) -> None:
    world = cluster()
    LOOK_ALIKES[what](world)
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert told.existing == {}


USES = {
    "argocd CLI in a CronJob": (
        ARGO,
        lambda world: world.cron_job(
            "ops", "sync", "quay.io/argoproj/argocd:v3.1.0", command=["argocd", "app", "sync", "x"]
        ),
    ),
    "argocd CLI in a Deployment": (
        ARGO,
        lambda world: world.deployment(
            "ops", "argocd-cli", "quay.io/argoproj/argocd:v3.1.0", command=["argocd", "version"]
        ),
    ),
    "vault agent sidecar": (
        "Should we install Vault?",
        lambda world: world.deployment(
            "shop", "agent", "hashicorp/vault:1.20", args=["agent", "-config=/etc/a.hcl"]
        ),
    ),
    "kubectl image": (
        ARGO,
        lambda world: world.deployment(
            "ops", "argocd-kubectl", "bitnami/kubectl:1.33", command=["kubectl", "get", "apps"]
        ),
    ),
    "an init container": (
        ARGO,
        lambda world: world.deployment(
            "ops", "argocd-server", "registry.corp/x:1", init_images=["quay.io/argoproj/argocd:v3"]
        ),
    ),
}


@pytest.mark.parametrize("what", USES)
def test_d2_using_a_tool_is_not_having_it(what: str) -> None:
    request, build = USES[what]
    world = cluster()
    build(world)
    world.storage_class("standard", default=True)
    told = ask(world, request)
    assert told.verdict == "recommend", told.reasons


def test_d2_left_over_definitions_are_reported_and_never_healthy() -> None:
    world = cluster().crd("tekton.dev", *TEKTON_CRDS)
    world.custom("tekton.dev", "Pipeline", "shop", "build")
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert "conflict" in told.kinds("against")
    assert "CustomResourceDefinition/pipelines.tekton.dev" in told.objects("conflict")
    assert any("kubectl get crd" in command for command in told.commands)
    assert "need" in told.kinds("for"), "resources that wait for a controller are a demand"


def test_d2_definitions_beside_their_controller_are_no_left_over() -> None:
    world = cluster()
    tekton(world)
    assert "conflict" not in ask(world, TEKTON).kinds()


def test_d2_a_service_monitor_is_not_prometheus() -> None:
    world = cluster().crd("monitoring.coreos.com", *MONITORING_CRDS)
    world.custom("monitoring.coreos.com", "ServiceMonitor", "shop", "storefront")
    for request in ("Should we adopt Prometheus?", "kube-prometheus-stack 도입할까요?"):
        told = ask(world, request)
        assert told.verdict == "recommend"
        assert told.existing == {}


FAULTS = {
    "zero replicas": ({"replicas": 0}, "scale", "zero"),
    "crash loop": ({"waiting": "CrashLoopBackOff"}, "logs", "CrashLoopBackOff"),
    "image pull": ({"waiting": "ImagePullBackOff"}, "describe", "ImagePullBackOff"),
    "image pull error": ({"waiting": "ErrImagePull"}, "describe", "ErrImagePull"),
    "unschedulable": ({"waiting": "Unschedulable"}, "describe", "no ready"),
    "nothing ready, pods unread": ({"ready": 0, "pods": False}, "describe", "no ready"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_d5_a_broken_installation_is_to_be_repaired_and_not_doubled(what: str) -> None:
    state, command, word = FAULTS[what]
    world = cluster()
    tekton(world, **state)
    told = ask(world, TEKTON)
    assert (told.verdict, told.health) == ("already_installed", "degraded")
    assert word in told.text("health", "against")
    assert any(command in one for one in told.commands)
    assert not any("kubectl apply" in one or "helm" in one for one in told.commands)
    assert "health" not in told.kinds("for")
    assert "do not install a second one" in told.english


def test_d2_one_ready_replica_of_each_required_component_is_enough() -> None:
    world = cluster()
    tekton(world, replicas=2, ready=1)
    assert ask(world, TEKTON).health == "healthy"


def test_d2_a_replica_that_crash_loops_beside_a_ready_one_degrades() -> None:
    world = cluster()
    tekton(world, replicas=2, ready=1, waiting="CrashLoopBackOff")
    assert ask(world, TEKTON).health == "degraded"


def test_d2_each_installation_has_its_own_entry() -> None:
    world = cluster()
    for namespace in ("team-a", "team-b"):
        world.deployment(namespace, "gitea", "gitea/gitea:1.24.2")
    told = ask(world, "Gitea 도입")
    assert set(told.existing) == {("gitea", "team-a"), ("gitea", "team-b")}
    assert told.verdict == "already_installed"


def test_d2_a_healthy_installation_answers_before_a_broken_one() -> None:
    world = cluster()
    world.deployment("a-broken", "gitea", "gitea/gitea:1.24.2", waiting="CrashLoopBackOff")
    world.deployment("b-fine", "gitea", "gitea/gitea:1.24.2")
    told = ask(world, "Gitea 도입")
    assert (told.verdict, told.health) == ("already_installed", "healthy")
    assert told.existing == {("gitea", "a-broken"): "degraded", ("gitea", "b-fine"): "healthy"}


@pytest.mark.parametrize("request_", ["Prometheus 도입", "kube-prometheus-stack 도입", "Grafana?"])
def test_d2_a_bundle_answers_for_itself_and_for_what_it_brings(request_: str) -> None:
    world = cluster()
    monitoring(world)
    told = ask(world, request_)
    assert (told.verdict, told.health) == ("already_installed", "healthy")
    names = {tool for tool, namespace in told.existing if namespace == "monitoring"}
    assert names == {"kube-prometheus-stack", "prometheus", "grafana"}


def test_d2_a_bundle_without_grafana_does_not_answer_for_grafana() -> None:
    world = cluster()
    monitoring(world, grafana=False)
    told = ask(world, "Should we install Grafana?")
    assert told.verdict == "recommend"
    assert ("grafana", "monitoring") not in told.existing


def test_d2_a_bundle_whose_prometheus_is_gone_is_to_be_mended() -> None:
    world = cluster()
    monitoring(world)
    world.items = [
        item
        for item in world.items
        if not str(item["metadata"]["name"]).startswith("prometheus-kps")
    ]
    told = ask(world, "Prometheus 도입")
    assert (told.verdict, told.health) == ("already_installed", "degraded")


def test_d2_an_umbrella_chart_counts_as_an_installation_of_its_parts() -> None:
    labels = {"app.kubernetes.io/instance": "platform", "helm.sh/chart": "platform-1.0.0"}
    world = cluster()
    world.deployment("platform", "platform-gitea", "gitea/gitea:1.24.2", labels=labels)
    world.deployment("platform", "platform-grafana", "grafana/grafana:12.1.0", labels=labels)
    told = ask(world, "Gitea 도입")
    assert told.verdict == "already_installed"
    assert set(told.existing) == {("gitea", "platform"), ("grafana", "platform")}


def test_d5_an_installed_retired_tool_gets_a_lifecycle_reason_with_its_successor() -> None:
    world = cluster()
    ingress_nginx(world)
    told = ask(world, "ingress-nginx 도입해도 될까?")
    assert (told.verdict, told.health) == ("already_installed", "healthy")
    assert "lifecycle" in told.kinds("against")
    assert "Traefik" in told.text("lifecycle")
    assert any(one.startswith("Deployment/ingress-nginx/") for one in told.objects("lifecycle"))


def test_d5_an_installed_tool_stays_installed_on_a_version_below_its_minimum() -> None:
    """Installed by positive evidence comes before the minimum version."""
    world = cluster(version="v1.24.17")
    tekton(world)
    assert ask(world, TEKTON).verdict == "already_installed"


def test_d2_a_status_without_numbers_and_without_pods_is_unknown() -> None:
    world = cluster()
    tekton(world)
    world.without("Pod")
    for item in world.items:
        if item["kind"] == "Deployment":
            del item["status"]
    told = ask(world, TEKTON)
    assert (told.verdict, told.health) == ("already_installed", "unknown")
    assert told.commands


def test_d5_an_empty_list_and_a_builder_without_anything_are_too_little() -> None:
    told = ask(ClusterBuilder(control_planes=0, workers=0), TEKTON)
    assert told.verdict == "undetermined"
    world = cluster()
    gitea(world)
    assert ask(world, TEKTON).verdict == "do_not_recommend"
