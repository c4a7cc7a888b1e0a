"""A request that names a capability is answered for what covers it, else for the best fit (D5)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import argo_cd, cilium, cluster, gitea, ingress_nginx, monitoring, traefik

COVERED = [
    ("Do we need a CI system?", "gitea", lambda world: gitea(world)),
    ("컨테이너 레지스트리가 필요할까?", "gitea", lambda world: gitea(world, runner=False)),
    ("GitOps 도구를 도입해야 하나?", "argo-cd", lambda world: argo_cd(world)),
    ("Do we need monitoring?", "kube-prometheus-stack", lambda world: monitoring(world)),
    ("Do we need an ingress controller?", "traefik", lambda world: traefik(world)),
    ("Do we need a CNI?", "cilium", lambda world: cilium(world)),
]


@pytest.mark.parametrize("case", COVERED, ids=lambda case: case[0])
def test_d5_what_covers_a_capability_in_good_health_answers(case: tuple) -> None:  # type: ignore[type-arg]
    request, tool, build = case
    world = cluster()
    build(world)
    told = ask(world, request)
    assert (told.verdict, told.health, told.tool) == ("already_installed", "healthy", tool)
    assert "need" in told.kinds(), "it is said why this tool answers"


def test_d5_what_would_cover_it_but_is_broken_is_to_be_repaired() -> None:
    world = cluster()
    world.deployment("traefik", "traefik", "traefik:v3.5", waiting="CrashLoopBackOff")
    told = ask(world, "Do we need an ingress controller?")
    assert (told.verdict, told.health, told.tool) == ("already_installed", "degraded", "traefik")


def test_d5_a_broken_runner_is_to_be_repaired_when_pipelines_are_asked_for() -> None:
    world = cluster()
    gitea(world, waiting="CrashLoopBackOff")
    told = ask(world, "Do we need a CI system?")
    assert (told.verdict, told.health, told.tool) == ("already_installed", "degraded", "gitea")


def test_d5_gitea_without_a_runner_does_not_answer_for_pipelines() -> None:
    world = cluster()
    gitea(world, runner=False)
    told = ask(world, "Do we need a CI system?")
    assert (told.verdict, told.tool) == ("recommend", "tekton")


def test_d5_healthy_comes_before_broken() -> None:
    world = cluster()
    world.deployment("a", "traefik", "traefik:v3.5", waiting="CrashLoopBackOff")
    image = "ghcr.io/projectcontour/contour:v1.32.0"
    world.deployment("contour", "contour", image, command=["contour"], args=["serve"])
    world.daemon_set(
        "contour", "envoy", image, "docker.io/envoyproxy/envoy:v1.34.1", replicas=2,
        command=["/bin/contour"], args=["envoy", "shutdown-manager"],
    )  # fmt: skip
    told = ask(world, "Do we need an ingress controller?")
    assert (told.verdict, told.tool, told.health) == ("already_installed", "contour", "healthy")


def test_d5_a_retired_provider_answers_with_its_lifecycle() -> None:
    world = cluster()
    ingress_nginx(world)
    told = ask(world, "Do we need an ingress controller?")
    assert (told.verdict, told.tool) == ("already_installed", "ingress-nginx")
    assert "lifecycle" in told.kinds("against")


@pytest.mark.parametrize(
    ("request_", "tool"),
    [
        ("Do we need a service mesh?", "linkerd"),
        ("서비스 메시가 필요할까?", "linkerd"),
        ("Do we need an ingress controller?", "traefik"),
        ("Do we need certificate management?", "cert-manager"),
        ("로드 밸런서가 필요해?", "metallb"),
        ("백업 도구를 도입해야 할까?", "velero"),
    ],
)
def test_d5_where_nothing_covers_it_the_best_fit_is_judged_and_explained(
    request_: str, tool: str
) -> None:
    told = ask(cluster(), request_)
    assert (told.verdict, told.tool) == ("recommend", tool)
    assert (
        "preference" in told.text("need")
        or "우선순위" in told.text("need")
        or ("the one that the catalog" in told.text("need") or "카탈로그에서" in told.text("need"))
    )


def test_d5_the_first_that_would_be_recommended_is_chosen() -> None:
    """Where Kubernetes is too old for all of them, the first choice is judged."""
    told = ask(cluster(version="v1.30.0"), "Do we need a service mesh?")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "version"
    told = ask(cluster(version="v1.31.4"), "Do we need a service mesh?")
    assert (told.verdict, told.tool) == ("recommend", "linkerd")


def test_d5_a_tool_of_another_platform_is_not_proposed() -> None:
    world = cluster(control_planes=0, workers=0).node("pi", provider_id="k3s://pi")
    told = ask(world, "로드 밸런서가 필요해?")
    assert told.tool == "metallb"
    told = ask(world, "AWS Load Balancer Controller 도입")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "conflict"
    assert ("Node/pi", "spec.providerID", "k3s://pi") in told.cited("conflict")


def test_d5_a_tool_of_the_platform_of_the_nodes_may_be_recommended() -> None:
    world = cluster(control_planes=0, workers=0)
    for number in (1, 2):
        world.node(f"ip-{number}", provider_id=f"aws:///eu-west-1a/i-0{number}")
    told = ask(world, "AWS EBS CSI driver 도입")
    assert told.verdict == "recommend"
    assert "conflict" not in told.kinds()


def test_d5_a_capability_that_may_be_covered_unseen_is_undetermined() -> None:
    told = ask(cluster().forbid("deployments"), "Do we need an ingress controller?")
    assert told.verdict == "undetermined"
    assert "deployments" in told.text("permission")


def test_d5_a_capability_without_a_cluster_is_undetermined() -> None:
    assert ask(None, "Do we need a service mesh?").verdict == "undetermined"
