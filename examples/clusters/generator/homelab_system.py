"""System, network and certificates of the homelab."""

from __future__ import annotations

from generator.homelab_parts import ISSUER, STORAGE
from generator.words import container, helm
from generator.world import World


def system(world: World) -> None:
    world.namespace("default", "kube-system", "kube-public", "kube-node-lease")
    for name, image, cpu, memory in (
        ("etcd", "registry.k8s.io/etcd:3.5.24-0", "100m", "100Mi"),
        ("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.33.6", "250m", ""),
        ("kube-controller-manager", "registry.k8s.io/kube-controller-manager:v1.33.6", "200m", ""),
        ("kube-scheduler", "registry.k8s.io/kube-scheduler:v1.33.6", "100m", ""),
    ):
        world.static_pod("cp-1", name, image, cpu=cpu, memory=memory)
    world.daemon_set(
        "kube-system",
        "kube-proxy",
        [
            container(
                "kube-proxy",
                "registry.k8s.io/kube-proxy:v1.33.6",
                command=["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"],
                env={"NODE_NAME": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
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
                "registry.k8s.io/coredns/coredns:v1.12.0",
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
        labels={"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
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
    metrics = helm("metrics-server", "metrics-server", "0.8.0", "metrics-server-3.13.0")
    world.deployment(
        "kube-system",
        "metrics-server",
        [
            container(
                "metrics-server",
                "registry.k8s.io/metrics-server/metrics-server:v0.8.0",
                cpu="100m",
                memory="200Mi",
                args=["--secure-port=10250", "--kubelet-insecure-tls", "--metric-resolution=15s"],
            )
        ],
        labels=metrics,
    )
    world.namespace("local-path-storage")
    world.deployment(
        "local-path-storage",
        "local-path-provisioner",
        [
            container(
                "local-path-provisioner",
                "rancher/local-path-provisioner:v0.0.31",
                command=[
                    "local-path-provisioner",
                    "--debug",
                    "start",
                    "--config",
                    "/etc/config/config.json",
                ],
            )
        ],
        labels={"app": "local-path-provisioner"},
    )
    world.storage_class(STORAGE, "rancher.io/local-path", default=True)


def network(world: World) -> None:
    world.namespace("kube-flannel", **{"pod-security.kubernetes.io/enforce": "privileged"})
    world.daemon_set(
        "kube-flannel",
        "kube-flannel-ds",
        [
            container(
                "kube-flannel",
                "ghcr.io/flannel-io/flannel:v0.27.4",
                cpu="100m",
                memory="50Mi",
                command=["/opt/bin/flanneld"],
                args=["--ip-masq", "--kube-subnet-mgr"],
            )
        ],
        labels={"app": "flannel", "k8s-app": "flannel", "tier": "node"},
        selector={"app": "flannel"},
    )
    world.namespace("metallb-system", **{"pod-security.kubernetes.io/enforce": "privileged"})
    base = helm("metallb", "metallb", "v0.15.2", "metallb-0.15.2")
    world.deployment(
        "metallb-system",
        "metallb-controller",
        [
            container(
                "controller",
                "quay.io/metallb/controller:v0.15.2",
                args=["--port=7472", "--log-level=info", "--tls-min-version=VersionTLS12"],
            )
        ],
        labels=base | {"app.kubernetes.io/component": "controller"},
    )
    world.daemon_set(
        "metallb-system",
        "metallb-speaker",
        [
            container(
                "speaker",
                "quay.io/metallb/speaker:v0.15.2",
                args=["--port=7472", "--log-level=info"],
            )
        ],
        labels=base | {"app.kubernetes.io/component": "speaker"},
    )
    world.crds(
        "metallb.io",
        "BFDProfile",
        "BGPAdvertisement",
        "BGPPeer",
        "Community:communities",
        "IPAddressPool",
        "L2Advertisement",
        "ServiceL2Status:servicel2statuses",
        version="v1beta1",
    )
    world.add(
        "IPAddressPool",
        "home",
        api="metallb.io/v1beta1",
        namespace="metallb-system",
        spec={"addresses": ["192.168.20.200-192.168.20.220"], "autoAssign": True},
    )
    world.add(
        "L2Advertisement",
        "home",
        api="metallb.io/v1beta1",
        namespace="metallb-system",
        spec={"ipAddressPools": ["home"]},
    )
    world.namespace("traefik")
    labels = helm("traefik", "traefik-traefik", "v3.5.0", "traefik-37.0.0")
    world.deployment(
        "traefik",
        "traefik",
        [
            container(
                "traefik",
                "docker.io/traefik:v3.5.0",
                cpu="100m",
                memory="100Mi",
                args=[
                    "--entryPoints.web.address=:8000/tcp",
                    "--providers.kubernetesingress",
                    "--providers.kubernetescrd",
                ],
                port=8000,
            )
        ],
        labels=labels,
    )
    world.service(
        "traefik",
        "traefik",
        443,
        labels=labels,
        selector={"app.kubernetes.io/name": "traefik"},
        type="LoadBalancer",
        address={"ip": "192.168.20.200", "ipMode": "VIP"},
    )
    world.add(
        "IngressClass",
        "traefik",
        api="networking.k8s.io/v1",
        labels=labels,
        annotations={"ingressclass.kubernetes.io/is-default-class": "true"},
        spec={"controller": "traefik.io/ingress-controller"},
    )
    world.crds(
        "traefik.io",
        "IngressRoute",
        "IngressRouteTCP",
        "IngressRouteUDP",
        "Middleware",
        "MiddlewareTCP",
        "ServersTransport",
        "ServersTransportTCP",
        "TLSOption",
        "TLSStore",
        "TraefikService",
        version="v1alpha1",
    )
    world.add(
        "Middleware",
        "security-headers",
        api="traefik.io/v1alpha1",
        namespace="traefik",
        spec={"headers": {"stsSeconds": 31536000}},
    )


def cert_manager(world: World) -> None:
    world.namespace("cert-manager")
    for name, image, component in (
        ("cert-manager", "cert-manager-controller", "controller"),
        ("cert-manager-cainjector", "cert-manager-cainjector", "cainjector"),
        ("cert-manager-webhook", "cert-manager-webhook", "webhook"),
    ):
        short = "cert-manager" if component == "controller" else component
        world.deployment(
            "cert-manager",
            name,
            [container(name, f"quay.io/jetstack/{image}:v1.18.2", args=["--v=2"])],
            labels=helm(
                short, "cert-manager", "v1.18.2", "cert-manager-v1.18.2", component=component
            )
            | {"app": short},
        )
    world.crds(
        "cert-manager.io",
        "Certificate",
        "CertificateRequest",
        "ClusterIssuer",
        "Issuer",
        owner="cert-manager",
    )
    world.crds("acme.cert-manager.io", "Challenge", "Order", owner="cert-manager")
    world.add(
        "ClusterIssuer",
        ISSUER,
        api="cert-manager.io/v1",
        spec={"acme": {"server": "https://acme-v02.api.letsencrypt.org/directory"}},
        status={
            "conditions": [{"reason": "ACMEAccountRegistered", "status": "True", "type": "Ready"}]
        },
    )
