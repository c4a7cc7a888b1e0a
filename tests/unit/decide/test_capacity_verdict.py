"""A tool whose pods find no room is refused, with cause, objects and the way out (D4, D5)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import cluster

from mas.testing.clusters import ClusterBuilder

TEKTON = "Should we adopt Tekton?"
TEKTON_KO = "Tekton 도입 여부를 결정해줘"


def small(**how: object) -> ClusterBuilder:
    """One tainted control-plane node and one worker with an application."""
    return cluster(workers=1, **how)


def refused(world: ClusterBuilder, request: str = TEKTON) -> str:
    """The text of the capacity reasons of a refusal, in which everything that must hold, holds."""
    told = ask(world, request)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "capacity"
    assert told.counterfactual
    assert any(one.startswith(("Node/", "ResourceQuota/")) for one in told.objects("capacity"))
    return told.text("capacity", "against")


def test_d4_room_enough_speaks_for_it() -> None:
    told = ask(small(), TEKTON)
    assert told.verdict == "recommend"
    assert "Node/w-1" in told.objects("capacity")


def test_d4_requests_of_what_runs_count() -> None:
    world = small().load("w-1", cpu="3800m")
    assert "not enough CPU (w-1)" in refused(world)


def test_d4_memory_counts_too() -> None:
    world = small().load("w-1", cpu="100m", memory="7900Mi")
    assert "not enough memory (w-1)" in refused(world)


def test_d4_pods_that_have_ended_ask_for_nothing() -> None:
    world = small()
    for index, phase in enumerate(("Succeeded", "Failed")):
        world.pod(
            "shop", f"done-{index}", "registry.corp/batch:1", phase=phase, requests={"cpu": "3800m"}
        )
    assert ask(world, TEKTON).verdict == "recommend"


def test_d4_init_containers_count_as_the_scheduler_counts_them() -> None:
    world = small().load("w-1", cpu="100m")
    pod = world.items[-1]
    pod["spec"]["initContainers"] = [
        {"image": "registry.corp/init:1", "name": "i", "resources": {"requests": {"cpu": "3900m"}}}
    ]
    assert "not enough CPU (w-1)" in refused(world)


def test_d4_taints_repel_and_preferences_do_not() -> None:
    taint = {"effect": "NoSchedule", "key": "dedicated", "value": "gpu"}
    world = cluster(workers=0).node("gpu-1", taints=[taint])
    text = refused(world)
    assert "taint dedicated (gpu-1)" in text
    assert "taint node-role.kubernetes.io/control-plane (cp-1)" in text
    told = ask(world, TEKTON)
    assert ("Node/gpu-1", "spec.taints[0].key", "dedicated") in told.cited("capacity")
    soft = cluster(workers=0).node("w-1", taints=[{**taint, "effect": "PreferNoSchedule"}])
    assert ask(soft, TEKTON).verdict == "recommend"


def test_d4_a_cordoned_node_takes_nothing_and_uncordoning_is_the_way_out() -> None:
    world = cluster(workers=0).node("w-1", cordoned=True)
    assert "cordoned (w-1)" in refused(world)
    told = ask(world, TEKTON)
    assert ("Node/w-1", "spec.unschedulable", "true") in told.cited("capacity")
    assert "uncordon node w-1" in told.counterfactual


def test_d4_a_node_that_only_carries_the_taint_of_a_cordon_is_cited_by_it() -> None:
    taint = {"effect": "NoSchedule", "key": "node.kubernetes.io/unschedulable"}
    world = cluster(workers=0).node("w-1", taints=[taint])
    told = ask(world, TEKTON)
    assert told.verdict == "do_not_recommend"
    assert ("Node/w-1", "spec.taints[0].key", taint["key"]) in told.cited("capacity")


def test_d4_a_node_that_is_not_ready_takes_nothing() -> None:
    world = cluster(workers=0).node("w-1", ready=False)
    assert "not ready (w-1)" in refused(world)
    told = ask(world, TEKTON)
    assert ("Node/w-1", "status.conditions[2].status", "False") in told.cited("capacity")


def test_d4_a_ready_node_with_the_taint_of_an_unready_one_is_cited_by_it() -> None:
    taint = {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable"}
    told = ask(cluster(workers=0).node("w-1", taints=[taint]), TEKTON)
    assert told.verdict == "do_not_recommend"
    assert ("Node/w-1", "spec.taints[0].key", taint["key"]) in told.cited("capacity")


def test_d4_pod_slots_count() -> None:
    world = small(pods="4").load("w-1", cpu="1m", memory="1Mi", pods=3)
    assert "no pod slot left" in refused(world)
    assert ("Node/w-1", "status.allocatable.pods", "4") in ask(world, TEKTON).cited("capacity")


def test_d4_measured_saturation_counts_from_ninety_percent() -> None:
    world = small().usage("w-1", cpu="3600m", memory="1Gi")
    assert "90%" in refused(world)
    assert ("NodeMetrics/w-1", "usage.cpu", "3600m") in ask(world, TEKTON).cited("capacity")
    assert ask(small().usage("w-1", cpu="3599m", memory="1Gi"), TEKTON).verdict == "recommend"


def test_d4_saturated_memory_counts_also_when_nothing_is_requested() -> None:
    world = small().usage("w-1", cpu="100m", memory="7600Mi")
    assert "90%" in refused(world)


@pytest.mark.parametrize(
    "name", ["nodes.metrics.k8s.io", "nodes.metrics.k8s.io,pods.metrics.k8s.io"]
)
def test_d1_metrics_that_may_not_be_read_are_told_and_change_no_verdict(name: str) -> None:
    """Metrics are read "where they are served" (D1): like a cluster without them, requests decide.

    That saturation could not be checked is said in the capacity reason.
    """
    told = ask(small().forbid(*name.split(",")), TEKTON)
    assert told.verdict == "recommend"
    assert "Measured use could not be read" in told.text("capacity")


def test_d4_free_room_that_is_scattered_over_the_nodes_is_called_so() -> None:
    world = cluster(workers=4, cpu="1")
    for number in range(1, 5):
        world.load(f"w-{number}", cpu="920m")
    text = refused(world)
    assert "scattered" in text
    assert "free" in ask(world, TEKTON).counterfactual


QUOTAS = {
    "pods": ({"pods": "3"}, {"pods": "1"}, "pods"),
    "cpu": ({"requests.cpu": "1"}, {"requests.cpu": "900m"}, "requests.cpu"),
    "memory": ({"requests.memory": "1Gi"}, {"requests.memory": "900Mi"}, "requests.memory"),
    "deployments": ({"count/deployments.apps": "2"}, {}, "count/deployments.apps"),
}


@pytest.mark.parametrize("what", QUOTAS)
def test_d4_a_quota_in_the_target_namespace_refuses_and_raising_it_is_the_way_out(
    what: str,
) -> None:
    hard, used, resource = QUOTAS[what]
    world = (
        small()
        .namespace("tekton-pipelines")
        .quota("tekton-pipelines", "team", hard=hard, used=used)
    )
    assert resource in refused(world)
    told = ask(world, TEKTON)
    assert "ResourceQuota/tekton-pipelines/team" in told.objects("capacity")
    assert "team" in told.counterfactual


def test_d4_a_quota_elsewhere_does_not_matter() -> None:
    world = small().quota("shop", "team", hard={"pods": "1"}, used={"pods": "1"})
    assert ask(world, TEKTON).verdict == "recommend"


def test_d4_a_quota_in_the_namespace_that_the_request_names_counts() -> None:
    world = small().namespace("team-a").quota("team-a", "tight", hard={"pods": "1"})
    told = ask(world, "Should we install Gitea in namespace team-a?")
    assert told.verdict == "do_not_recommend"
    assert "tight" in told.text("capacity")
    assert ask(world, "Should we install Gitea?").verdict == "recommend"


def test_d6_the_guide_goes_to_the_namespace_that_the_request_names() -> None:
    told = ask(small(), "Should we install Gitea in namespace team-a?")
    assert any("--namespace team-a" in command for command in told.commands)
    assert not any("--namespace gitea " in command for command in told.commands)


def test_d6_what_comes_as_manifests_stays_in_its_own_namespace() -> None:
    told = ask(small(), "Should we install Tekton in namespace team-a?")
    assert not any("team-a" in command for command in told.commands)


def test_d4_no_workers_at_all_is_told_by_the_taint_of_the_control_plane() -> None:
    text = refused(cluster(workers=0))
    assert "taint node-role.kubernetes.io/control-plane (cp-1)" in text


def test_d4_many_nodes_are_named_by_number_and_example() -> None:
    world = cluster(workers=6)
    for number in range(1, 7):
        world.load(f"w-{number}", cpu="3990m")
    assert "6 nodes, such as w-1, w-2, w-3" in refused(world)
    assert "노드 6대, 예: w-1, w-2, w-3" in ask(world, TEKTON_KO).text("capacity")


# One node lost


def test_d5_fits_only_while_no_node_is_lost_is_a_risk() -> None:
    world = cluster(workers=2).load("w-1", cpu="3950m").load("w-2", cpu="100m")
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert "capacity" in told.kinds("against")
    assert "without node w-2" in told.text("capacity", "against")
    assert "This is a risk" in told.text("capacity", "against")


def test_d5_for_what_carries_all_traffic_it_is_a_refusal() -> None:
    world = cluster(workers=2).load("w-1", cpu="3990m").load("w-2", cpu="100m")
    told = ask(world, "Should we adopt Traefik?")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "capacity"
    assert "w-2" in told.text("capacity", "against")
    assert "add one node of the size of w-2" in told.counterfactual


def test_d5_where_the_others_have_room_no_risk_is_told() -> None:
    told = ask(cluster(workers=3), TEKTON)
    assert "capacity" not in told.kinds("against")


def test_d5_a_cluster_of_one_node_is_told_and_refuses_nothing() -> None:
    """Losing the node is losing the cluster: also what carries all traffic may run there."""
    for request in (TEKTON, "Should we adopt Traefik?"):
        told = ask(cluster(control_planes=0, workers=1), request)
        assert told.verdict == "recommend"
        assert "capacity" in told.kinds("against")


def test_d5_one_usable_node_of_several_is_a_risk_and_refuses_what_carries_all_traffic() -> None:
    told = ask(small(), TEKTON)
    assert told.verdict == "recommend"
    assert "w-1" in told.text("capacity", "against")
    critical = ask(small(), "Should we adopt Traefik?")
    assert critical.verdict == "do_not_recommend"
    assert "add" in critical.counterfactual


def test_d4_all_nodes_cordoned_refuses_with_evidence() -> None:
    world = cluster(control_planes=0, workers=0)
    for number in (1, 2):
        world.node(f"w-{number}", cordoned=True)
    assert "cordoned (w-1, w-2)" in refused(world)
    assert ask(world, "Should we adopt Fluent Bit?").reasons


def test_d5_lighter_tools_that_would_fit_are_the_alternatives() -> None:
    world = small(cpu="4", memory="2Gi")
    told = ask(world, "Should we install GitLab?")
    assert told.verdict == "do_not_recommend"
    assert "gitea" in told.alternatives or told.alternatives


def test_d4_metrics_of_some_nodes_only_count_for_those() -> None:
    world = cluster(workers=2).usage("w-1", cpu="3900m", memory="1Gi")
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert "Node/w-2" in told.objects("capacity")


FLUENT_BIT = "Should we adopt Fluent Bit?"


def test_d4_a_per_node_component_that_a_few_nodes_cannot_take_is_a_gap_and_no_refusal() -> None:
    """A log collector still collects from the other nodes; the report says where it would lack."""
    world = cluster(workers=3).load("w-2", cpu="4", memory="7Gi")
    told = ask(world, FLUENT_BIT)
    assert told.verdict == "recommend"
    assert "w-2" in told.text("capacity", "against")


def test_d4_a_per_node_component_that_half_of_the_nodes_cannot_take_is_refused() -> None:
    world = cluster(workers=2).load("w-1", cpu="4", memory="7Gi")
    world.load("w-2", cpu="4", memory="7Gi")
    assert ask(world, FLUENT_BIT).verdict == "do_not_recommend"
