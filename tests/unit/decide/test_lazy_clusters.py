"""What people really have: operators alone, vendor packagings, pods without their controllers."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import cluster

from mas.catalog.loader import load_catalog

ACTIVATOR = "gcr.io/knative-releases/knative.dev/serving/cmd/activator:v1.18"
RED_HAT = "registry.redhat.io/openshift-gitops-1/argocd-rhel8:v1.17"


@pytest.mark.parametrize(
    ("request_text", "namespace", "name", "image"),
    [
        ("Keycloak", "sso", "keycloak-operator", "quay.io/keycloak/keycloak-operator:26.3.0"),
        ("Cilium", "kube-system", "cilium-operator", "quay.io/cilium/operator-generic:v1.18.4"),
        ("Knative", "knative-serving", "activator", ACTIVATOR),
        ("Argo CD", "argocd", "argocd-server", "quay.io/argoproj/argocd:v3.1.0"),
        ("Argo CD", "openshift-gitops", "openshift-gitops-server", RED_HAT),
        ("Istio", "istio-system", "istiod", "registry.corp/pilot:1.27.0"),
        ("cert-manager", "cm", "cert-manager", "quay.io/jetstack/cert-manager-controller:v1.18.2"),
        ("Flux", "flux-system", "kustomize-controller", "ghcr.io/fluxcd/kustomize-controller:v1.7"),
    ],
)
def test_d2_one_controller_or_server_is_an_installation(
    request_text: str, namespace: str, name: str, image: str
) -> None:
    world = cluster()
    world.deployment(namespace, name, image)
    told = ask(world, f"Should we adopt {request_text}?")
    assert (told.verdict, told.health) == ("already_installed", "healthy")


@pytest.mark.parametrize(
    ("words", "capability"),
    [
        ("log collection", "log-collection"),
        ("event autoscaling", "event-autoscaling"),
        ("dns records", "dns-records"),
        ("secret encryption", "secret-encryption"),
        ("autoscaling", "event-autoscaling"),
        ("a database", "postgres-databases"),
        ("storage", "replicated-storage"),
    ],
)
def test_r2_a_capability_is_known_by_its_id_and_by_plain_words(words: str, capability: str) -> None:
    told = ask(cluster(), f"Do we need {words}?")
    tool = load_catalog().tools[told.tool or ""]
    assert capability in tool.capabilities.primary
    assert told.verdict != "undetermined"


@pytest.mark.parametrize("tool", ["Argo CD", "cert-manager", "KEDA", "Linkerd", "External Secrets"])
def test_d6_a_refusal_always_names_something_to_use_instead(tool: str) -> None:
    world = cluster(workers=1).load("w-1", cpu="4", memory="8Gi")
    told = ask(world, f"Should we adopt {tool}?")
    assert told.verdict == "do_not_recommend"
    assert told.alternatives


def test_d5_a_retired_tool_on_too_old_a_cluster_says_what_else_would_be_needed() -> None:
    told = ask(cluster(version="v1.20.4"), "Should we adopt ingress-nginx?")
    assert told.verdict == "do_not_recommend"
    assert "1.21" in told.counterfactual
    assert "no longer cared for" in told.counterfactual


def test_d6_pods_stand_for_applications_whose_workloads_were_not_listed() -> None:
    """Pods of a ReplicaSet and of a StatefulSet count once each; a lone pod is an experiment."""
    world = cluster()
    before = ask(world, "Should we adopt Tekton?").decision["cluster"]["applications"]
    for name, kind, owner in (
        ("shop-7d9cbbf6c4-aaaaa", "ReplicaSet", "shop-7d9cbbf6c4"),
        ("shop-7d9cbbf6c4-bbbbb", "ReplicaSet", "shop-7d9cbbf6c4"),
        ("orders-0", "StatefulSet", "orders"),
        ("lone", "", ""),
    ):
        world.pod("sales", name, "registry.corp/sales:1")
        if kind:
            world.items[-1]["metadata"]["ownerReferences"] = [
                {"apiVersion": "apps/v1", "kind": kind, "name": owner, "controller": True}
            ]
    after = ask(world, "Should we adopt Tekton?").decision["cluster"]["applications"]
    assert after - before == 2
