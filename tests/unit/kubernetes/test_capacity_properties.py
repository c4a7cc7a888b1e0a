"""D4: what holds for every cluster and every tool, checked on generated ones."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from capacity_worlds import NAMESPACE, cluster
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from mas.kubernetes.capacity import (
    PodDemand,
    Toleration,
    apply_change,
    headroom,
    node_loss,
    simulate,
    smallest_change,
)
from mas.kubernetes.cluster import Amount, Cluster, Defaults, Node, Quota, Taint

small = st.integers(0, 6)
size = st.integers(2, 9)
taints = st.lists(
    st.builds(
        Taint,
        key=st.sampled_from(["gpu", "cp"]),
        effect=st.sampled_from(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
    ),
    max_size=1,
).map(tuple)


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    allocatable = Amount(cpu=draw(size), memory=draw(size), pods=draw(st.integers(1, 6)))
    return Node(
        name=name,
        allocatable=allocatable,
        allocatable_text={"pods": str(allocatable.pods)},
        requested=Amount(
            cpu=draw(st.integers(0, 3)),
            memory=draw(st.integers(0, 3)),
            pods=draw(st.integers(0, 2)),
        ),
        used=draw(st.none() | st.builds(Amount, cpu=small, memory=small)),
        ready=draw(st.sampled_from([True, True, True, False])),
        unschedulable=draw(st.sampled_from([False, False, False, True])),
        taints=draw(st.just(()) | taints),
        labels={"disk": draw(st.sampled_from(["ssd", "hdd"]))},
    )


@st.composite
def clusters(draw: st.DrawFn, most: int = 4) -> Cluster:
    names = draw(st.permutations(["a", "b", "c", "d"][:most]))
    return cluster(*(draw(nodes(name)) for name in names[: draw(st.integers(1, most))]))


@st.composite
def demands(draw: st.DrawFn, per_node: bool | None = None) -> tuple[PodDemand, ...]:
    return tuple(
        PodDemand(
            component=f"c{number}",
            replicas=draw(st.integers(0, 2)),
            per_node=draw(st.sampled_from([False, False, True])) if per_node is None else per_node,
            cpu=draw(st.integers(0, 4)),
            memory=draw(st.integers(0, 4)),
            node_selector=draw(st.sampled_from([{}, {}, {"disk": "ssd"}])),
            tolerates=draw(st.sampled_from([(), (), (Toleration(key="gpu", operator="Exists"),)])),
            spread=draw(st.sampled_from([False, False, True])),
        )
        for number in range(draw(st.integers(1, 3)))
    )


def fits(world: Cluster, asked: Sequence[PodDemand]) -> bool:
    return simulate(world, asked, namespace=NAMESPACE).fits


def admits(node: Node, demand: PodDemand) -> bool:
    """The rules of placement once more, written for a reader."""
    tolerated = {toleration.key for toleration in demand.tolerates}
    repelled = any(t.key not in tolerated and t.effect[:2] == "No" for t in node.taints)
    busy = node.used is not None and any(
        most and use / most >= 0.9
        for use, most in (
            (node.used.cpu, node.allocatable.cpu),
            (node.used.memory, node.allocatable.memory),
        )
    )
    return (
        node.ready
        and (demand.per_node or not node.unschedulable)
        and not repelled
        and not busy
        and demand.node_selector.items() <= node.labels.items()
    )


def holds(node: Node, pods: Sequence[PodDemand]) -> bool:
    cpu = sum(pod.cpu for pod in pods)
    memory = sum(pod.memory for pod in pods)
    twice = [
        name for name, count in Counter(p.component for p in pods if p.spread).items() if count > 1
    ]
    return (
        all(admits(node, pod) for pod in pods)
        and not twice
        and node.requested.pods + len(pods) <= node.allocatable.pods
        and (not cpu or node.requested.cpu + cpu <= node.allocatable.cpu)
        and (not memory or node.requested.memory + memory <= node.allocatable.memory)
    )


def some_way_exists(world: Cluster, asked: Sequence[PodDemand]) -> bool:
    """Tries every way of placing the replicas of `asked`."""
    pods = [demand for demand in asked for _ in range(demand.replicas)]
    for hosts in itertools.product(world.nodes, repeat=len(pods)):
        load: dict[str, list[PodDemand]] = {}
        for node, pod in zip(hosts, pods, strict=True):
            load.setdefault(node.name, []).append(pod)
        if all(holds(node, load[node.name]) for node in world.nodes if node.name in load):
            return True
    return not pods


@given(world=clusters(), asked=demands())
def test_d4_no_node_is_overfilled_and_every_pod_is_on_a_node_that_admits_it(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    result = simulate(world, asked, namespace=NAMESPACE)
    load: dict[str, list[PodDemand]] = {}
    for demand, placement in zip(asked, result.placements, strict=True):
        assert placement.total == len(placement.nodes)
        for name in placement.nodes:
            load.setdefault(name, []).append(
                replace(demand, spread=demand.spread or demand.per_node)
            )
    for node in world.nodes:
        pods = load.get(node.name, [])
        assert not pods or holds(node, pods)


@given(world=clusters(), asked=demands())
def test_d4_each_pod_is_either_placed_or_explained(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    result = simulate(world, asked, namespace=NAMESPACE)
    failures = {failure.component: failure for failure in result.failures}
    assert result.fits is not bool(failures)
    for demand, placement in zip(asked, result.placements, strict=True):
        failure = failures.get(demand.component)
        if not demand.per_node:
            assert placement.total + (failure.pods if failure else 0) == demand.replicas
        if failure is not None:
            explained = {name for cause in failure.causes for name in cause.nodes.examples}
            assert explained
            assert all(cause.nodes.total > 0 for cause in failure.causes)


@settings(max_examples=300)
@given(world=clusters(most=3), asked=demands(per_node=False))
def test_d4_it_fits_exactly_when_some_way_of_placing_exists(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    assert fits(world, asked) == some_way_exists(world, asked)


@given(world=clusters(), asked=demands(), data=st.data())
def test_d4_the_order_of_nodes_does_not_matter(
    world: Cluster, asked: tuple[PodDemand, ...], data: st.DataObject
) -> None:
    shuffled = structs.replace(world, nodes=tuple(data.draw(st.permutations(world.nodes))))
    assert simulate(shuffled, asked, namespace=NAMESPACE) == simulate(
        world, asked, namespace=NAMESPACE
    )
    assert headroom(shuffled) == headroom(world)
    assert smallest_change(shuffled, asked, namespace=NAMESPACE) == smallest_change(
        world, asked, namespace=NAMESPACE
    )


@given(world=clusters(most=3), asked=demands(per_node=False), joining=nodes("e"))
def test_d4_one_more_node_never_hurts(
    world: Cluster, asked: tuple[PodDemand, ...], joining: Node
) -> None:
    if fits(world, asked):
        assert fits(structs.replace(world, nodes=(*world.nodes, joining)), asked)


@given(world=clusters(), asked=demands(), data=st.data())
def test_d4_fewer_requests_on_a_node_never_hurt(
    world: Cluster, asked: tuple[PodDemand, ...], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(world.nodes) - 1))
    node = world.nodes[at]
    less = Amount(
        cpu=data.draw(st.integers(0, node.requested.cpu)),
        memory=data.draw(st.integers(0, node.requested.memory)),
        pods=data.draw(st.integers(0, node.requested.pods)),
    )
    relieved = structs.replace(node, requested=less)
    nodes_after = (*world.nodes[:at], relieved, *world.nodes[at + 1 :])
    if fits(world, asked):
        assert fits(structs.replace(world, nodes=nodes_after), asked)


@given(world=clusters(), asked=demands(), data=st.data())
def test_d4_a_tool_that_asks_for_less_still_fits(
    world: Cluster, asked: tuple[PodDemand, ...], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(asked) - 1))
    smaller = replace(
        asked[at],
        cpu=data.draw(st.integers(0, asked[at].cpu)),
        memory=data.draw(st.integers(0, asked[at].memory)),
        replicas=data.draw(st.integers(0, asked[at].replicas)),
    )
    if fits(world, asked):
        assert fits(world, (*asked[:at], smaller, *asked[at + 1 :]))


@given(world=clusters(), asked=demands())
def test_d4_the_loss_report_names_exactly_the_nodes_without_which_it_no_longer_fits(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    result = simulate(world, asked, namespace=NAMESPACE)
    report = node_loss(world, asked, namespace=NAMESPACE, fit=result)
    if report.applicable:
        assert set(report.breaking) == {
            node.name
            for node in world.nodes
            if not simulate(world, asked, namespace=NAMESPACE, without=node.name).fits
        }


@given(world=clusters(), asked=demands())
def test_d4_losing_a_node_that_hosts_nothing_of_the_tool_changes_nothing(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    result = simulate(world, asked, namespace=NAMESPACE)
    if not result.fits:
        return
    hosting = {name for placement in result.placements for name in placement.nodes}
    for node in world.nodes:
        if node.name not in hosting:
            rest = simulate(world, asked, namespace=NAMESPACE, without=node.name)
            assert rest.placements == result.placements


@given(
    world=clusters(), asked=demands(), hard=st.lists(small, min_size=3, max_size=3), data=st.data()
)
def test_d5_the_smallest_change_makes_it_fit(
    world: Cluster, asked: tuple[PodDemand, ...], hard: list[int], data: st.DataObject
) -> None:
    if data.draw(st.booleans()):
        texts = dict(zip(("pods", "requests.memory", "limits.cpu"), map(str, hard), strict=True))
        limited = Quota(
            namespace=NAMESPACE,
            name="q",
            hard={key: texts[key] for key in data.draw(st.sets(st.sampled_from(list(texts))))},
        )
        world = structs.replace(world, quotas=(limited,))
    if data.draw(st.booleans()):
        filled = Defaults(
            namespace=NAMESPACE, name="r", limits={"cpu": "3m"}, requests={"memory": "2"}
        )
        world = structs.replace(world, defaults=(filled,))
    asked = tuple(replace(demand, declared=data.draw(st.booleans())) for demand in asked)
    change = smallest_change(world, asked, namespace=NAMESPACE)
    if fits(world, asked):
        assert change is None
    elif change is not None:
        assert not fits(world, asked)
        assert fits(*apply_change(world, asked, change))


@given(world=clusters(), asked=demands(per_node=False))
def test_d5_one_unit_less_than_the_change_asks_for_is_not_enough_for_a_single_pod(
    world: Cluster, asked: tuple[PodDemand, ...]
) -> None:
    single = (replace(asked[0], replicas=1),)
    change = smallest_change(world, single, namespace=NAMESPACE)
    if change is None or change.kind != "free":
        return
    for field in ("cpu", "memory", "pods"):
        amount = getattr(change.amount, field)
        if amount:
            less = replace(change, amount=structs.replace(change.amount, **{field: amount - 1}))
            assert not fits(*apply_change(world, single, less))
