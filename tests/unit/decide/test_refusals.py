"""Versions, collisions, storage and the state of the project refuse (D5)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import cilium, cluster, gitea, ingress_nginx, traefik

from mas.testing.clusters import ClusterBuilder

TEKTON = "Should we adopt Tekton?"

# Versions


@pytest.mark.parametrize("version", ["v1.27.16", "v1.27.16+k3s1", "v1.27.9-eks-abcdef0", "v1.9.0"])
def test_d5_below_the_minimum_is_refused_and_the_minimum_named(version: str) -> None:
    told = ask(cluster(version=version), TEKTON)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "version"
    assert "1.28" in told.text("version", "against")
    assert any(one.startswith("Node/") for one in told.objects("version"))
    assert "1.28" in told.counterfactual


@pytest.mark.parametrize("version", ["v1.28.0", "v1.28.4+k3s1", "v1.36.1-eks-1a2b3c", "v1.100.0"])
def test_d5_at_or_above_the_minimum_is_no_refusal(version: str) -> None:
    told = ask(cluster(version=version), TEKTON)
    assert told.verdict == "recommend"
    assert "version" in told.kinds("for")


def test_c_the_server_version_of_a_snapshot_counts_before_the_kubelets() -> None:
    world = cluster(version="v1.30.1").server_version("v1.27.3")
    assert ask(world, TEKTON).verdict == "do_not_recommend"
    world = cluster(version="v1.27.3").server_version("v1.30.1")
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert told.decision["cluster"]["version"] == "v1.30.1"


def test_c_the_control_plane_counts_before_older_workers() -> None:
    world = ClusterBuilder(workers=0, version="v1.29.0").node("w-1", kubelet="v1.27.1")
    world.deployment("shop", "storefront", "registry.corp/storefront:7")
    told = ask(world, TEKTON)
    assert told.verdict == "recommend"
    assert told.decision["cluster"]["version"] == "v1.29.0"


def test_c_without_control_plane_nodes_the_lowest_kubelet_counts() -> None:
    world = ClusterBuilder(control_planes=0, workers=1, version="v1.29.0")
    world.node("w-2", kubelet="v1.27.1").deployment("shop", "storefront", "registry.corp/x:7")
    told = ask(world, TEKTON)
    assert told.verdict == "do_not_recommend"
    assert "Node/w-2" in told.objects("version")
    assert "inferred" in told.english


def test_d5_a_version_below_the_minimum_stands_although_other_things_are_unknown() -> None:
    world = cluster(version="v1.27.1").forbid("deployments", "pods", "storageclasses")
    told = ask(world, TEKTON)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "version"


def test_d5_a_version_that_nobody_tells_leaves_it_undetermined() -> None:
    world = cluster()
    for item in world.items:
        if item["kind"] == "Node":
            item["status"]["nodeInfo"] = {}
    told = ask(world, TEKTON)
    assert told.verdict == "undetermined"
    assert "1.28" in told.text("permission")
    assert ask(world, "Argo Rollouts 도입").verdict == "recommend", "it publishes no minimum"


# Collisions


def test_d5_a_second_pod_network_collides() -> None:
    world = cluster()
    cilium(world)
    told = ask(world, "Calico 도입")
    assert told.verdict == "do_not_recommend"
    assert {"overlap", "conflict"} <= set(told.kinds("against"))
    assert "DaemonSet/kube-system/cilium" in told.objects("conflict")
    assert told.alternatives == ["cilium"] or told.alternatives[0] == "cilium"


def test_d5_also_a_broken_pod_network_collides() -> None:
    world = cluster()
    world.daemon_set("kube-system", "cilium", "quay.io/cilium/cilium:v1.18.1", replicas=2, ready=0)
    world.deployment("kube-system", "cilium-operator", "quay.io/cilium/operator-generic:v1.18.1")
    told = ask(world, "Should we install Calico?")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "conflict"


def test_d5_the_built_in_flannel_of_k3s_collides_with_another_pod_network() -> None:
    world = ClusterBuilder(control_planes=0, workers=0, version="v1.36.1+k3s1")
    world.node(
        "pi",
        control_plane=False,
        labels={"node-role.kubernetes.io/control-plane": "true"},
        annotations={"flannel.alpha.coreos.com/backend-type": "vxlan"},
    ).deployment("kube-system", "coredns", "rancher/mirrored-coredns-coredns:1.12.0")
    told = ask(world, "Cilium 도입해도 될까?")
    assert told.verdict == "do_not_recommend"
    assert (
        "Node/pi",
        r"metadata.annotations.flannel\.alpha\.coreos\.com/backend-type",
        "vxlan",
    ) in told.cited("conflict")
    assert "flannel" in told.alternatives


def test_d5_the_built_in_flannel_of_k3s_collides_with_a_flannel_of_its_own() -> None:
    """No workload proves it as installed, and a second one would fight over the same nodes."""
    world = ClusterBuilder(control_planes=0, workers=0, version="v1.36.1+k3s1")
    world.node("pi", annotations={"flannel.alpha.coreos.com/backend-type": "vxlan"})
    world.deployment("kube-system", "coredns", "rancher/mirrored-coredns-coredns:1.12.0")
    told = ask(world, "Should we install Flannel?")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "conflict"
    assert told.alternatives == ["flannel"]


def test_d5_a_second_load_balancer_collides() -> None:
    world = cluster()
    world.daemon_set(
        "kube-system",
        "svclb-traefik-1a2b3c4d",
        "rancher/klipper-lb:v0.4.13",
        replicas=3,
        labels={"svccontroller.k3s.cattle.io/svcname": "traefik"},
    )
    told = ask(world, "MetalLB 도입")
    assert told.verdict == "do_not_recommend"
    assert "conflict" in told.kinds("against")
    assert told.alternatives[0] == "servicelb"


def test_d5_the_load_balancer_of_a_cloud_collides() -> None:
    world = cluster().load_balancer("shop", "front", hostname="a1.elb.amazonaws.com")
    told = ask(world, "Should we install MetalLB?")
    assert told.verdict == "do_not_recommend"
    assert (
        "Service/shop/front",
        "status.loadBalancer.ingress[0].hostname",
        "a1.elb.amazonaws.com",
    ) in told.cited("conflict")


def test_d5_the_load_balancer_of_a_cloud_does_not_collide_with_the_tool_of_that_cloud() -> None:
    world = cluster(control_planes=0, workers=0)
    for number in (1, 2):
        world.node(f"ip-{number}", provider_id=f"aws:///eu-west-1a/i-0{number}")
    world.load_balancer("shop", "front", hostname="a1.elb.amazonaws.com")
    assert ask(world, "AWS Load Balancer Controller 도입").verdict == "recommend"


def test_d5_services_that_wait_for_an_address_are_a_demand_and_no_collision() -> None:
    world = cluster().load_balancer("shop", "front")
    told = ask(world, "Should we install MetalLB?")
    assert told.verdict == "recommend"
    assert "need" in told.kinds("for")
    assert "Service/shop/front" in told.objects("need")


def test_d5_a_second_ingress_controller_is_an_overlap_and_no_collision() -> None:
    world = cluster()
    traefik(world)
    assert "conflict" not in ask(world, "Contour 도입").kinds()


# Storage


def test_d5_a_stateful_tool_without_any_storage_class_is_refused() -> None:
    world = cluster().without("StorageClass")
    told = ask(world, "Harbor 도입")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "storage"
    assert "StorageClass" in told.counterfactual


def test_d5_static_classes_without_a_free_volume_are_no_storage() -> None:
    world = cluster().without("StorageClass")
    world.storage_class("manual", provisioner="kubernetes.io/no-provisioner", default=True)
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "do_not_recommend"
    assert ("StorageClass/manual", "provisioner", "kubernetes.io/no-provisioner") in told.cited(
        "storage"
    )


def test_d5_static_classes_with_free_volumes_are_storage() -> None:
    world = cluster().without("StorageClass")
    world.storage_class("manual", provisioner="kubernetes.io/no-provisioner", default=True)
    world.volume("pv-1", storage_class="manual")
    assert ask(world, "Should we install Harbor?").verdict == "recommend"


def test_d5_static_classes_with_volumes_that_may_not_be_read_are_undetermined() -> None:
    world = cluster().without("StorageClass")
    world.storage_class("manual", provisioner="kubernetes.io/no-provisioner", default=True)
    world.forbid("persistentvolumes")
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "undetermined"
    assert "persistentvolumes" in told.text("permission")


def test_d5_classes_without_a_default_are_named_and_do_not_refuse() -> None:
    world = cluster().without("StorageClass").storage_class("fast-ssd").storage_class("slow")
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "recommend"
    assert "fast-ssd" in told.text("storage", "against")
    assert ("StorageClass/fast-ssd", "metadata.name", "fast-ssd") in told.cited("storage")
    assert any("patch storageclass fast-ssd" in command for command in told.commands)


def test_d5_a_default_class_speaks_for_it() -> None:
    told = ask(cluster(), "Should we install Harbor?")
    assert told.verdict == "recommend"
    assert "storage" in told.kinds("for")


@pytest.mark.parametrize("tool", ["Longhorn", "Rook Ceph", "local-path-provisioner"])
def test_d5_a_storage_tool_is_its_own_answer(tool: str) -> None:
    told = ask(
        cluster(workers=4, cpu="16", memory="64Gi").without("StorageClass"),
        f"Should we install {tool}?",
    )
    assert told.verdict == "recommend"
    assert "storage" not in told.kinds("against")


def test_d5_a_tool_without_state_needs_no_storage_class() -> None:
    told = ask(cluster().without("StorageClass"), TEKTON)
    assert told.verdict == "recommend"
    assert "storage" not in told.kinds()


# Lifecycle


@pytest.mark.parametrize(
    ("request_", "successor"),
    [("ingress-nginx 도입", "traefik"), ("Should we install Promtail?", "alloy")],
)
def test_d5_a_retired_project_is_refused_and_its_successor_named(
    request_: str, successor: str
) -> None:
    told = ask(cluster(), request_)
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "lifecycle"
    assert told.alternatives[0] == successor
    assert told.counterfactual == ""


def test_d5_a_successor_that_runs_here_already_is_said_to() -> None:
    world = cluster()
    traefik(world)
    told = ask(world, "Should we install ingress-nginx?")
    assert told.verdict == "do_not_recommend"
    assert told.kinds()[0] == "lifecycle"
    assert told.alternatives[0] == "traefik"
    assert "already runs" in told.english or "already covers" in told.english


def test_d5_retired_comes_before_what_could_not_be_read() -> None:
    world = cluster().forbid("deployments", "nodes", "pods")
    assert ask(world, "Should we install ingress-nginx?").verdict == "do_not_recommend"


def test_d5_a_retired_tool_that_runs_is_installed_first_of_all() -> None:
    world = cluster()
    ingress_nginx(world)
    assert ask(world, "Should we install ingress-nginx?").verdict == "already_installed"


# Several at once


def test_d5_all_refusals_are_told_strongest_first() -> None:
    world = cluster(version="v1.19.3", cpu="50m", memory="64Mi").without("StorageClass")
    gitea(world)
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "do_not_recommend"
    refusing = told.kinds("against")
    order = [refusing.index(kind) for kind in ("version", "overlap", "capacity", "storage")]
    assert order == sorted(order)
    for word in ("1.20", "StorageClass", "Gitea"):
        assert word in told.counterfactual


def test_d5_a_retired_project_below_its_minimum_version_tells_both() -> None:
    told = ask(cluster(version="v1.19.0"), "Should we install ingress-nginx?")
    assert told.kinds()[:2] == ["lifecycle", "version"]
