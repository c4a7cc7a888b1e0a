"""A homelab: three kubeadm nodes, GitOps with Argo CD, Gitea with CI, a Prometheus stack."""

from __future__ import annotations

from generator.homelab_applications import applications
from generator.homelab_delivery import argo_cd, gitea
from generator.homelab_monitoring import monitoring
from generator.homelab_system import cert_manager, network, system
from generator.world import World

CONTROL_PLANE = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}


def build() -> World:
    """The whole cluster."""
    world = World("homelab", version="v1.33.6", born="2025-03-09T10:00:00")
    _nodes(world)
    system(world)
    network(world)
    cert_manager(world)
    argo_cd(world)
    gitea(world)
    monitoring(world)
    applications(world)
    world.metrics()
    return world


def _nodes(world: World) -> None:
    for index, (name, cpu, memory) in enumerate(
        (("cp-1", "4", "8Gi"), ("worker-1", "8", "32Gi"), ("worker-2", "8", "32Gi"))
    ):
        leading = name == "cp-1"
        ip = f"192.168.20.{11 + index}"
        world.node(
            name,
            cpu=cpu,
            memory=memory,
            ip=ip,
            index=index,
            taints=[CONTROL_PLANE] if leading else (),
            labels={
                "node-role.kubernetes.io/control-plane": "",
                "node.kubernetes.io/exclude-from-external-load-balancers": "",
            }
            if leading
            else {"node-role.kubernetes.io/worker": ""},
            annotations={
                "flannel.alpha.coreos.com/backend-data": '{"VNI":1,"VtepMAC":"3e:8f:11:00:00:01"}',
                "flannel.alpha.coreos.com/backend-type": "vxlan",
                "flannel.alpha.coreos.com/kube-subnet-manager": "true",
                "flannel.alpha.coreos.com/public-ip": ip,
                "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///run/containerd/containerd.sock",
            },
        )
