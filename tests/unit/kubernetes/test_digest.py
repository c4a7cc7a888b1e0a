"""Workloads, their pods and their problems in the digest of a cluster (D1, D2, D9, D10)."""

from __future__ import annotations

import pytest

from mas.kubernetes.cluster import Problem
from support.digests import (
    OTHER,
    TOOL,
    Json,
    container,
    digest,
    only,
    pod,
    waiting,
    workload,
)


def test_d2_a_workload_of_interest_is_kept_with_paths_and_texts() -> None:
    found = only(
        digest(
            workload(
                meta={"labels": {"app.kubernetes.io/part-of": "tools"}},
                status={"replicas": 1, "readyReplicas": 1, "unavailableReplicas": 2},
            )
        )
    )
    assert (found.kind, found.namespace, found.name) == ("Deployment", "n", "tool")
    assert found.containers[0].field == "spec.template.spec.containers[0].image"
    assert found.containers[0].image == TOOL
    assert (found.desired, found.desired_field) == (1, "spec.replicas")
    assert (found.ready, found.ready_field) == (1, "status.readyReplicas")
    assert found.fields == {"status.replicas": "1", "status.unavailableReplicas": "2"}
    assert found.labels == {"app.kubernetes.io/part-of": "tools"}
    assert found.pod_labels == {"app": "tool"}


def test_d2_a_zero_that_the_api_leaves_out_is_zero_without_a_path() -> None:
    found = only(digest(workload(status={"replicas": 1, "unavailableReplicas": 1})))
    assert (found.ready, found.ready_field) == (0, "")


def test_d2_what_is_available_is_ready() -> None:
    found = only(digest(workload(status={"replicas": 2, "availableReplicas": 1})))
    assert (found.ready, found.ready_field) == (1, "status.availableReplicas")


def test_d2_a_pod_without_conditions_is_ready_when_its_containers_are() -> None:
    for ready in (True, False):
        status = {"conditions": [], "containerStatuses": [{"name": "main", "ready": ready}]}
        assert only(digest(workload(), pod(status=status))).ready_pods == ready


@pytest.mark.parametrize("status", [None, {}])
def test_d2_without_a_status_the_pods_tell_what_is_ready(status: Json | None) -> None:
    assert only(digest(workload(status=status))).ready is None
    found = only(digest(workload(status=status), pod()))
    assert (found.ready, found.ready_field, found.ready_pods) == (1, "", 1)
    assert found.evidence_pod == "tool-abc-1"


def test_d2_a_daemon_set_tells_its_counts_in_its_status() -> None:
    status = {"desiredNumberScheduled": 3, "numberReady": 0, "numberUnavailable": 3}
    found = only(digest(workload("DaemonSet", status=status)))
    assert (found.desired, found.desired_field) == (3, "status.desiredNumberScheduled")
    assert (found.ready, found.ready_field) == (0, "status.numberReady")
    assert found.fields["status.numberUnavailable"] == "3"


def test_d10_workloads_without_interest_are_only_counted() -> None:
    labels = {"labels": {"app.kubernetes.io/instance": "shop"}}
    cluster = digest(
        workload(name="shop", image=OTHER, meta=labels),
        workload("StatefulSet", "db", image=OTHER),
        workload(name="tool", meta=labels),
    )
    assert [one.name for one in cluster.workloads] == ["tool"]
    assert cluster.workload_count == 3
    assert cluster.workloads_by_namespace == {"n": 2}
    assert cluster.siblings == {"n||shop": 1}


def test_d2_replica_sets_of_a_deployment_or_of_a_past_revision_are_no_workloads() -> None:
    owned = {"ownerReferences": [{"kind": "Deployment", "name": "tool", "controller": True}]}
    past = {"ownerReferences": [{"kind": "Rollout", "name": "tool", "controller": True}]}
    cluster = digest(
        workload("ReplicaSet", "tool-1", meta=owned),
        workload("ReplicaSet", "tool-2", meta=past, replicas=0),
        workload("ReplicaSet", "tool-3", meta=past),
        workload("ReplicaSet", "free"),
    )
    assert [one.name for one in cluster.workloads] == ["free", "tool-3"]
    assert cluster.workload_count == 2


@pytest.mark.parametrize("pod_first", [True, False])
def test_d2_pods_are_joined_to_their_deployment_in_any_order(pod_first: bool) -> None:
    items = [workload(status={"replicas": 1}), pod(ready=False), pod("tool-abc-2")]
    found = only(digest(*(reversed(items) if pod_first else items)))
    assert (found.kind, found.pods, found.ready_pods, found.from_pods) == (
        "Deployment",
        2,
        1,
        False,
    )


def test_d2_pods_whose_workload_is_not_there_stand_for_it() -> None:
    found = only(digest(pod()))
    assert (found.kind, found.name, found.from_pods) == ("Deployment", "tool", True)
    assert found.containers[0].field == "spec.containers[0].image"
    assert (found.evidence_pod, found.ready, found.desired) == ("tool-abc-1", 1, None)


@pytest.mark.parametrize(
    ("owner", "word", "expected"),
    [
        (None, "", ("Pod", "p")),
        (("Node", "cp-1"), "", ("Pod", "p")),
        (("StatefulSet", "db"), "", ("StatefulSet", "db")),
        (("ReplicaSet", "tool-abc"), "", ("ReplicaSet", "tool-abc")),
        (("ReplicaSet", "tool-abc"), "other", ("ReplicaSet", "tool-abc")),
        (("Cluster", "main"), "", ("Cluster", "main")),
    ],
)
def test_d2_the_owner_of_a_pod_names_the_workload(
    owner: tuple[str, str] | None, word: str, expected: tuple[str, str]
) -> None:
    found = only(digest(pod("p", owner=owner, word=word)))
    assert (found.kind, found.name) == expected


@pytest.mark.parametrize("owner", ["Job", "TaskRun", "Workflow"])
def test_d2_pods_that_run_once_never_stand_for_a_tool(owner: str) -> None:
    assert digest(pod(owner=(owner, "scan"))).workloads == ()


def test_d2_finished_evicted_and_leaving_pods_never_stand_for_a_tool() -> None:
    leaving = {"deletionTimestamp": "2026-11-20T08:59:00Z"}
    cluster = digest(
        pod("a", phase="Succeeded"),
        pod("b", phase="Failed"),
        pod("c", phase="Failed", status={"reason": "Evicted"}),
        pod("d", meta=leaving),
    )
    assert cluster.workloads == ()
    assert cluster.pod_count == 1
    assert cluster.counts["evicted-pods"].first == "Pod/n/c"


def test_d2_an_injected_sidecar_makes_no_workload_of_its_host() -> None:
    host = workload(name="shop", image=OTHER)
    injected = {"containers": [container(OTHER), {"name": "proxy", "image": TOOL}]}
    cluster = digest(pod("p", owner=("ReplicaSet", "shop-abc"), spec=injected), host)
    assert cluster.workloads == ()


# Problems


@pytest.mark.parametrize(
    ("status", "field", "reason"),
    [
        (
            waiting("CrashLoopBackOff"),
            "status.containerStatuses[0].state.waiting.reason",
            "CrashLoopBackOff",
        ),
        (
            waiting("ImagePullBackOff", kind="initContainerStatuses"),
            "status.initContainerStatuses[0].state.waiting.reason",
            "ImagePullBackOff",
        ),
        (
            {"containerStatuses": [
                {"name": "main", "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}
            ]},
            "status.containerStatuses[0].state.terminated.reason",
            "OOMKilled",
        ),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
             "phase": "Pending"},
            "status.conditions[0].reason",
            "Unschedulable",
        ),
    ],
)  # fmt: skip
def test_d9_a_pod_that_cannot_run_is_a_problem_of_its_workload(
    status: Json, field: str, reason: str
) -> None:
    found = only(digest(workload(), pod("p", ready=False, status=status)))
    assert found.problem_count == 1
    problem = found.problems[0]
    assert (problem.object, problem.field, problem.reason) == ("Pod/n/p", field, reason)


def test_d9_starting_up_is_no_problem() -> None:
    for reason in ("ContainerCreating", "PodInitializing"):
        assert only(digest(workload(), pod(status=waiting(reason)))).problems == ()


def test_d10_many_problems_are_cut_with_their_total() -> None:
    pods = [pod(f"p{at}", status=waiting("CrashLoopBackOff")) for at in range(9)]
    found = only(digest(workload(), *pods))
    assert (len(found.problems), found.problem_count) == (5, 9)
    assert found.problems[0] == Problem(
        object="Pod/n/p0", field="status.containerStatuses[0].state.waiting.reason",
        reason="CrashLoopBackOff", image=TOOL,
    )  # fmt: skip
