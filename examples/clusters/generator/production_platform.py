"""The platform of the production cluster: delivery, mesh, policies, ingress, agents."""

from __future__ import annotations

from generator.production_parts import TEAMS
from generator.words import container, helm, secret_ref
from generator.world import World


def flux(world: World) -> None:
    world.namespace("flux-system")
    for name, version in (
        ("helm-controller", "v1.4.2"),
        ("kustomize-controller", "v1.7.1"),
        ("notification-controller", "v1.7.3"),
        ("source-controller", "v1.7.2"),
    ):
        world.deployment(
            "flux-system",
            name,
            [
                container(
                    "manager",
                    f"ghcr.io/fluxcd/{name}:{version}",
                    cpu="100m",
                    memory="64Mi",
                    args=["--watch-all-namespaces", "--log-level=info"],
                )
            ],
            labels={
                "app.kubernetes.io/component": name,
                "app.kubernetes.io/instance": "flux-system",
                "app.kubernetes.io/part-of": "flux",
                "app.kubernetes.io/version": "v2.7.2",
            },
            selector={"app": name},
        )
    world.crds("helm.toolkit.fluxcd.io", "HelmRelease", version="v2", owner="flux")
    world.crds("kustomize.toolkit.fluxcd.io", "Kustomization", owner="flux")
    world.crds("notification.toolkit.fluxcd.io", "Alert", "Provider", "Receiver", owner="flux")
    world.crds(
        "source.toolkit.fluxcd.io",
        "Bucket",
        "ExternalArtifact",
        "GitRepository",
        "HelmChart",
        "HelmRepository",
        "OCIRepository",
        owner="flux",
    )
    world.add(
        "GitRepository",
        "fleet",
        api="source.toolkit.fluxcd.io/v1",
        namespace="flux-system",
        spec={
            "interval": "1m",
            "ref": {"branch": "main"},
            "url": "ssh://git@github.com/example/fleet",
        },
    )
    for name in ("infrastructure", "policies", *TEAMS):
        world.add(
            "Kustomization",
            name,
            api="kustomize.toolkit.fluxcd.io/v1",
            namespace="flux-system",
            spec={
                "interval": "10m",
                "path": f"./clusters/production/{name}",
                "prune": True,
                "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            },
            status={
                "conditions": [
                    {"reason": "ReconciliationSucceeded", "status": "True", "type": "Ready"}
                ]
            },
        )
    for name in ("datadog", "external-dns", "ingress-nginx", "istiod", "kyverno"):
        world.add(
            "HelmRelease",
            name,
            api="helm.toolkit.fluxcd.io/v2",
            namespace="flux-system",
            spec={"chart": {"spec": {"chart": name}}, "interval": "30m"},
            status={
                "conditions": [{"reason": "UpgradeSucceeded", "status": "True", "type": "Ready"}]
            },
        )


def istio(world: World) -> None:
    world.namespace("istio-system")
    world.deployment(
        "istio-system",
        "istiod",
        [
            container(
                "discovery",
                "docker.io/istio/pilot:1.27.3-distroless",
                cpu="500m",
                memory="2Gi",
                args=["discovery", "--monitoringAddr=:15014"],
            )
        ],
        labels={
            "app": "istiod",
            "app.kubernetes.io/instance": "istiod",
            "app.kubernetes.io/name": "istiod",
            "app.kubernetes.io/part-of": "istio",
            "app.kubernetes.io/version": "1.27.3",
            "istio": "pilot",
        },
        selector={"app": "istiod", "istio": "pilot"},
        replicas=3,
    )
    gateway = {
        "app": "istio-ingressgateway",
        "app.kubernetes.io/name": "istio-ingressgateway",
        "app.kubernetes.io/version": "1.27.3",
        "istio": "ingressgateway",
    }
    world.deployment(
        "istio-system",
        "istio-ingressgateway",
        [
            container(
                "istio-proxy",
                "docker.io/istio/proxyv2:1.27.3-distroless",
                cpu="100m",
                memory="128Mi",
                args=["proxy", "router"],
            )
        ],
        labels=gateway,
        selector={"istio": "ingressgateway"},
        replicas=3,
    )
    world.service(
        "istio-system",
        "istio-ingressgateway",
        443,
        labels=gateway,
        selector={"istio": "ingressgateway"},
        type="LoadBalancer",
        address={"hostname": "a1f0mesh-example.elb.eu-central-1.amazonaws.com"},
    )
    world.crds(
        "networking.istio.io",
        "DestinationRule",
        "EnvoyFilter",
        "Gateway",
        "ProxyConfig",
        "ServiceEntry",
        "Sidecar",
        "VirtualService",
        "WorkloadEntry",
        "WorkloadGroup",
    )
    world.crds(
        "security.istio.io", "AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"
    )
    world.crds("telemetry.istio.io", "Telemetry:telemetries")
    world.crds("extensions.istio.io", "WasmPlugin", version="v1alpha1")
    world.add(
        "PeerAuthentication",
        "default",
        api="security.istio.io/v1",
        namespace="istio-system",
        spec={"mtls": {"mode": "STRICT"}},
    )
    for team in TEAMS:
        world.add(
            "VirtualService",
            f"{team}-api",
            api="networking.istio.io/v1",
            namespace=team,
            spec={"hosts": [f"{team}-api"]},
        )


def kyverno(world: World) -> None:
    world.namespace("kyverno")
    for component, image, replicas in (
        ("admission-controller", "kyverno", 3),
        ("background-controller", "background-controller", 2),
        ("cleanup-controller", "cleanup-controller", 1),
        ("reports-controller", "reports-controller", 1),
    ):
        world.deployment(
            "kyverno",
            f"kyverno-{component}",
            [
                container(
                    "kyverno" if image == "kyverno" else "controller",
                    f"reg.kyverno.io/kyverno/{image}:v1.15.2",
                    cpu="100m",
                    memory="128Mi",
                )
            ],
            labels={
                "app.kubernetes.io/component": component,
                "app.kubernetes.io/instance": "kyverno",
                "app.kubernetes.io/managed-by": "Helm",
                "app.kubernetes.io/part-of": "kyverno",
                "app.kubernetes.io/version": "v1.15.2",
                "helm.sh/chart": "kyverno-3.5.2",
            },
            selector={
                "app.kubernetes.io/component": component,
                "app.kubernetes.io/part-of": "kyverno",
            },
            replicas=replicas,
        )
    world.crds(
        "kyverno.io",
        "CleanupPolicy",
        "ClusterCleanupPolicy",
        "ClusterPolicy",
        "GlobalContextEntry",
        "Policy",
        "PolicyException",
        "UpdateRequest",
        version="v2",
    )
    world.crds("wgpolicyk8s.io", "ClusterPolicyReport", "PolicyReport", version="v1alpha2")
    for name in (
        "disallow-latest-tag",
        "disallow-privileged",
        "require-limits",
        "require-labels",
        "restrict-registries",
        "verify-image-signatures",
    ):
        world.add(
            "ClusterPolicy", name, api="kyverno.io/v1", spec={"validationFailureAction": "Enforce"}
        )


def ingress(world: World) -> None:
    world.namespace("ingress-nginx", "external-dns")
    labels = helm(
        "ingress-nginx",
        "ingress-nginx",
        "1.13.3",
        "ingress-nginx-4.13.3",
        component="controller",
        part_of="ingress-nginx",
    )
    world.deployment(
        "ingress-nginx",
        "ingress-nginx-controller",
        [
            container(
                "controller",
                "registry.k8s.io/ingress-nginx/controller:v1.13.3",
                cpu="500m",
                memory="512Mi",
                args=["/nginx-ingress-controller", "--ingress-class=nginx"],
            )
        ],
        labels=labels,
        replicas=4,
    )
    world.service(
        "ingress-nginx",
        "ingress-nginx-controller",
        443,
        labels=labels,
        selector={"app.kubernetes.io/name": "ingress-nginx"},
        type="LoadBalancer",
        address={"hostname": "a7c2nginx-example.elb.eu-central-1.amazonaws.com"},
    )
    world.add(
        "IngressClass",
        "nginx",
        api="networking.k8s.io/v1",
        labels=labels,
        spec={"controller": "k8s.io/ingress-nginx"},
    )
    world.deployment(
        "external-dns",
        "external-dns",
        [
            container(
                "external-dns",
                "registry.k8s.io/external-dns/external-dns:v0.19.0",
                cpu="50m",
                memory="64Mi",
                args=["--provider=aws", "--policy=sync"],
            )
        ],
        labels=helm("external-dns", "external-dns", "0.19.0", "external-dns-1.19.0"),
    )
    world.crds("externaldns.k8s.io", "DNSEndpoint", version="v1alpha1")


def agents(world: World) -> None:
    """A hosted observability service: its agents run here, its storage does not."""
    world.namespace("datadog")
    base = helm("datadog", "datadog", "7", "datadog-3.136.1")
    world.daemon_set(
        "datadog",
        "datadog",
        [
            container(
                name,
                "gcr.io/datadoghq/agent:7.71.2",
                cpu="100m",
                memory="256Mi",
                command=["agent", "run"] if name == "agent" else [f"{name}"],
                env={"DD_API_KEY": secret_ref("datadog", "api-key")},
            )
            for name in ("agent", "trace-agent", "process-agent")
        ],
        labels=base | {"app.kubernetes.io/component": "agent"},
    )
    world.deployment(
        "datadog",
        "datadog-cluster-agent",
        [
            container(
                "cluster-agent", "gcr.io/datadoghq/cluster-agent:7.71.2", cpu="200m", memory="256Mi"
            )
        ],
        labels=base | {"app.kubernetes.io/component": "cluster-agent"},
        replicas=2,
    )
    world.crds("datadoghq.com", "DatadogMetric", "DatadogPodAutoscaler", version="v1alpha1")
