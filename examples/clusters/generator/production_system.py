"""What a managed control plane brings along."""

from __future__ import annotations

from generator.production_parts import REGISTRY
from generator.words import container, helm
from generator.world import World


def system(world: World) -> None:
    add_on = {"app.kubernetes.io/managed-by": "EKS"}
    world.deployment(
        "kube-system",
        "coredns",
        [
            container(
                "coredns",
                f"{REGISTRY}/eks/coredns:v1.12.3-eksbuild.1",
                cpu="100m",
                memory="70Mi",
                limit="170Mi",
                args=["-conf", "/etc/coredns/Corefile"],
            )
        ],
        labels={"eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns"},
        replicas=3,
    )
    world.service(
        "kube-system",
        "kube-dns",
        53,
        labels={"k8s-app": "kube-dns"},
        selector={"k8s-app": "kube-dns"},
        cluster_ip="172.20.0.10",
    )
    world.service(
        "default",
        "kubernetes",
        443,
        labels={"component": "apiserver"},
        selector={},
        cluster_ip="172.20.0.1",
    )
    world.daemon_set(
        "kube-system",
        "kube-proxy",
        [
            container(
                "kube-proxy", f"{REGISTRY}/eks/kube-proxy:v1.34.0-minimal-eksbuild.4", cpu="100m"
            )
        ],
        labels={"k8s-app": "kube-proxy"},
    )
    world.daemon_set(
        "kube-system",
        "aws-node",
        [
            container("aws-node", f"{REGISTRY}/amazon-k8s-cni:v1.20.3-eksbuild.1", cpu="25m"),
            container(
                "aws-eks-nodeagent",
                f"{REGISTRY}/amazon/aws-network-policy-agent:v1.2.7-eksbuild.1",
                cpu="25m",
            ),
        ],
        labels={
            "app.kubernetes.io/instance": "aws-vpc-cni",
            "app.kubernetes.io/name": "aws-node",
            "app.kubernetes.io/version": "v1.20.3",
            "k8s-app": "aws-node",
        },
    )
    world.crds("crd.k8s.amazonaws.com", "ENIConfig", version="v1alpha1")
    world.crds("networking.k8s.aws", "PolicyEndpoint", version="v1alpha1")
    world.crds("vpcresources.k8s.aws", "CNINode", "SecurityGroupPolicy", version="v1beta1")
    driver = {
        "app.kubernetes.io/instance": "aws-ebs-csi-driver",
        "app.kubernetes.io/name": "aws-ebs-csi-driver",
        "app.kubernetes.io/version": "1.50.1",
        **add_on,
    }
    world.deployment(
        "kube-system",
        "ebs-csi-controller",
        [
            container(
                "ebs-plugin",
                f"{REGISTRY}/eks/aws-ebs-csi-driver:v1.50.1",
                cpu="10m",
                memory="40Mi",
                args=["controller", "--endpoint=$(CSI_ENDPOINT)"],
            ),
            container(
                "csi-provisioner",
                f"{REGISTRY}/eks/csi-provisioner:v5.3.0-eks-1-34-5",
                cpu="10m",
                memory="40Mi",
            ),
            container(
                "csi-attacher",
                f"{REGISTRY}/eks/csi-attacher:v4.10.0-eks-1-34-5",
                cpu="10m",
                memory="40Mi",
            ),
            container(
                "csi-resizer",
                f"{REGISTRY}/eks/csi-resizer:v1.14.0-eks-1-34-5",
                cpu="10m",
                memory="40Mi",
            ),
        ],
        labels=driver | {"app": "ebs-csi-controller"},
        selector={"app": "ebs-csi-controller"},
        replicas=2,
    )
    world.daemon_set(
        "kube-system",
        "ebs-csi-node",
        [
            container(
                "ebs-plugin",
                f"{REGISTRY}/eks/aws-ebs-csi-driver:v1.50.1",
                cpu="10m",
                memory="40Mi",
                args=["node", "--endpoint=$(CSI_ENDPOINT)"],
            ),
            container(
                "node-driver-registrar",
                f"{REGISTRY}/eks/csi-node-driver-registrar:v2.15.0-eks-1-34-5",
                cpu="10m",
                memory="40Mi",
            ),
        ],
        labels=driver | {"app": "ebs-csi-node"},
        selector={"app": "ebs-csi-node"},
    )
    world.add(
        "CSIDriver",
        "ebs.csi.aws.com",
        api="storage.k8s.io/v1",
        spec={"attachRequired": True, "podInfoOnMount": False},
    )
    world.storage_class("gp2", "kubernetes.io/aws-ebs")
    world.storage_class("gp3", "ebs.csi.aws.com", default=True)
    world.deployment(
        "kube-system",
        "cluster-autoscaler-aws-cluster-autoscaler",
        [
            container(
                "aws-cluster-autoscaler",
                "registry.k8s.io/autoscaling/cluster-autoscaler:v1.34.1",
                cpu="100m",
                memory="600Mi",
                command=["./cluster-autoscaler", "--cloud-provider=aws"],
            )
        ],
        labels=helm(
            "aws-cluster-autoscaler", "cluster-autoscaler", "1.34.1", "cluster-autoscaler-9.52.1"
        ),
    )
    world.deployment(
        "kube-system",
        "metrics-server",
        [
            container(
                "metrics-server",
                f"{REGISTRY}/eks/metrics-server:v0.8.0-eksbuild.2",
                cpu="100m",
                memory="200Mi",
            )
        ],
        labels={
            "app.kubernetes.io/instance": "metrics-server",
            "app.kubernetes.io/name": "metrics-server",
            "app.kubernetes.io/version": "0.8.0",
            **add_on,
        },
        replicas=2,
    )
