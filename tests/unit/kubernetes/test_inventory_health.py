"""Healthy: every required component has a ready replica, and nothing crash-loops (D2)."""

from __future__ import annotations

from typing import Any

import pytest
from installed_worlds import only, problem, workload

from mas.kubernetes.cluster import Workload

ARGOCD = "quay.io/argoproj/argocd:v3.1.0"
SET = "StatefulSet"


def controller(**more: Any) -> Workload:
    return workload("argocd-application-controller", ARGOCD, kind=SET, **more)


def repo_server(**more: Any) -> Workload:
    return workload("argocd-repo-server", ARGOCD, **more)


def server(**more: Any) -> Workload:
    return workload("argocd-server", ARGOCD, **more)


def faults(*workloads: Workload, **more: Any) -> list[tuple[str, str]]:
    return [(one.code, one.component) for one in only(*workloads, **more).faults]


def test_d2_all_needed_parts_ready_is_healthy() -> None:
    installation = only(controller(), repo_server(), server())
    assert (installation.health, installation.faults) == ("healthy", ())


def test_d2_zero_replicas_degrade_and_cite_what_stands_there() -> None:
    installation = only(controller(desired=0, ready=0), repo_server(), server())
    (fault,) = installation.faults
    assert installation.health == "degraded"
    assert (fault.code, fault.object, fault.field, fault.value) == (
        "zero_replicas",
        "StatefulSet/tools/argocd-application-controller",
        "spec.replicas",
        "0",
    )


def test_d2_no_ready_replica_degrades_and_cites_a_field_that_is_there() -> None:
    fields = {"status.replicas": "1", "status.unavailableReplicas": "1"}
    installation = only(controller(), repo_server(ready=0, fields=fields), server())
    (fault,) = installation.faults
    assert (fault.code, fault.component) == ("not_ready", "repo-server")
    assert (fault.field, fault.value) == ("status.unavailableReplicas", "1")


def test_d2_one_ready_replica_of_a_component_serves_although_another_does_not() -> None:
    spare = workload("argocd-server-canary", ARGOCD, ready=0)
    assert only(controller(), repo_server(), server(), spare).health == "healthy"
    idle = workload("argocd-server-canary", ARGOCD, ready=0, desired=0)
    assert only(controller(), repo_server(), server(), idle).health == "healthy"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("CrashLoopBackOff", "crash_loop"),
        ("CreateContainerConfigError", "crash_loop"),
        ("RunContainerError", "crash_loop"),
        ("ImagePullBackOff", "image_pull"),
        ("ErrImagePull", "image_pull"),
        ("InvalidImageName", "image_pull"),
    ],
)
def test_d2_a_pod_that_cannot_run_degrades_even_beside_ready_ones(reason: str, code: str) -> None:
    installation = only(
        controller(), repo_server(), server(desired=3, ready=2, problems=(problem(reason),))
    )
    (fault,) = installation.faults
    assert (installation.health, fault.code, fault.object) == ("degraded", code, "Pod/tools/p-0")
    assert fault.value == reason


def test_d2_a_crash_loop_of_an_optional_part_counts_and_its_absence_or_rest_does_not() -> None:
    needed = (controller(), repo_server(), server())
    looping = workload(
        "argocd-dex", "ghcr.io/dexidp/dex:v2", problems=(problem("CrashLoopBackOff"),)
    )
    idle = workload("argocd-dex", "ghcr.io/dexidp/dex:v2", ready=0, desired=0)
    unready = workload("argocd-dex", "ghcr.io/dexidp/dex:v2", ready=0)
    assert faults(*needed, looping) == [("crash_loop", "dex")]
    assert faults(*needed, idle) == []
    assert faults(*needed, unready) == []


def test_d2_a_pod_that_waits_for_a_node_is_no_crash() -> None:
    waiting = problem("Unschedulable")
    assert faults(controller(), repo_server(), server(desired=2, problems=(waiting,))) == []
    assert faults(controller(), repo_server(), server(ready=0, problems=(waiting,))) == [
        ("not_ready", "server")
    ]


def test_d2_nothing_told_about_a_needed_part_is_unknown() -> None:
    installation = only(controller(ready=None, desired=None), repo_server(), server())
    assert (installation.health, installation.faults) == ("unknown", ())


OPERATOR = "quay.io/prometheus-operator/prometheus-operator:v0.85.0"


def test_d2_a_required_part_of_a_kind_that_was_not_readable_is_unknown_not_missing() -> None:
    blind = {"forbidden": ("statefulsets", "pods")}
    assert only(workload("operator", OPERATOR), **blind).health == "unknown"
    assert only(workload("operator", OPERATOR)).health == "degraded"
    assert only(workload("operator", OPERATOR, ready=0), **blind).health == "degraded"


def test_d2_a_supporting_part_is_a_fault_only_where_it_is_there() -> None:
    assert only(controller(), server()).health == "healthy"
    assert only(controller(), server(), repo_server(ready=0)).health == "degraded"


def test_d2_a_capability_that_hangs_on_a_component_is_given_only_while_that_is_ready() -> None:
    gitea = workload("gitea", "docker.gitea.com/gitea:1.24.2-rootless")

    def runner(**more: Any) -> Workload:
        return workload("act-runner", "gitea/act_runner:0.2.12", **more)

    assert not only(gitea).gives("ci-pipelines")
    assert only(gitea).gives("container-registry")
    assert only(gitea, runner()).gives("ci-pipelines")
    assert not only(gitea, runner(ready=0)).gives("ci-pipelines")
    assert not only(gitea, runner(problems=(problem("CrashLoopBackOff"),))).gives("ci-pipelines")


def test_d2_a_degraded_installation_gives_nothing() -> None:
    assert not only(controller(ready=0), repo_server(), server()).gives("gitops-delivery")
