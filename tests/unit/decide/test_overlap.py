"""The same capability, given by something healthy that is installed, is enough (D5)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import argo_cd, cluster, gitea, ingress_nginx, monitoring, tekton, traefik

TEKTON = "Tekton 도입 여부를 결정해줘"


def test_d5_gitea_with_a_runner_covers_tekton_and_argo_cd_goes_with_it() -> None:
    world = cluster()
    argo_cd(world)
    gitea(world)
    told = ask(world, TEKTON)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "overlap"
    assert told.alternatives == ["gitea", "argo-cd", "GitHub Actions"]
    assert told.decision["alternatives"][0]["name"] == "Gitea Actions"
    assert told.decision["alternatives"][2]["tool"] is None
    assert told.objects("overlap") == {
        "Deployment/gitea/gitea",
        "StatefulSet/gitea/gitea-act-runner",
    }
    assert "gain" in told.kinds("for"), "uncovered secondary capabilities are named"


def test_d5_gitea_without_a_runner_does_not_cover_pipelines() -> None:
    world = cluster()
    gitea(world, runner=False)
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert "overlap" not in told.kinds()


@pytest.mark.parametrize(
    "state",
    [
        {"waiting": "CrashLoopBackOff"},
        {"waiting": "ImagePullBackOff"},
        {"replicas": 0},
        {"ready": 0},
    ],
)
def test_d5_gitea_with_a_broken_runner_covers_nothing_and_is_named_to_be_mended(
    state: dict[str, object],
) -> None:
    world = cluster()
    gitea(world, **state)  # type: ignore[arg-type]
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert "overlap" in told.kinds("against")
    assert any("act-runner" in one for one in told.objects("overlap"))


def test_d5_a_second_runner_that_works_is_enough() -> None:
    world = cluster()
    gitea(world, replicas=0)
    world.deployment("gitea", "act-runner-arm", "gitea/act_runner:0.2.12")
    assert ask(world, TEKTON).verdict == "do_not_recommend"


def test_d5_the_registry_of_gitea_covers_harbor_also_without_a_runner() -> None:
    world = cluster()
    gitea(world, runner=False)
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "do_not_recommend"
    assert told.alternatives[0] == "gitea"
    assert "registry replication" in told.text("gain")


def test_d5_a_degraded_rival_does_not_refuse() -> None:
    world = cluster()
    world.deployment("gitea", "gitea", "gitea/gitea:1.24.2", waiting="CrashLoopBackOff")
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "recommend"
    assert "overlap" in told.kinds("against")
    assert any(one.startswith("Pod/gitea/") for one in told.objects("overlap"))


def test_d5_a_rival_of_unknown_health_leaves_it_undetermined() -> None:
    """Neither "covered by something healthy" nor "not covered" can be said."""
    world = cluster()
    gitea(world, runner=False)
    world.without("Pod")
    for item in world.items:
        if item["metadata"].get("namespace") == "gitea":
            del item["status"]
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "undetermined"
    assert "Gitea" in told.text("permission")


COMPLEMENTS = [
    ("Argo Rollouts 도입", lambda world: argo_cd(world)),
    ("Should we adopt Loki?", lambda world: monitoring(world)),
    ("Should we adopt Argo CD?", lambda world: gitea(world)),
    ("cert-manager 도입", lambda world: traefik(world)),
]


@pytest.mark.parametrize("request_", COMPLEMENTS, ids=lambda one: one[0])
def test_d5_tools_that_complement_each_other_do_not_overlap(request_: tuple) -> None:  # type: ignore[type-arg]
    text, build = request_
    world = cluster(cpu="8", memory="32Gi")
    build(world)
    told = ask(world, text)
    assert told.verdict == "recommend"
    assert "overlap" not in told.kinds()


RIVALS = [
    ("Flux 도입", "argo-cd", lambda world: argo_cd(world)),
    ("Should we use Jenkins?", "tekton", lambda world: tekton(world)),
    ("VictoriaMetrics 도입", "kube-prometheus-stack", lambda world: monitoring(world)),
    ("Should we install Zot?", "gitea", lambda world: gitea(world)),
    ("Contour 도입", "traefik", lambda world: traefik(world)),
]


@pytest.mark.parametrize("request_", RIVALS, ids=lambda one: one[0])
def test_d5_what_gives_the_same_refuses_and_is_the_alternative(request_: tuple) -> None:  # type: ignore[type-arg]
    text, rival, build = request_
    world = cluster()
    build(world)
    told = ask(world, text)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "overlap"
    assert rival in told.alternatives
    assert told.counterfactual


def test_d5_plain_prometheus_covers_the_purpose_of_the_stack_and_extras_are_named() -> None:
    world = cluster()
    world.deployment(
        "mon", "prometheus-server", "quay.io/prometheus/prometheus:v3.5.0",
        args=["--config.file=/etc/prometheus.yml"],
    )  # fmt: skip
    told = ask(world, "kube-prometheus-stack 도입")
    assert told.verdict == "do_not_recommend"
    assert told.alternatives[0] == "prometheus"


def test_d5_overlap_with_a_retired_tool_is_a_reason_to_replace_it() -> None:
    world = cluster()
    ingress_nginx(world)
    told = ask(world, "ingress-nginx를 Traefik으로 교체할까?")
    assert told.verdict == "recommend"
    assert told.tool == "traefik"
    assert "lifecycle" in told.kinds("for")
    assert "Deployment/ingress-nginx/ingress-nginx-controller" in told.objects("lifecycle")
    assert "overlap" not in told.kinds()


def test_d5_also_a_broken_retired_tool_is_a_reason_to_replace_it() -> None:
    world = cluster()
    world.deployment(
        "ingress-nginx", "ingress-nginx-controller",
        "registry.k8s.io/ingress-nginx/controller:v1.13.2", waiting="CrashLoopBackOff",
    )  # fmt: skip
    told = ask(world, "Should we adopt Traefik?")
    assert told.verdict == "recommend"
    assert "lifecycle" in told.kinds("for")


def test_d5_a_cared_for_rival_beside_the_retired_one_still_refuses() -> None:
    world = cluster()
    ingress_nginx(world)
    traefik(world)
    told = ask(world, "Contour 도입")
    assert told.verdict == "do_not_recommend"
    assert told.alternatives[0] == "traefik"
    assert "ingress-nginx" not in told.alternatives


def test_d5_only_some_primary_capabilities_covered_is_told_and_does_not_refuse() -> None:
    """Alloy has two primary capabilities; Fluent Bit gives one of them."""
    world = cluster()
    world.daemon_set("logging", "fluent-bit", "cr.fluentbit.io/fluent/fluent-bit:4.0", replicas=2)
    told = ask(world, "Should we adopt Grafana Alloy?")
    assert told.verdict == "recommend"
    assert "overlap" in told.kinds("against")
    assert "telemetry" in told.text("gain")


def test_d5_two_tools_that_together_cover_all_primary_capabilities_refuse() -> None:
    world = cluster()
    world.daemon_set("logging", "fluent-bit", "cr.fluentbit.io/fluent/fluent-bit:4.0", replicas=2)
    world.deployment(
        "otel", "opentelemetry-operator",
        "ghcr.io/open-telemetry/opentelemetry-operator/opentelemetry-operator:0.130.0",
    )  # fmt: skip
    told = ask(world, "Should we adopt Grafana Alloy?")
    assert told.verdict == "do_not_recommend"
    assert {"fluent-bit", "opentelemetry-operator"} <= set(told.alternatives)


def test_d5_a_tool_in_reach_by_pods_only_still_covers() -> None:
    world = cluster()
    gitea(world)
    world.without("Deployment", "StatefulSet")
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "do_not_recommend"
    assert told.objects("overlap") == {"Pod/gitea/gitea-5d4f8c7b9c-x0000"}


def test_d5_demand_in_the_request_is_told() -> None:
    told = ask(cluster(), "We need CI pipelines for ten teams. Should we adopt Tekton?")
    assert told.verdict == "recommend"
    assert "need" in told.kinds("for")


def test_d5_demand_in_the_cluster_is_told_with_its_objects() -> None:
    world = cluster().ingress("shop", "storefront", tls=True)
    told = ask(world, "cert-manager 도입")
    assert "need" in told.kinds("for")
    assert "Ingress/shop/storefront" in told.objects("need")


def test_d5_no_demand_is_said_with_when_the_tool_would_pay() -> None:
    told = ask(cluster(), "Should we adopt Tekton?")
    assert told.verdict == "recommend"
    assert "need" in told.kinds("against")
    assert "pays when" in told.text("need")
