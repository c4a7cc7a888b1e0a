"""D4: which pods find room on which nodes, and why not."""

from __future__ import annotations

import pytest
from capacity_worlds import GI, NAMESPACE, cluster, full, node, pod, tainted

from mas.kubernetes.capacity import (
    Cause,
    Fit,
    NodeNames,
    PodDemand,
    Toleration,
    headroom,
    simulate,
)
from mas.kubernetes.cluster import Amount, Cluster, Node


def fit(world: Cluster, *demands: PodDemand) -> Fit:
    return simulate(world, demands, namespace=NAMESPACE)


def kinds(result: Fit) -> list[tuple[str, str, int]]:
    (failure,) = result.failures
    return [(cause.kind, cause.key, cause.nodes.total) for cause in failure.causes]


def test_d4_replicas_are_spread_over_the_nodes_with_most_room() -> None:
    world = cluster(full("a", cpu_left=3000), full("b", cpu_left=1000), full("c", cpu_left=2000))
    result = fit(world, pod(replicas=2))
    assert result.fits
    assert result.placements[0].nodes == ("a", "c")


def test_d4_a_pod_that_needs_a_whole_node_still_finds_it_after_smaller_ones_were_spread() -> None:
    world = cluster(full("a", cpu_left=1000), full("b", cpu_left=1000))
    result = fit(world, pod("small", cpu=500, replicas=2), pod("big", cpu=1000, memory=0))
    assert result.fits
    assert len(set(result.placements[0].nodes)) == 1


def test_d4_a_tight_packing_is_found_where_neither_spreading_nor_best_fit_finds_one() -> None:
    world = cluster(full("a", cpu_left=12), full("b", cpu_left=12))
    demands = [pod(f"c{at}", cpu=cpu) for at, cpu in enumerate((6, 5, 5, 3, 3, 2))]
    result = fit(world, *demands)
    assert result.fits
    hosts = [placement.nodes[0] for placement in result.placements]
    assert hosts[0] == hosts[3] == hosts[4] != hosts[1]
    assert hosts[1] == hosts[2] == hosts[5]


def test_d4_missing_cpu_is_named_with_the_nodes_and_the_nearest_one() -> None:
    result = fit(cluster(full("a", cpu_left=100), full("b", cpu_left=300)), pod())
    assert kinds(result) == [("cpu", "", 2)]
    (failure,) = result.failures
    assert (failure.pods, failure.wanted) == (1, 1)
    assert failure.causes[0].nodes.examples == ("a", "b")
    assert (failure.nearest, failure.nearest_free.cpu) == ("b", 300)
    assert failure.free.cpu == 400
    assert not failure.fragmented


def test_d4_a_node_short_of_both_cpu_and_memory_counts_for_both() -> None:
    result = fit(cluster(node("a", cpu=100, memory=GI // 2)), pod())
    assert kinds(result) == [("cpu", "", 1), ("memory", "", 1)]


def test_d4_a_node_without_pod_slots_takes_not_even_a_pod_that_requests_nothing() -> None:
    packed = node("a", pods=10, asked=Amount(cpu=100, memory=GI, pods=10))
    assert kinds(fit(cluster(packed), pod(cpu=0, memory=0))) == [("pods", "", 1)]


def test_d4_a_pod_that_requests_nothing_fits_on_an_overcommitted_node() -> None:
    overfull = node("a", cpu=1000, asked=Amount(cpu=1500, memory=17 * GI, pods=3))
    assert fit(cluster(overfull), pod(cpu=0, memory=0)).fits
    assert kinds(fit(cluster(overfull), pod(cpu=1, memory=0))) == [("cpu", "", 1)]


def test_d4_a_node_that_does_not_tell_its_pod_slots_has_those_of_a_plain_kubelet() -> None:
    silent = Node(name="a", allocatable=Amount(cpu=4000, memory=GI))
    result = fit(cluster(silent), pod(cpu=1, memory=1, replicas=111))
    (failure,) = result.failures
    assert (result.placements[0].total, failure.pods) == (110, 1)


def test_d4_free_resources_in_pieces_that_are_too_small_are_called_fragmented() -> None:
    world = cluster(*(full(name, cpu_left=300) for name in "abc"))
    result = fit(world, pod(cpu=500))
    assert result.fragmented
    assert not fit(world, pod(cpu=1000)).fragmented


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        (node("a", ready=False), ("not-ready", "", 1)),
        (node("a", ready=False, taints=tainted("own")), ("not-ready", "", 1)),
        (node("a", taints=tainted("node.kubernetes.io/not-ready")), ("not-ready", "", 1)),
        (node("a", unschedulable=True), ("cordoned", "", 1)),
        (node("a", taints=tainted("node.kubernetes.io/unschedulable")), ("cordoned", "", 1)),
        (node("a", taints=tainted("gpu", "NoSchedule", "yes")), ("taint", "gpu", 1)),
        (node("a", taints=tainted("gpu", "NoExecute")), ("taint", "gpu", 1)),
        (node("a", used=Amount(cpu=3600, memory=GI)), ("saturated", "", 1)),
        (node("a", used=Amount(cpu=10, memory=15 * GI)), ("saturated", "", 1)),
    ],
)
def test_d4_a_node_that_takes_no_new_pods_is_counted_by_its_cause(
    other: Node, cause: tuple[str, str, int]
) -> None:
    assert kinds(fit(cluster(other), pod())) == [cause]
    assert fit(cluster(other, node("b")), pod(replicas=4)).placements[0].nodes == ("b",) * 4


@pytest.mark.parametrize(
    "other",
    [
        node("a", taints=tainted("soft", "PreferNoSchedule")),
        node("a", control_plane=True),
        node("a", used=Amount(cpu=3599, memory=GI)),
    ],
)
def test_d4_a_preference_a_role_or_use_below_the_threshold_keeps_no_pod_away(other: Node) -> None:
    assert fit(cluster(other), pod()).fits


def test_d4_a_control_plane_node_repels_by_its_taint_only() -> None:
    key = "node-role.kubernetes.io/control-plane"
    world = cluster(node("a", control_plane=True, taints=tainted(key)))
    assert kinds(fit(world, pod())) == [("taint", key, 1)]
    assert fit(world, pod(tolerates=(Toleration(key=key, operator="Exists"),))).fits


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (Toleration(operator="Exists"), True),
        (Toleration(key="gpu", operator="Exists"), True),
        (Toleration(key="gpu", value="yes"), True),
        (Toleration(key="gpu", value="yes", effect="NoSchedule"), True),
        (Toleration(key="gpu", value="yes", effect="NoExecute"), False),
        (Toleration(key="gpu", value="no"), False),
        (Toleration(key="gpu"), False),
        (Toleration(key="other", operator="Exists"), False),
        (Toleration(), False),
    ],
)
def test_d4_a_toleration_matches_as_in_kubernetes(toleration: Toleration, tolerated: bool) -> None:
    world = cluster(node("a", taints=tainted("gpu", "NoSchedule", "yes")))
    assert fit(world, pod(tolerates=(toleration,))).fits is tolerated


def test_d4_nothing_is_placed_on_a_lost_node_whatever_the_pod_tolerates() -> None:
    everything = (Toleration(operator="Exists"),)
    world = cluster(node("a", ready=False))
    assert not fit(world, pod(tolerates=everything)).fits


def test_d4_a_selector_limits_the_nodes() -> None:
    world = cluster(node("a"), node("b", labels={"disk": "ssd"}))
    assert fit(world, pod(node_selector={"disk": "ssd"})).placements[0].nodes == ("b",)
    result = fit(world, pod(node_selector={"disk": "nvme"}))
    assert kinds(result) == [("selector", "disk=nvme", 2)]
    assert result.failures[0].nearest == ""


def test_d4_pods_that_must_not_share_a_node_need_as_many_nodes() -> None:
    world = cluster(node("a"), node("b"))
    assert fit(world, pod(spread=True, replicas=2)).placements[0].nodes == ("a", "b")
    result = fit(world, pod(spread=True, replicas=3))
    assert kinds(result) == [("anti-affinity", "", 2)]
    assert not result.fragmented


def test_d4_a_per_node_component_goes_on_every_node_that_it_tolerates() -> None:
    world = cluster(node("a"), node("b"), node("c", control_plane=True, taints=tainted("cp")))
    result = fit(world, pod(per_node=True))
    assert result.fits
    assert result.placements[0].nodes == ("a", "b")
    everywhere = fit(world, pod(per_node=True, tolerates=(Toleration(operator="Exists"),)))
    assert everywhere.placements[0].total == 3


def test_d4_a_per_node_pod_goes_on_a_cordoned_node_but_its_absence_there_is_no_failure() -> None:
    roomy, packed = node("a", unschedulable=True), full("b", cpu_left=0, unschedulable=True)
    result = fit(cluster(roomy, packed, node("c")), pod(per_node=True))
    assert result.fits
    assert result.placements[0].nodes == ("a", "c")


def test_d4_a_not_ready_node_is_no_failure_of_a_per_node_component() -> None:
    result = fit(cluster(node("a"), node("b", ready=False)), pod(per_node=True))
    assert result.fits
    assert result.placements[0].nodes == ("a",)


def test_d4_a_pressure_taint_is_tolerated_by_per_node_pods_only() -> None:
    world = cluster(node("a", taints=tainted("node.kubernetes.io/memory-pressure")))
    assert fit(world, pod(per_node=True)).fits
    assert not fit(world, pod()).fits


def test_d4_a_per_node_pod_without_room_fails_on_that_node_alone() -> None:
    result = fit(cluster(node("a"), full("b", cpu_left=100), node("c")), pod(per_node=True))
    (failure,) = result.failures
    assert (failure.pods, failure.wanted, failure.per_node) == (1, 3, True)
    assert failure.causes == (Cause(kind="cpu", nodes=NodeNames(total=1, examples=("b",))),)
    assert failure.nearest == "b"


def test_d4_a_saturated_node_gets_no_per_node_pod_and_that_is_a_failure() -> None:
    hot = node("b", used=Amount(cpu=4000, memory=GI))
    result = fit(cluster(node("a"), hot), pod(per_node=True))
    assert kinds(result) == [("saturated", "", 1)]


def test_d4_a_per_node_component_that_can_run_nowhere_does_not_fit() -> None:
    result = fit(cluster(node("a", ready=False)), pod(per_node=True))
    assert kinds(result) == [("not-ready", "", 1)]
    assert not fit(cluster(), pod(per_node=True)).fits


def test_d4_a_per_node_component_that_is_meant_for_no_node_here_is_no_obstacle() -> None:
    windows = pod(per_node=True, node_selector={"kubernetes.io/os": "windows"})
    assert fit(cluster(node("a")), windows).fits


def test_d4_per_node_pods_take_their_room_before_replicas_do() -> None:
    world = cluster(full("a", cpu_left=700))
    result = fit(world, pod("server", cpu=500), pod("agent", per_node=True, cpu=300))
    assert [failure.component for failure in result.failures] == ["server"]


def test_d4_without_nodes_nothing_fits() -> None:
    result = fit(cluster(), pod())
    assert not result.fits
    assert result.failures[0].causes == ()
    assert result.failures[0].nearest == ""


def test_d4_a_tool_without_pods_fits_anywhere() -> None:
    assert fit(cluster()).fits
    assert fit(cluster(), pod(replicas=0)).fits


def test_d4_a_lost_node_counts_for_nothing() -> None:
    world = cluster(node("a"), full("b", cpu_left=100))
    assert not simulate(world, [pod()], namespace=NAMESPACE, without="a").fits
    assert simulate(world, [pod()], namespace=NAMESPACE, without="b").fits


def test_d4_placements_of_per_node_pods_are_cut_and_state_their_total() -> None:
    world = cluster(*(node(f"n{at:03}") for at in range(100)))
    (placement,) = fit(world, pod(per_node=True)).placements
    assert placement.total == 100
    assert len(placement.nodes) == 20


def test_d4_headroom_sums_usable_nodes_and_groups_the_others_by_cause() -> None:
    world = cluster(
        full("a", cpu_left=1000, used=Amount(cpu=500, memory=GI)),
        node("b", cpu=1000, asked=Amount(cpu=1500, pods=1), used=Amount(cpu=100, memory=GI)),
        node("c", unschedulable=True),
        node("d", ready=False),
        node("e", taints=tainted("gpu")),
    )
    room = headroom(world)
    assert room.nodes == 2
    assert room.allocatable == Amount(cpu=5000, memory=32 * GI, pods=220)
    assert room.requested == Amount(cpu=4500, memory=GI, pods=11)
    assert room.free == Amount(cpu=1000, memory=31 * GI, pods=209)
    assert room.used == Amount(cpu=600, memory=2 * GI)
    assert [(c.kind, c.key, c.nodes.examples) for c in room.unusable] == [
        ("cordoned", "", ("c",)),
        ("not-ready", "", ("d",)),
        ("taint", "gpu", ("e",)),
    ]


def test_d4_headroom_has_no_measured_use_unless_every_usable_node_is_measured() -> None:
    assert headroom(cluster(node("a", used=Amount(cpu=1)), node("b"))).used is None
    assert headroom(cluster()).used is None


@pytest.mark.parametrize("count", [3, 500, 5000])
def test_d10_the_answer_does_not_change_with_the_size_of_the_cluster(count: int) -> None:
    demands = (pod("server", cpu=600, replicas=2), pod("agent", per_node=True, cpu=50))
    tight = cluster(*(full(f"n{at:04}", cpu_left=500) for at in range(count)))
    assert kinds(fit(tight, *demands)) == [("cpu", "", count)]
    roomy = cluster(*(full(f"n{at:04}", cpu_left=700) for at in range(count)))
    result = fit(roomy, *demands)
    assert [placement.total for placement in result.placements] == [2, count]
