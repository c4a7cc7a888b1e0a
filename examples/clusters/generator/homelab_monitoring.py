"""The Prometheus stack of the homelab."""

from __future__ import annotations

from generator.homelab_parts import DOMAIN, STORAGE, page
from generator.words import container, helm, secret_ref
from generator.world import World


def monitoring(world: World) -> None:
    world.namespace("monitoring")
    release = "kube-prometheus-stack"
    chart = "kube-prometheus-stack-75.15.1"
    base = {
        "app.kubernetes.io/instance": release,
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/part-of": release,
        "app.kubernetes.io/version": "75.15.1",
        "chart": chart,
        "heritage": "Helm",
        "release": release,
    }
    world.deployment(
        "monitoring",
        f"{release}-operator",
        [
            container(
                release,
                "quay.io/prometheus-operator/prometheus-operator:v0.83.0",
                cpu="100m",
                memory="100Mi",
                args=["--kubelet-service=kube-system/kubelet"],
            )
        ],
        labels=base
        | {
            "app": f"{release}-operator",
            "app.kubernetes.io/component": "prometheus-operator",
            "app.kubernetes.io/name": f"{release}-prometheus-operator",
        },
    )
    world.crds(
        "monitoring.coreos.com",
        "Alertmanager",
        "AlertmanagerConfig",
        "PodMonitor",
        "Probe",
        "Prometheus:prometheuses",
        "PrometheusAgent",
        "PrometheusRule",
        "ScrapeConfig",
        "ServiceMonitor",
        "ThanosRuler",
    )
    reloader = container(
        "config-reloader",
        "quay.io/prometheus-operator/prometheus-config-reloader:v0.83.0",
        command=["/bin/prometheus-config-reloader"],
    )
    for kind, name, image, version, cpu, memory, size in (
        (
            "Prometheus",
            "prometheus",
            "quay.io/prometheus/prometheus",
            "v3.5.0",
            "300m",
            "1Gi",
            "50Gi",
        ),
        (
            "Alertmanager",
            "alertmanager",
            "quay.io/prometheus/alertmanager",
            "v0.28.1",
            "20m",
            "64Mi",
            "2Gi",
        ),
    ):
        resource = f"{release}-{name}"
        owner = world.add(
            kind,
            resource,
            api="monitoring.coreos.com/v1",
            namespace="monitoring",
            labels=base | {"app": resource},
            spec={"image": f"{image}:{version}", "replicas": 1},
            status={"availableReplicas": 1, "replicas": 1},
        )
        world.stateful_set(
            "monitoring",
            f"{name}-{resource}",
            [
                container(
                    name,
                    f"{image}:{version}",
                    cpu=cpu,
                    memory=memory,
                    args=[
                        f"--config.file=/etc/{name}/config_out/{name}.env.yaml",
                        f"--web.external-url=https://{name}.{DOMAIN}",
                    ],
                ),
                reloader,
            ],
            labels={
                "app": resource,
                "app.kubernetes.io/instance": resource,
                "app.kubernetes.io/managed-by": "prometheus-operator",
                "app.kubernetes.io/name": name,
                "operator.prometheus.io/name": resource,
                "app.kubernetes.io/version": version.removeprefix("v"),
                "release": release,
            },
            owner=owner,
            volume=(f"{name}-{resource}-db", size, STORAGE),
        )
        page(
            world,
            "monitoring",
            name,
            {"app.kubernetes.io/instance": resource, "app.kubernetes.io/name": name},
            9090,
        )
    grafana = helm("grafana", release, "12.0.2", "grafana-9.3.1")
    world.deployment(
        "monitoring",
        f"{release}-grafana",
        [
            container("grafana-sc-dashboard", "quay.io/kiwigrid/k8s-sidecar:1.30.3"),
            container("grafana-sc-datasources", "quay.io/kiwigrid/k8s-sidecar:1.30.3"),
            container(
                "grafana",
                "docker.io/grafana/grafana:12.0.2",
                cpu="100m",
                memory="256Mi",
                port=3000,
                env={"GF_SECURITY_ADMIN_PASSWORD": secret_ref("grafana", "password")},
            ),
        ],
        labels=grafana,
    )
    page(world, "monitoring", "grafana", grafana, 3000)
    world.deployment(
        "monitoring",
        f"{release}-kube-state-metrics",
        [
            container(
                "kube-state-metrics",
                "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.16.0",
                cpu="10m",
                memory="64Mi",
                args=["--port=8080"],
            )
        ],
        labels=helm(
            "kube-state-metrics",
            release,
            "2.16.0",
            "kube-state-metrics-6.1.0",
            component="metrics",
            part_of="kube-state-metrics",
        ),
    )
    world.daemon_set(
        "monitoring",
        f"{release}-prometheus-node-exporter",
        [
            container(
                "node-exporter",
                "quay.io/prometheus/node-exporter:v1.9.1",
                cpu="10m",
                memory="32Mi",
                args=["--path.procfs=/host/proc"],
            )
        ],
        labels=helm(
            "prometheus-node-exporter",
            release,
            "1.9.1",
            "prometheus-node-exporter-4.47.1",
            component="metrics",
            part_of="prometheus-node-exporter",
        ),
    )
    for name in (
        "apiserver",
        "coredns",
        "grafana",
        "kube-state-metrics",
        "kubelet",
        "operator",
        "prometheus",
        "prometheus-node-exporter",
        "alertmanager",
    ):
        world.add(
            "ServiceMonitor",
            f"{release}-{name}",
            api="monitoring.coreos.com/v1",
            namespace="monitoring",
            labels=base | {"app": name},
            spec={
                "endpoints": [{"port": "http-metrics"}],
                "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            },
        )
    for name in (
        "alertmanager.rules",
        "etcd",
        "general.rules",
        "kube-apiserver-slos",
        "kubernetes-apps",
        "kubernetes-storage",
        "node-exporter",
        "prometheus",
    ):
        world.add(
            "PrometheusRule",
            f"{release}-{name}",
            api="monitoring.coreos.com/v1",
            namespace="monitoring",
            labels=base | {"app": release},
            spec={"groups": [{"name": name, "rules": []}]},
        )
