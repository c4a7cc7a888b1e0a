"""D4: quotas and defaults of the namespace that a tool goes to."""

from __future__ import annotations

from typing import Any

import pytest
from capacity_worlds import GI, NAMESPACE, cluster, defaults, full, node, pod, quota

from mas.kubernetes.capacity import Fit, PodDemand, simulate
from mas.kubernetes.cluster import Cluster, Quota, StorageClass


def fit(world: Cluster, *demands: PodDemand) -> Fit:
    return simulate(world, demands, namespace=NAMESPACE)


def with_quota(*nodes: str, used: dict[str, str] | None = None, **hard: str) -> Cluster:
    entry = Quota(
        namespace=NAMESPACE,
        name="limits",
        hard={key.replace("__", "/").replace("_", "."): text for key, text in hard.items()},
        used=used or {},
    )
    return cluster(*(node(name) for name in nodes or ("a", "b")), quotas=(entry,))


@pytest.mark.parametrize(
    ("hard", "demand", "wanted"),
    [
        ({"pods": "1"}, pod(replicas=2), 2),
        ({"pods": "1"}, pod(per_node=True), 2),
        ({"count__pods": "1"}, pod(replicas=2), 2),
        ({"requests_cpu": "900m"}, pod(replicas=2), 1000),
        ({"cpu": "0.9"}, pod(replicas=2), 1000),
        ({"requests_memory": "1Gi"}, pod(replicas=2), 2 * GI),
        ({"memory": "1Gi"}, pod(replicas=2), 2 * GI),
        ({"limits_cpu": "1"}, pod(cpu_limit=2000), 2000),
        ({"limits_memory": "1G"}, pod(memory_limit=GI), GI),
        ({"persistentvolumeclaims": "1"}, pod(volumes=(GI, GI)), 2),
        ({"requests_storage": "15Gi"}, pod(replicas=2, volumes=(8 * GI,)), 16 * GI),
        ({"count__deployments_apps": "0"}, pod(), 1),
        ({"count__statefulsets_apps": "0"}, pod(volumes=(GI,)), 1),
        ({"count__daemonsets_apps": "0"}, pod(per_node=True), 1),
        ({"count__statefulsets_apps": "0"}, pod(workload="StatefulSet"), 1),
    ],
)
def test_d4_a_quota_refuses_what_exceeds_it(
    hard: dict[str, str], demand: PodDemand, wanted: int
) -> None:
    result = fit(with_quota(**hard), demand)
    assert not result.fits
    assert result.failures == ()
    (failure,) = result.quotas
    assert (failure.quota, failure.reason, failure.wanted) == ("limits", "exceeded", wanted)
    assert failure.components == ("server",)


def test_d4_what_is_used_already_counts_against_the_quota() -> None:
    world = with_quota(requests_cpu="2", used={"requests.cpu": "1600m"})
    (failure,) = fit(world, pod()).quotas
    assert (failure.hard, failure.used, failure.wanted) == (2000, 1600, 500)
    assert fit(world, pod(cpu=400)).fits


def test_d4_a_quota_is_filled_to_the_last_unit() -> None:
    assert fit(with_quota(requests_cpu="1", pods="2"), pod(replicas=2)).fits


def test_d4_an_overdrawn_quota_does_not_matter_for_what_the_tool_does_not_ask() -> None:
    world = with_quota(
        persistentvolumeclaims="1",
        count__daemonsets_apps="0",
        used={"persistentvolumeclaims": "5"},
    )
    assert fit(world, pod()).fits


@pytest.mark.parametrize(
    "entry",
    [
        Quota(namespace="other", name="limits", hard={"pods": "0"}),
        Quota(namespace=NAMESPACE, name="limits", hard={"pods": "0"}, scoped=True),
        quota(services="0", configmaps="0"),
        quota(pods="not a number"),
    ],
)
def test_d4_quotas_of_other_namespaces_scoped_unforeseeable_or_broken_ones_refuse_nothing(
    entry: Quota,
) -> None:
    assert fit(cluster(node("a"), quotas=(entry,)), pod()).fits


@pytest.mark.parametrize("resource", ["requests_cpu", "cpu", "requests_memory", "memory"])
def test_d4_a_quota_on_requests_refuses_pods_that_declare_none(resource: str) -> None:
    (failure,) = fit(with_quota(**{resource: "100Gi"}), pod(declared=False), pod("other")).quotas
    assert failure.reason == "undeclared"
    assert failure.components == ("server",)


def test_d4_a_quota_on_limits_refuses_pods_without_limits_although_they_declare_requests() -> None:
    (failure,) = fit(with_quota(limits_cpu="100"), pod()).quotas
    assert (failure.reason, failure.resource) == ("undeclared", "limits.cpu")


@pytest.mark.parametrize(
    ("hard", "filled", "demand"),
    [
        ("requests_cpu", {"requests": {"cpu": "100m"}}, pod(declared=False)),
        ("requests_cpu", {"limits": {"cpu": "100m"}}, pod(declared=False)),
        ("requests_memory", {"requests": {"memory": "1Mi"}}, pod(declared=False)),
        ("limits_cpu", {"limits": {"cpu": "1"}}, pod()),
        ("limits_memory", {"limits": {"memory": "1Gi"}}, pod()),
        ("requests_cpu", {}, pod(declared=False, cpu_limit=700)),
    ],
)
def test_d4_a_default_of_the_namespace_or_an_own_limit_satisfies_such_a_quota(
    hard: str, filled: dict[str, Any], demand: PodDemand
) -> None:
    world = with_quota(**{hard: "100Gi"})
    entry = defaults(**filled)
    assert fit(cluster(*world.nodes, quotas=world.quotas, defaults=(entry,)), demand).fits


def test_d4_a_default_for_one_resource_does_not_declare_the_other() -> None:
    world = with_quota(requests_cpu="100", requests_memory="100Gi")
    entry = defaults(requests={"cpu": "100m"})
    result = fit(cluster(*world.nodes, quotas=world.quotas, defaults=(entry,)), pod(declared=False))
    assert [(q.resource, q.reason) for q in result.quotas] == [("requests.memory", "undeclared")]


def test_d4_a_default_request_is_charged_and_scheduled_where_the_pod_declares_none() -> None:
    entry = defaults(requests={"cpu": "2"})
    world = cluster(full("a", cpu_left=1000), defaults=(entry,), quotas=(quota(cpu="1500m"),))
    result = fit(world, pod(declared=False, cpu=0, memory=0))
    assert result.quotas[0].wanted == 2000
    assert result.failures[0].cpu == 2000
    assert fit(world, pod()).fits


def test_d4_a_recommended_sizing_above_the_default_is_scheduled_but_not_charged() -> None:
    entry = defaults(requests={"cpu": "100m"})
    world = cluster(full("a", cpu_left=200), defaults=(entry,), quotas=(quota(cpu="100m"),))
    result = fit(world, pod(declared=False, cpu=500))
    assert result.quotas == ()
    assert result.failures[0].cpu == 500


def test_d4_a_quota_of_a_storage_class_counts_when_claims_go_to_that_class() -> None:
    key = "fast.storageclass.storage.k8s.io/requests.storage"
    entry = Quota(namespace=NAMESPACE, name="limits", hard={key: "1Gi"})
    demand = pod(volumes=(2 * GI,))
    for default in (True, False):
        classes = (StorageClass(name="fast", default=default),)
        world = cluster(node("a"), quotas=(entry,), storage_classes=classes)
        assert fit(world, demand).fits is not default


def test_d4_room_on_nodes_and_quotas_are_both_reported() -> None:
    world = cluster(full("a", cpu_left=100), quotas=(quota(pods="0"),))
    result = fit(world, pod())
    assert result.failures
    assert result.quotas
