"""Nodes, storage, network and definitions in the digest, and what was read at all (D1, D4)."""

from __future__ import annotations

import msgspec
import pytest

from mas.kubernetes.cluster import Amount, Cluster
from mas.kubernetes.kinds import KINDS, canonical_name, parse_names
from mas.kubernetes.source import Notes
from support.digests import (
    OTHER,
    Json,
    asks,
    container,
    digest,
    node,
    pod,
    thing,
    waiting,
    workload,
)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container(resources=asks("100m", "1Gi"))] * 2}, (200, 2 * 2**30)),
        (
            {"containers": [container(resources=asks("100m", "1Mi"))],
             "initContainers": [container(resources=asks("1", "1Mi"))]},
            (1000, 2**20),
        ),
        (
            {"containers": [container(resources=asks("100m", "1Mi"))],
             "initContainers": [
                 container(resources=asks("50m", "1Mi"), restartPolicy="Always"),
                 container(resources=asks("120m", "1Mi")),
             ]},
            (170, 2 * 2**20),
        ),
        (
            {"containers": [container(resources=asks("100m", "1Mi"))],
             "overhead": {"cpu": "20m", "memory": "1Mi"}},
            (120, 2 * 2**20),
        ),
        (
            {"containers": [container(resources={"limits": {"cpu": "300m", "memory": "2Mi"}})]},
            (300, 2 * 2**20),
        ),
        (
            {"containers": [container(resources=asks("100m", "1Mi"))], "resources":
             asks("500m", "4Mi")},
            (500, 4 * 2**20),
        ),
        ({"containers": [container()]}, (0, 0)),
    ],
    ids=["sum", "init", "sidecar", "overhead", "limits", "pod-level", "none"],
)  # fmt: skip
def test_d4_a_node_counts_what_the_scheduler_counts(spec: Json, expected: tuple[int, int]) -> None:
    (found,) = digest(node(), pod(spec=spec)).nodes
    assert found.requested == Amount(cpu=expected[0], memory=expected[1], pods=1)


def test_d4_ended_pods_and_those_without_a_node_ask_nothing_of_it() -> None:
    big = {"containers": [container(resources=asks("1", "1Gi"))]}
    (found,) = digest(
        node(), pod("a", phase="Succeeded", spec=big), pod("b", phase="Failed", spec=big),
        pod("c", node="", spec=big), pod("d", node="elsewhere", spec=big),
    ).nodes  # fmt: skip
    assert found.requested == Amount()


def test_d4_a_node_keeps_what_decides_about_it() -> None:
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    labels = {"node-role.kubernetes.io/control-plane": "", "feature.example.org/avx": "1"}
    annotations = {"flannel.alpha.coreos.com/backend-type": "vxlan", "other": "text"}
    (found,) = digest(
        node(
            meta={"labels": labels, "annotations": annotations},
            taints=[taint], unschedulable=True, providerID="k3s://a",
            conditions=[{"type": "X", "status": "False"}, {"type": "Ready", "status": "Unknown"}],
        )
    ).nodes  # fmt: skip
    assert (found.ready, found.ready_text, found.ready_index) == (False, "Unknown", 1)
    assert found.unschedulable
    assert found.control_plane
    assert found.taints[0].key == taint["key"]
    assert found.labels == {"node-role.kubernetes.io/control-plane": ""}
    assert found.provider_id == "k3s://a"
    assert (found.cni, found.cni_value) == ("flannel", "vxlan")
    assert found.cni_field == "metadata.annotations.flannel\\.alpha\\.coreos\\.com/backend-type"
    assert found.allocatable == Amount(cpu=3900, memory=16 * 2**30, pods=110)
    assert found.allocatable_text == {"cpu": "3900m", "memory": "16Gi", "pods": "110"}
    assert found.used is None


def test_d4_measured_use_is_joined_to_its_node() -> None:
    use = thing("NodeMetrics", "a", api="metrics.k8s.io/v1beta1",
                usage={"cpu": "1500000001n", "memory": "2Gi"})  # fmt: skip
    (found,) = digest(use, node()).nodes
    assert found.used == Amount(cpu=1501, memory=2 * 2**30)
    assert found.used_text == {"cpu": "1500000001n", "memory": "2Gi"}


@pytest.mark.parametrize(
    ("notes", "source", "nodes", "expected"),
    [
        (Notes(version="v1.34.1"), "live", [node()], ("v1.34.1", "server")),
        (Notes(version="1.34.1"), "snapshot", [node()], ("v1.34.1", "annotation")),
        (Notes(version="nonsense"), "snapshot", [node()], ("v1.33.6", "kubelet")),
        (Notes(), "snapshot", [], ("", "none")),
        (
            Notes(), "snapshot", [node("a", kubelet="v1.9.1"), node("b", kubelet="v1.30.2")],
            ("v1.9.1", "kubelet"),
        ),
        (
            Notes(), "snapshot",
            [node("a", kubelet="v1.29.1"),
             node("b", kubelet="v1.30.2",
                  meta={"labels": {"node-role.kubernetes.io/control-plane": ""}})],
            ("v1.30.2", "control-plane-kubelet"),
        ),
    ],
)  # fmt: skip
def test_d1_the_version_is_the_servers_else_the_oldest_kubelets(
    notes: Notes, source: str, nodes: list[Json], expected: tuple[str, str]
) -> None:
    cluster = digest(*nodes, notes=notes, source=source)
    assert (cluster.version, cluster.version_source) == expected


# Everything else


def test_d1_the_rest_of_a_cluster_is_summed_up() -> None:
    mark = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    service = {"type": "LoadBalancer"}
    cluster = digest(
        thing("Namespace", "n"),
        thing("StorageClass", "fast", api="storage.k8s.io/v1", meta=mark, provisioner="csi.x"),
        thing("StorageClass", "slow", api="storage.k8s.io/v1", provisioner="csi.y"),
        thing("PersistentVolume", "free", status={"phase": "Available"},
              spec={"storageClassName": "fast", "capacity": {"storage": "5Gi"}}),
        thing("PersistentVolume", "taken", status={"phase": "Bound"}),
        thing("PersistentVolumeClaim", "c", namespace="n", status={"phase": "Pending"}),
        thing("ResourceQuota", "q", namespace="n", spec={"hard": {"pods": 3}},
              status={"used": {"pods": "1"}}),
        thing("ResourceQuota", "s", namespace="n", spec={"scopes": ["BestEffort"]}),
        thing("LimitRange", "l", namespace="n", spec={"limits": [
            {"type": "Container", "default": {"cpu": "1"}}, {"type": "Pod"}]}),
        thing("Service", "lb", namespace="n", spec=service,
              status={"loadBalancer": {"ingress": [{"ip": "10.0.0.9"}]}}),
        thing("Service", "open", namespace="n", spec=service),
        thing("Ingress", "i", api="networking.k8s.io/v1", namespace="n", spec={"tls": [{}]}),
        thing("IngressClass", "nginx", api="networking.k8s.io/v1"),
        thing("CronJob", "c", api="batch/v1", namespace="n"),
        thing("Job", "j", api="batch/v1", namespace="n",
              status={"conditions": [{"type": "Complete", "status": "True"}]}),
        thing("Secret", "s", data={"p": "x"}),
    )  # fmt: skip
    assert cluster.namespaces == ("n",)
    fast, slow = cluster.storage_classes
    assert (fast.name, fast.default, fast.provisioner) == ("fast", True, "csi.x")
    assert fast.default_field == (
        "metadata.annotations.storageclass\\.kubernetes\\.io/is-default-class"
    )
    assert (slow.default, slow.default_field) == (False, "")
    assert [(one.name, one.capacity) for one in cluster.volumes] == [("free", "5Gi")]
    assert [(one.name, one.hard, one.used, one.scoped) for one in cluster.quotas] == [
        ("q", {"pods": "3"}, {"pods": "1"}, False),
        ("s", {}, {}, True),
    ]
    assert cluster.defaults[0].requests == {"cpu": "1"}
    assert [(one.name, one.address_field, one.address) for one in cluster.load_balancers] == [
        ("lb", "status.loadBalancer.ingress[0].ip", "10.0.0.9"),
        ("open", "", ""),
    ]
    assert cluster.ingress_classes == ("nginx",)
    assert {name: one.count for name, one in cluster.counts.items()} == {
        "claims": 1, "claims-pending": 1, "cron-jobs": 1, "finished-jobs": 1, "ingresses": 1,
        "ingresses-with-tls": 1, "load-balancers": 2, "load-balancers-pending": 1,
        "secrets-skipped": 1, "services": 2,
    }  # fmt: skip
    assert cluster.counts["load-balancers-pending"].first == "Service/n/open"


def test_d2_definitions_are_grouped_and_custom_resources_counted_with_an_example() -> None:
    names = {"kind": "Application", "plural": "applications"}
    cluster = digest(
        thing("CustomResourceDefinition", "applications.argoproj.io",
              api="apiextensions.k8s.io/v1", spec={"group": "argoproj.io", "names": names}),
        thing("Application", "b", api="argoproj.io/v1alpha1", namespace="argocd"),
        thing("Application", "a", api="argoproj.io/v1alpha1", namespace="argocd"),
        thing("Application", "x", api="app.k8s.example/v1", namespace="n"),
        thing("Kustomization", "k", api="kustomize.toolkit.fluxcd.io/v1", namespace="f"),
        thing("HelmRelease", "h", api="helm.toolkit.fluxcd.io/v2", namespace="f"),
        thing("Role", "r", api="rbac.authorization.k8s.io/v1", namespace="n"),
    )  # fmt: skip
    (group,) = cluster.crds
    assert (group.group, group.kinds) == ("argoproj.io", ("Application",))
    assert group.names == ("applications.argoproj.io",)
    assert cluster.custom["argoproj.io/Application"].count == 2
    assert "rbac.authorization.k8s.io/Role" not in cluster.custom
    assert cluster.applications["argo-cd"].count == 2
    assert cluster.applications["argo-cd"].first == "Application/argocd/a"
    assert cluster.applications["flux"].count == 2


def test_q1_an_object_of_an_unexpected_shape_is_counted_and_the_rest_is_read() -> None:
    cluster = digest(
        node("bad", conditions="none"),
        thing("Pod", "p", spec={"containers": {"a": 1}}),
        pod("q", spec={"containers": [container(resources=asks("lots", "1"))]}),
        {"metadata": {"name": "no kind"}},
        {"kind": 3},
        node("good"),
    )
    assert [one.name for one in cluster.nodes] == ["good"]
    assert (cluster.unreadable, cluster.objects) == (5, 6)


def test_d1_lists_inside_the_list_are_opened() -> None:
    typed = {"apiVersion": "v1", "kind": "NodeList", "items": [
        {"metadata": {"name": "b"}}]}  # fmt: skip
    nested = {"apiVersion": "v1", "items": [node("a"), typed], "kind": "List"}
    assert [one.name for one in digest(nested).nodes] == ["a", "b"]


def test_d10_at_most_fifty_load_balancers_are_kept_with_their_total() -> None:
    services = [
        thing("Service", f"s{at:03}", namespace="n", spec={"type": "LoadBalancer"})
        for at in range(70)
    ]
    cluster = digest(*services)
    assert len(cluster.load_balancers) == 50
    assert cluster.counts["load-balancers"].count == 70


# What was read


def test_d1_kinds_are_known_by_all_their_usual_names() -> None:
    text = "deployments.apps, Nodes,nodes.metrics.k8s.io  Application,pipelines.tekton.dev"
    assert parse_names(text) == {
        "deployments",
        "nodes",
        "nodes.metrics.k8s.io",
        "applications.argoproj.io",
        "pipelines.tekton.dev",
    }
    assert parse_names(None) == frozenset()
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert canonical_name("customresourcedefinitions.apiextensions.k8s.io") == (
        "customresourcedefinitions"
    )


def test_d1_what_nobody_read_is_told_from_what_is_absent() -> None:
    assert digest(notes=Notes()).unread == ()
    wanted = {kind.name for kind in KINDS if kind.decides}
    notes = Notes(kinds=frozenset(wanted - {"pods", "ingresses"}), forbidden=frozenset({"pods"}))
    cluster = digest(notes=notes)
    assert cluster.unread == ("ingresses",)
    assert cluster.forbidden == ("pods",)


def test_d1_workloads_count_as_read_when_any_was_seen_or_the_source_says_so() -> None:
    assert not digest(node()).workloads_read
    assert digest(pod()).workloads_read
    assert digest(workload(image=OTHER)).workloads_read
    assert digest(notes=Notes(kinds=frozenset({"statefulsets"}))).workloads_read


def test_d10_the_digest_can_be_stored_and_read_back_as_json() -> None:
    cluster = digest(node(), workload(), pod(status=waiting("ErrImagePull")))
    stored = msgspec.json.encode(cluster)
    assert msgspec.json.decode(stored, type=Cluster) == cluster
