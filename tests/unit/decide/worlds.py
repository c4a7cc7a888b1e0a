"""Installations as their charts and manifests make them, to put into built clusters."""

from __future__ import annotations

from mas.testing.clusters import ClusterBuilder

TEKTON_CRDS = ("Pipeline", "PipelineRun", "Task", "TaskRun", "CustomRun")
MONITORING_CRDS = ("Prometheus", "ServiceMonitor", "PodMonitor", "PrometheusRule", "Alertmanager")


def cluster(**how: object) -> ClusterBuilder:
    """One control-plane node and two workers with a default StorageClass and one application."""
    world = ClusterBuilder(**how)  # type: ignore[arg-type]
    world.storage_class("local-path", default=True)
    return world.deployment("shop", "storefront", "registry.corp/shop/storefront:7")


def argo_cd(world: ClusterBuilder, *, image: str = "quay.io/argoproj/argocd:v3.1.0") -> None:
    """Argo CD by its manifests."""
    labels = {"app.kubernetes.io/part-of": "argocd"}
    for name in ("argocd-server", "argocd-repo-server", "argocd-applicationset-controller"):
        world.deployment("argocd", name, image, args=[f"/usr/local/bin/{name}"], labels=labels)
    world.stateful_set(
        "argocd",
        "argocd-application-controller",
        image,
        args=["/usr/local/bin/argocd-application-controller"],
        labels=labels,
    )
    world.deployment("argocd", "argocd-redis", "public.ecr.aws/docker/library/redis:7.2.7")


def gitea(world: ClusterBuilder, *, runner: bool = True, **runner_state: object) -> None:
    """Gitea by its chart; `runner_state` is told of its Actions runner."""
    labels = {"app.kubernetes.io/name": "gitea", "app.kubernetes.io/instance": "gitea"}
    world.deployment("gitea", "gitea", "docker.gitea.com/gitea:1.24.2-rootless", labels=labels)
    if runner:
        world.stateful_set(
            "gitea", "gitea-act-runner", "docker.io/gitea/act_runner:0.2.12", **runner_state
        )


def tekton(world: ClusterBuilder, **controller: object) -> None:
    """Tekton Pipelines by its release; `controller` is told of the controller."""
    labels = {"app.kubernetes.io/part-of": "tekton-pipelines"}
    path = "ghcr.io/tektoncd/pipeline"
    for part in ("controller", "webhook", "events"):
        name = f"{part}-{'0123456789abcdef' * 2}"
        told = controller if part == "controller" else {}
        world.deployment(
            "tekton-pipelines",
            f"tekton-{'pipelines-' if part != 'events' else 'events-'}"
            f"{part if part != 'events' else 'controller'}",
            f"{path}/{name}:v1.3.1@sha256:{'ab' * 32}",
            labels=labels,
            **told,
        )
    world.crd("tekton.dev", *TEKTON_CRDS)


def monitoring(
    world: ClusterBuilder, *, grafana: bool = True, namespace: str = "monitoring"
) -> None:
    """kube-prometheus-stack."""
    labels = {
        "app.kubernetes.io/part-of": "kube-prometheus-stack",
        "app.kubernetes.io/instance": "kps",
    }
    world.deployment(
        namespace,
        "kps-kube-prometheus-stack-operator",
        "quay.io/prometheus-operator/prometheus-operator:v0.85.0",
        labels=labels,
    )
    world.stateful_set(
        namespace,
        "prometheus-kps-kube-prometheus-stack-prometheus",
        "quay.io/prometheus/prometheus:v3.5.0",
        "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0",
        labels={"app.kubernetes.io/name": "prometheus"},
    )
    world.stateful_set(
        namespace, "alertmanager-kps-alertmanager", "quay.io/prometheus/alertmanager:v0.28.1"
    )
    if grafana:
        world.deployment(namespace, "kps-grafana", "docker.io/grafana/grafana:12.1.0")
    world.daemon_set(
        namespace, "kps-prometheus-node-exporter", "quay.io/prometheus/node-exporter:v1.9.1"
    )
    world.crd("monitoring.coreos.com", *MONITORING_CRDS)


def cilium(world: ClusterBuilder) -> None:
    """Cilium as a pod network."""
    world.daemon_set(
        "kube-system", "cilium", "quay.io/cilium/cilium:v1.18.1", replicas=2, args=["cilium-agent"]
    )
    world.deployment("kube-system", "cilium-operator", "quay.io/cilium/operator-generic:v1.18.1")


def ingress_nginx(world: ClusterBuilder) -> None:
    """The retired ingress-nginx."""
    world.deployment(
        "ingress-nginx",
        "ingress-nginx-controller",
        "registry.k8s.io/ingress-nginx/controller:v1.13.2@sha256:" + "cd" * 32,
        labels={"app.kubernetes.io/name": "ingress-nginx"},
    )


def traefik(world: ClusterBuilder, *, namespace: str = "traefik") -> None:
    """Traefik by its chart."""
    world.deployment(
        namespace,
        "traefik",
        "docker.io/traefik:v3.5.0",
        labels={"app.kubernetes.io/name": "traefik"},
    )
