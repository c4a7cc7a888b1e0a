"""Applications: declared ones where a delivery tool has any, else what is nobody's tool (D6)."""

from __future__ import annotations

from installed_worlds import INSTANCE, PART_OF, inventory, workload

from mas.kubernetes.cluster import Sample

PROMETHEUS = "quay.io/prometheus/prometheus:v3.1.0"


def test_d6_declared_applications_of_argo_cd_and_flux_are_the_count() -> None:
    declared = {"argo-cd": Sample(count=12), "flux": Sample(count=3)}
    seen = inventory([], applications=declared, workloads_by_namespace={"shop": 40})
    assert seen.applications == 15


def test_d6_else_workloads_outside_of_tools_and_the_system_are_counted() -> None:
    seen = inventory(
        [workload("prometheus", PROMETHEUS, namespace="monitoring")],
        workloads_by_namespace={
            "shop": 3,
            "kube-system": 5,
            "openshift-dns": 1,
            "local-path-storage": 1,
            "monitoring": 1,
        },
    )
    assert seen.applications == 4


def test_d6_what_came_with_a_tool_is_no_application() -> None:
    server = workload(
        "prometheus",
        PROMETHEUS,
        namespace="monitoring",
        labels={INSTANCE: "prom", PART_OF: "prometheus"},
    )
    seen = inventory(
        [server],
        workloads_by_namespace={"monitoring": 6, "shop": 2},
        siblings={
            "monitoring|prometheus|": 1,
            "monitoring||prom": 2,
            "monitoring|prometheus|prom": 1,
            "monitoring||other": 1,
            "shop||prom": 1,
        },
    )
    assert seen.applications == 4


def test_d6_a_workload_that_only_looks_like_a_tool_is_an_application() -> None:
    app = workload("shop", "acme/shop:1", "fluent/fluent-bit:4.0", namespace="shop")
    cache = workload("cache", "redis:8", namespace="shop", kind="StatefulSet")
    pod = workload("box", "redis:8", namespace="shop", kind="Pod")
    seen = inventory([app, cache, pod])
    assert (seen.installations, seen.applications) == ((), 2)


def test_d6_an_unrecognised_sibling_of_a_tool_with_a_familiar_image_is_no_application() -> None:
    labels = {INSTANCE: "prom"}
    server = workload("prometheus", PROMETHEUS, namespace="m", labels=labels)
    cache = workload("cache", "redis:8", namespace="m", labels=labels)
    assert inventory([server, cache]).applications == 0
