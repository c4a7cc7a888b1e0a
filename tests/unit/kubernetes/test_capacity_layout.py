"""Where each simulated pod lies, node by node, as the bars of a decision show it (D4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mas.kubernetes.capacity import PodDemand, simulate
from mas.kubernetes.capacity.layout import MOST_NODES, capacity_of
from mas.kubernetes.cluster import Amount, Cluster, Node

GI = 2**30


def node(name: str, *, cpu: int = 4000, memory: int = 8 * GI, used: int = 0) -> Node:
    return Node(
        name=name,
        allocatable=Amount(cpu=cpu, memory=memory, pods=110),
        allocatable_text={"cpu": f"{cpu}m", "memory": str(memory), "pods": "110"},
        requested=Amount(cpu=used, memory=0, pods=1),
    )


def cluster(*nodes: Node) -> Cluster:
    return Cluster(name="c", source="snapshot", read_at="2026-11-20T09:00:00Z", nodes=nodes)


DEMANDS = st.lists(
    st.builds(
        lambda number, replicas, per_node, cpu: PodDemand(
            component=f"part-{number}",
            replicas=replicas,
            per_node=per_node,
            cpu=cpu,
            memory=cpu * 1000,
        ),
        st.integers(0, 999),
        st.integers(1, 4),
        st.booleans(),
        st.sampled_from([0, 100, 1500, 5000]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.component,
)


@given(DEMANDS, st.integers(1, 5))
def test_d4_every_pod_lies_on_one_node_or_is_told_as_homeless(
    demands: list[PodDemand], count: int
) -> None:
    made = cluster(*(node(f"n-{number}", used=700 * number) for number in range(count)))
    found = capacity_of(made, demands, namespace="tool")
    assert found is not None
    fit = simulate(made, demands, namespace="tool")
    now = found.now
    assert now.fits == fit.fits
    assert now.placed == sum(one.total for one in fit.placements)
    assert now.placed == sum(pods.pods for one in now.nodes for pods in one.placed)
    asked = {one.component: one for one in demands}
    for one in now.nodes:
        assert one.cpu.added == sum(asked[pods.component].cpu * pods.pods for pods in one.placed)
        assert one.cpu.requested + one.cpu.added <= max(one.cpu.allocatable, one.cpu.requested)
    if found.without is not None:
        assert found.without.lost not in {one.name for one in found.without.nodes}
        assert len(found.without.nodes) == count - 1
    else:
        assert count == 1 or not now.placed


def test_d4_of_a_large_cluster_the_nodes_that_matter_are_told_and_the_others_counted() -> None:
    made = cluster(*(node(f"n-{number:04}", used=3900) for number in range(500)), node("zz-free"))
    found = capacity_of(made, [PodDemand(component="server", cpu=1000)], namespace="tool")
    assert found is not None
    assert len(found.now.nodes) == MOST_NODES
    assert found.now.hidden == 501 - MOST_NODES
    assert [one.name for one in found.now.nodes if one.placed] == ["zz-free"]
    assert found.without is not None
    assert found.without.lost == "zz-free"
    assert not found.without.fits


def test_d4_without_a_tool_the_nodes_alone_are_told_and_without_sizes_nothing() -> None:
    found = capacity_of(cluster(node("a"), node("b")), (), namespace="")
    assert found is not None
    assert (found.sizes, found.without, found.now.placed) == ((), None, 0)
    assert capacity_of(cluster(Node(name="bare")), (), namespace="") is None
