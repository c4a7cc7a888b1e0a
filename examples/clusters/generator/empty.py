"""A fresh kubeadm cluster: three nodes, Calico and CoreDNS, and nothing else yet."""

from __future__ import annotations

from generator.words import container
from generator.world import World

CONTROL_PLANE = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
VERSION = "v1.34.2"


def build() -> World:
    """The whole cluster."""
    world = World("empty", version=VERSION, born="2026-11-01T09:00:00")
    for index, name in enumerate(("master-1", "node-1", "node-2")):
        leading = index == 0
        world.node(
            name,
            cpu="4",
            memory="16Gi",
            ip=f"10.20.0.{10 + index}",
            index=index,
            taints=[CONTROL_PLANE] if leading else (),
            labels={"node-role.kubernetes.io/control-plane": ""} if leading else {},
            annotations={
                "projectcalico.org/IPv4Address": f"10.20.0.{10 + index}/24",
                "projectcalico.org/IPv4IPIPTunnelAddr": f"10.244.{index}.1",
            },
            os_image="Ubuntu 24.04.3 LTS",
            kernel="6.8.0-86-generic",
        )
    world.namespace("default", "kube-system", "kube-public", "kube-node-lease")
    _control_plane(world)
    _calico(world)
    return world


def _control_plane(world: World) -> None:
    for name, image, cpu in (
        ("etcd", "registry.k8s.io/etcd:3.6.5-0", "100m"),
        ("kube-apiserver", f"registry.k8s.io/kube-apiserver:{VERSION}", "250m"),
        ("kube-controller-manager", f"registry.k8s.io/kube-controller-manager:{VERSION}", "200m"),
        ("kube-scheduler", f"registry.k8s.io/kube-scheduler:{VERSION}", "100m"),
    ):
        world.static_pod("master-1", name, image, cpu=cpu)
    world.daemon_set(
        "kube-system",
        "kube-proxy",
        [
            container(
                "kube-proxy",
                f"registry.k8s.io/kube-proxy:{VERSION}",
                command=["/usr/local/bin/kube-proxy"],
            )
        ],
        labels={"k8s-app": "kube-proxy"},
    )
    world.deployment(
        "kube-system",
        "coredns",
        [
            container(
                "coredns",
                "registry.k8s.io/coredns/coredns:v1.12.1",
                cpu="100m",
                memory="70Mi",
                limit="170Mi",
                args=["-conf", "/etc/coredns/Corefile"],
            )
        ],
        labels={"k8s-app": "kube-dns"},
        replicas=2,
    )
    world.service(
        "kube-system",
        "kube-dns",
        53,
        labels={"k8s-app": "kube-dns"},
        selector={"k8s-app": "kube-dns"},
        cluster_ip="10.96.0.10",
    )
    world.service(
        "default",
        "kubernetes",
        443,
        labels={"component": "apiserver"},
        selector={},
        cluster_ip="10.96.0.1",
    )


def _calico(world: World) -> None:
    world.daemon_set(
        "kube-system",
        "calico-node",
        [
            container(
                "calico-node",
                "quay.io/calico/node:v3.30.4",
                cpu="250m",
                env={"DATASTORE_TYPE": "kubernetes", "CLUSTER_TYPE": "k8s,bgp"},
            )
        ],
        init=[
            container("install-cni", "quay.io/calico/cni:v3.30.4", command=["/opt/cni/bin/install"])
        ],
        labels={"k8s-app": "calico-node"},
    )
    world.deployment(
        "kube-system",
        "calico-kube-controllers",
        [container("calico-kube-controllers", "quay.io/calico/kube-controllers:v3.30.4")],
        labels={"k8s-app": "calico-kube-controllers"},
    )
    world.crds(
        "crd.projectcalico.org",
        "BGPConfiguration",
        "BGPFilter",
        "BGPPeer",
        "BlockAffinity",
        "CalicoNodeStatus:caliconodestatuses",
        "ClusterInformation",
        "FelixConfiguration",
        "GlobalNetworkPolicy",
        "GlobalNetworkSet",
        "HostEndpoint",
        "IPAMBlock",
        "IPAMConfig",
        "IPAMHandle",
        "IPPool",
        "IPReservation",
        "KubeControllersConfiguration",
        "NetworkPolicy",
        "NetworkSet",
        "StagedGlobalNetworkPolicy",
        "StagedKubernetesNetworkPolicy",
        "StagedNetworkPolicy",
        "Tier",
    )
    world.add(
        "IPPool",
        "default-ipv4-ippool",
        api="crd.projectcalico.org/v1",
        spec={"cidr": "10.244.0.0/16", "ipipMode": "Always"},
    )
    world.add(
        "FelixConfiguration",
        "default",
        api="crd.projectcalico.org/v1",
        spec={"logSeverityScreen": "Info"},
    )
