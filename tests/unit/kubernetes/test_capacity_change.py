"""D4, D5: the loss of one node, and the smallest change that makes a tool fit."""

from __future__ import annotations

from capacity_worlds import GI, NAMESPACE, cluster, defaults, full, node, pod, quota, tainted

from mas.kubernetes.capacity import (
    Change,
    LossReport,
    PodDemand,
    QuotaRaise,
    apply_change,
    node_loss,
    simulate,
    smallest_change,
)
from mas.kubernetes.cluster import Amount, Cluster


def loss(world: Cluster, *demands: PodDemand) -> LossReport:
    fit = simulate(world, demands, namespace=NAMESPACE)
    return node_loss(world, demands, namespace=NAMESPACE, fit=fit)


def change(world: Cluster, *demands: PodDemand) -> Change | None:
    """The change that was found, after checking that it is enough."""
    found = smallest_change(world, demands, namespace=NAMESPACE)
    if found is not None:
        changed, asked = apply_change(world, demands, found)
        assert not simulate(world, demands, namespace=NAMESPACE).fits
        assert simulate(changed, asked, namespace=NAMESPACE).fits
    return found


def test_d4_a_tool_with_room_elsewhere_survives_each_loss() -> None:
    report = loss(cluster(node("a"), node("b"), node("c")), pod(replicas=2))
    assert report.applicable
    assert report.breaking == ()
    assert report.crowded.total == 0


def test_d4_the_only_node_with_room_is_named_as_breaking() -> None:
    report = loss(cluster(full("a", cpu_left=1000), full("b", cpu_left=100)), pod())
    assert report.breaking == ("a",)


def test_d4_hard_anti_affinity_over_all_nodes_breaks_with_any_of_them() -> None:
    report = loss(cluster(node("a"), node("b"), node("c")), pod(spread=True, replicas=3))
    assert report.breaking == ("a", "b", "c")


def test_d4_a_per_node_pod_goes_with_its_node() -> None:
    report = loss(cluster(full("a", cpu_left=500), full("b", cpu_left=500)), pod(per_node=True))
    assert report.breaking == ()


def test_d4_the_only_node_meant_for_a_component_is_breaking() -> None:
    world = cluster(node("a", labels={"gpu": "yes"}), node("b"))
    selector = {"gpu": "yes"}
    assert loss(world, pod(node_selector=selector)).breaking == ("a",)


def test_d4_other_pods_may_have_to_move_together_and_then_all_is_placed_anew() -> None:
    world = cluster(full("a", cpu_left=1000), full("b", cpu_left=600), full("c", cpu_left=500))
    report = loss(world, pod("big", cpu=600), pod("small", cpu=400, replicas=1))
    assert "a" not in report.breaking


def test_d4_the_one_node_of_several_that_can_take_pods_must_not_be_lost() -> None:
    others = (node("b", unschedulable=True), node("c", taints=tainted("gpu")))
    assert loss(cluster(node("a"), *others), pod()).breaking == ("a",)


def test_d4_a_cluster_of_one_node_makes_the_question_moot() -> None:
    assert not loss(cluster(node("a")), pod()).applicable


def test_d4_what_does_not_fit_now_has_nothing_to_lose() -> None:
    world = cluster(full("a", cpu_left=0), full("b", cpu_left=0))
    assert loss(world, pod()) == LossReport(applicable=False)


def test_d4_nodes_whose_own_pods_would_find_no_room_are_crowded() -> None:
    world = cluster(full("a", cpu_left=2000), full("b", cpu_left=2000), full("c", cpu_left=3500))
    # a: 2000 asked + 500 of the tool, 5500 left elsewhere; c: 500 + 500, 4000 elsewhere.
    assert loss(world, pod()).crowded.total == 0
    tight = cluster(full("a", cpu_left=1000), full("b", cpu_left=1000), full("c", cpu_left=3000))
    # a: 3000 + 1500 against 4000 elsewhere; c: 1000 + 1500 against 2000.
    assert loss(tight, pod(replicas=3)).crowded.examples == ("a", "b", "c")


def test_d4_the_per_node_pods_of_a_lost_node_need_no_room_elsewhere() -> None:
    world = cluster(full("a", cpu_left=2500), full("b", cpu_left=2500))
    # 1500 asked on the lost node and 1000 of the tool on the other, 2500 left there.
    assert loss(world, pod(per_node=True, cpu=1000)).crowded.total == 0
    assert loss(world, pod(per_node=True, cpu=1001)).crowded.total == 2


def test_d5_what_fits_needs_no_change() -> None:
    assert change(cluster(node("a")), pod()) is None


def test_d5_a_quota_is_raised_to_what_is_used_and_wanted() -> None:
    entry = quota(**{"requests.cpu": "1", "pods": "1", "limits.cpu": "100"})
    world = cluster(node("a"), quotas=(entry,))
    assert change(world, pod(replicas=3, cpu_limit=500)) == Change(
        kind="raise-quota",
        quotas=(
            QuotaRaise(quota="limits", namespace=NAMESPACE, resource="pods", hard=1, to=3),
            QuotaRaise(
                quota="limits", namespace=NAMESPACE, resource="requests.cpu", hard=1000, to=1500
            ),
        ),
    )


def test_d5_requests_and_limits_that_a_quota_insists_on_are_to_be_declared() -> None:
    world = cluster(node("a"), quotas=(quota(**{"memory": "8Gi", "limits.cpu": "4"}),))
    assert change(world, pod(declared=False), pod("other", cpu_limit=1)) == Change(
        kind="declare", components=("server",), resources=("limits.cpu", "requests.memory")
    )


def test_d5_declaring_is_not_enough_where_the_quota_is_too_small_as_well() -> None:
    world = cluster(node("a"), quotas=(quota(memory="1Mi"),), defaults=(defaults(),))
    assert change(world, pod(declared=False)) is None


def test_d5_a_quota_and_missing_room_together_have_no_single_remedy() -> None:
    assert change(cluster(full("a", cpu_left=100), quotas=(quota(pods="0"),)), pod()) is None


def test_d5_uncordoning_comes_before_anything_that_costs() -> None:
    world = cluster(
        full("a", cpu_left=100),
        full("b", cpu_left=2000, unschedulable=True),
        full("c", cpu_left=3000, taints=tainted("node.kubernetes.io/unschedulable")),
        full("d", cpu_left=4000, unschedulable=True, ready=False),
    )
    assert change(world, pod()) == Change(kind="uncordon", node="c")


def test_d5_the_node_with_the_smallest_shortfall_is_to_be_relieved() -> None:
    world = cluster(full("a", cpu_left=100), full("b", cpu_left=350), full("c", cpu_left=20))
    assert change(world, pod()) == Change(kind="free", node="b", amount=Amount(cpu=150))


def test_d5_a_pod_slot_can_be_what_has_to_be_freed() -> None:
    world = cluster(node("a", pods=5, asked=Amount(cpu=100, memory=GI, pods=5)))
    assert change(world, pod()) == Change(kind="free", node="a", amount=Amount(pods=1))


def test_d5_a_per_node_pod_is_helped_on_its_own_node() -> None:
    world = cluster(node("a"), full("b", cpu_left=200), node("c"))
    assert change(world, pod(per_node=True)) == Change(
        kind="free", node="b", amount=Amount(cpu=300)
    )


def test_d5_two_nodes_without_room_for_a_per_node_pod_have_no_single_remedy() -> None:
    world = cluster(full("a", cpu_left=200), full("b", cpu_left=200))
    assert change(world, pod(per_node=True)) is None


def test_d5_a_node_is_added_where_freeing_cannot_help() -> None:
    hot = Amount(cpu=3900, memory=GI)
    world = cluster(node("a", used=hot), node("b", cpu=8000, used=Amount(cpu=7900)))
    assert change(world, pod()) == Change(
        kind="add-nodes", node="b", amount=Amount(cpu=8000, memory=16 * GI, pods=110), count=1
    )


def test_d5_as_many_nodes_are_added_as_it_takes() -> None:
    world = cluster(node("a", used=Amount(cpu=3900, memory=GI)))
    found = change(world, pod(cpu=1500, replicas=5))
    assert found is not None
    assert (found.kind, found.count) == ("add-nodes", 3)


def test_d5_added_nodes_are_like_a_usable_worker_rather_than_a_larger_unusable_node() -> None:
    world = cluster(
        full("cp", cpu_left=0, cpu=16000, control_plane=True, taints=tainted("cp")),
        full("old", cpu_left=0, cpu=32000, ready=False),
        node("worker", asked=Amount(cpu=4000, memory=GI, pods=3)),
    )
    found = change(world, pod(cpu=3000, replicas=3))
    assert found is not None
    assert (found.kind, found.node, found.count) == ("add-nodes", "worker", 3)


def test_d5_a_pod_larger_than_any_node_has_no_single_remedy() -> None:
    assert change(cluster(node("a"), node("b")), pod(cpu=9000)) is None


def test_d5_a_node_is_added_only_where_the_pod_tolerates_its_like() -> None:
    tainted_node = node("a", taints=tainted("gpu"))
    assert change(cluster(tainted_node), pod()) is None
