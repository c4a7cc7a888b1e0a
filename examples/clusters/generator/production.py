"""A large production cluster on a managed control plane: Flux, Istio, Kyverno, many teams."""

from __future__ import annotations

from generator.production_parts import REGISTRY, TEAMS
from generator.production_platform import agents, flux, ingress, istio, kyverno
from generator.production_system import system
from generator.words import container, digest, share
from generator.world import World

VERSION = "v1.34.1-eks-113cf36"


ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")


NODES = 60


SERVICES = ("api", "backoffice", "consumer", "scheduler", "web", "worker")


def build() -> World:
    """The whole cluster."""
    world = World("production", version=VERSION, born="2023-05-22T06:00:00")
    world.slim()
    _nodes(world)
    world.namespace("default", "kube-system", "kube-public", "kube-node-lease")
    system(world)
    flux(world)
    istio(world)
    kyverno(world)
    ingress(world)
    agents(world)
    _teams(world)
    world.metrics()
    return world


def _nodes(world: World) -> None:
    for index in range(NODES):
        zone = ZONES[index % 3]
        ip = f"10.40.{index * 4 % 256}.{11 + index}"
        world.node(
            f"ip-10-40-{index * 4 % 256}-{11 + index}.eu-central-1.compute.internal",
            cpu="16",
            memory="64Gi",
            reserved_cpu="110m",
            reserved_memory="1162Mi",
            ip=ip,
            index=index,
            pods=110,
            os_image="Bottlerocket OS 1.49.0 (aws-k8s-1.34)",
            kernel="6.12.46",
            runtime="containerd://2.1.4+bottlerocket",
            provider_id=f"aws:///{zone}/i-0{digest(f'instance{index}', 16)}",
            labels={
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": f"general-{zone[-1]}",
                "node.kubernetes.io/instance-type": "m7i.4xlarge",
                "topology.kubernetes.io/region": "eu-central-1",
                "topology.kubernetes.io/zone": zone,
            },
        )


def _teams(world: World) -> None:
    sidecar = container(
        "istio-proxy",
        "docker.io/istio/proxyv2:1.27.3-distroless",
        cpu="100m",
        memory="128Mi",
        args=["proxy", "sidecar"],
    )
    for team in TEAMS:
        world.namespace(team, **{"istio-injection": "enabled", "team": team})
        for service in SERVICES:
            _service(world, team, service, sidecar)
        world.ingress(
            team,
            f"{team}-web",
            f"{team}.example.com",
            class_name="nginx",
            address={"hostname": "a7c2nginx-example.elb.eu-central-1.amazonaws.com"},
        )
        world.stateful_set(
            team,
            f"{team}-cache",
            [container("redis", f"{REGISTRY}/base/redis:7.4.5", cpu="200m", memory="1Gi")],
            labels={
                "app.kubernetes.io/instance": f"{team}-cache",
                "app.kubernetes.io/name": "cache",
                "team": team,
            },
            volume=("data", "20Gi", "gp3"),
        )
        hard = {
            "limits.memory": "256Gi",
            "persistentvolumeclaims": "20",
            "pods": "120",
            "requests.cpu": "60",
            "requests.memory": "160Gi",
        }
        world.add(
            "ResourceQuota",
            "team",
            api="v1",
            namespace=team,
            spec={"hard": hard},
            status={
                "hard": hard,
                "used": {
                    "limits.memory": "48Gi",
                    "persistentvolumeclaims": "1",
                    "pods": "21",
                    "requests.cpu": "14",
                    "requests.memory": "38Gi",
                },
            },
        )
        world.add(
            "LimitRange",
            "team",
            api="v1",
            namespace=team,
            spec={
                "limits": [
                    {
                        "default": {"memory": "1Gi"},
                        "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
                        "type": "Container",
                    }
                ]
            },
        )
        world.add(
            "NetworkPolicy",
            "default-deny",
            api="networking.k8s.io/v1",
            namespace=team,
            spec={"podSelector": {}, "policyTypes": ["Ingress"]},
        )
    world.cron_job(
        "reporting",
        "reporting-nightly",
        f"{REGISTRY}/reporting/nightly:2026.44.1",
        "0 1 * * *",
        labels={"app.kubernetes.io/name": "reporting-nightly"},
    )


def _service(world: World, team: str, service: str, sidecar: dict[str, object]) -> None:
    name = f"{team}-{service}"
    weight = share(name)
    replicas = 2 + int(weight * 4)
    labels = {
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/version": f"2026.{40 + int(weight * 4)}.{int(weight * 9)}",
        "team": team,
    }
    image = f"{REGISTRY}/{team}/{service}:{labels['app.kubernetes.io/version']}"
    world.deployment(
        team,
        name,
        [
            container(
                service,
                image,
                cpu=f"{250 + int(weight * 6) * 250}m",
                memory=f"{512 + int(weight * 5) * 512}Mi",
                limit="4Gi",
                port=8080,
            )
        ],
        labels=labels,
        sidecars=[sidecar],
        replicas=replicas,
    )
    if service in ("api", "web", "backoffice"):
        world.service(team, name, 8080, labels=labels, selector={"app.kubernetes.io/name": name})
    if service in ("api", "web"):
        world.add(
            "HorizontalPodAutoscaler",
            name,
            api="autoscaling/v2",
            namespace=team,
            spec={
                "maxReplicas": 20,
                "minReplicas": 2,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            },
            status={"currentReplicas": replicas, "desiredReplicas": replicas},
        )
