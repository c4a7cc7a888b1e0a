"""A small ARM box at the edge: one k3s node with what k3s brings along, and two applications."""

from __future__ import annotations

from generator.words import container
from generator.world import World

VERSION = "v1.31.9+k3s1"
NODE = "edge-pi5"
ADDRESS = "192.168.1.40"
APPLIED = {"objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}


def build() -> World:
    """The whole cluster."""
    world = World("edge-k3s", version=VERSION, born="2025-08-20T07:00:00")
    world.node(
        NODE,
        cpu="4",
        memory="8Gi",
        ip=ADDRESS,
        arch="arm64",
        reserved_memory="0Mi",
        os_image="Debian GNU/Linux 12 (bookworm)",
        kernel="6.12.25+rpt-rpi-2712",
        runtime="containerd://2.0.5-k3s1.32",
        provider_id=f"k3s://{NODE}",
        labels={
            "beta.kubernetes.io/instance-type": "k3s",
            "node-role.kubernetes.io/control-plane": "true",
            "node-role.kubernetes.io/master": "true",
            "node.kubernetes.io/instance-type": "k3s",
        },
        annotations={
            "flannel.alpha.coreos.com/backend-data": '{"VNI":1,"VtepMAC":"7a:10:5c:11:22:33"}',
            "flannel.alpha.coreos.com/backend-type": "vxlan",
            "flannel.alpha.coreos.com/kube-subnet-manager": "true",
            "flannel.alpha.coreos.com/public-ip": ADDRESS,
            "k3s.io/hostname": NODE,
            "k3s.io/internal-ip": ADDRESS,
        },
    )
    world.namespace("default", "kube-system", "kube-public", "kube-node-lease")
    _bundled(world)
    _applications(world)
    world.metrics()
    return world


def _bundled(world: World) -> None:
    world.deployment(
        "kube-system",
        "coredns",
        [
            container(
                "coredns",
                "rancher/mirrored-coredns-coredns:1.12.1",
                cpu="100m",
                memory="70Mi",
                limit="170Mi",
                args=["-conf", "/etc/coredns/Corefile"],
            )
        ],
        labels={"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
        selector={"k8s-app": "kube-dns"},
        annotations=APPLIED,
    )
    world.service(
        "kube-system",
        "kube-dns",
        53,
        labels={"k8s-app": "kube-dns"},
        selector={"k8s-app": "kube-dns"},
        cluster_ip="10.43.0.10",
    )
    world.service(
        "default",
        "kubernetes",
        443,
        labels={"component": "apiserver"},
        selector={},
        cluster_ip="10.43.0.1",
    )
    world.deployment(
        "kube-system",
        "local-path-provisioner",
        [
            container(
                "local-path-provisioner",
                "rancher/local-path-provisioner:v0.0.31",
                command=["local-path-provisioner", "start", "--config", "/etc/config/config.json"],
            )
        ],
        labels={"app": "local-path-provisioner"},
        annotations=APPLIED,
    )
    world.storage_class("local-path", "rancher.io/local-path", default=True)
    world.deployment(
        "kube-system",
        "metrics-server",
        [
            container(
                "metrics-server",
                "rancher/mirrored-metrics-server:v0.7.2",
                cpu="100m",
                memory="70Mi",
                args=["--secure-port=10250", "--metric-resolution=15s"],
            )
        ],
        labels={"k8s-app": "metrics-server"},
        annotations=APPLIED,
    )
    labels = {
        "app.kubernetes.io/instance": "traefik-kube-system",
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/name": "traefik",
        "helm.sh/chart": "traefik-34.2.1_up34.2.0",
    }
    world.deployment(
        "kube-system",
        "traefik",
        [
            container(
                "traefik",
                "rancher/mirrored-library-traefik:3.3.6",
                port=8000,
                args=[
                    "--entryPoints.web.address=:8000/tcp",
                    "--providers.kubernetescrd",
                    "--providers.kubernetesingress",
                ],
            )
        ],
        labels=labels,
    )
    world.service(
        "kube-system",
        "traefik",
        443,
        labels=labels,
        selector={"app.kubernetes.io/name": "traefik"},
        type="LoadBalancer",
        address={"ip": ADDRESS, "ipMode": "VIP"},
    )
    world.daemon_set(
        "kube-system",
        "svclb-traefik-6f2c1d9b",
        [container(f"lb-tcp-{port}", "rancher/klipper-lb:v0.4.13") for port in (80, 443)],
        labels={
            "app": "svclb-traefik-6f2c1d9b",
            "svccontroller.k3s.cattle.io/svcname": "traefik",
            "svccontroller.k3s.cattle.io/svcnamespace": "kube-system",
        },
    )
    world.add(
        "IngressClass",
        "traefik",
        api="networking.k8s.io/v1",
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
    world.crds("helm.cattle.io", "HelmChart", "HelmChartConfig")
    world.crds("k3s.cattle.io", "Addon", "ETCDSnapshotFile")
    for name in ("traefik", "traefik-crd"):
        world.add(
            "HelmChart",
            name,
            api="helm.cattle.io/v1",
            namespace="kube-system",
            spec={"chart": f"https://%{{KUBERNETES_API}}%/static/charts/{name}.tgz"},
        )
        world.job(
            "kube-system",
            f"helm-install-{name}",
            "rancher/klipper-helm:v0.9.5-build20250306",
            labels={"helmcharts.helm.cattle.io/chart": name},
        )
    for name in ("ccm", "coredns", "local-storage", "metrics-server-deployment", "runtimes"):
        world.add(
            "Addon",
            name,
            api="k3s.cattle.io/v1",
            namespace="kube-system",
            spec={"source": f"manifests/{name}.yaml"},
        )


def _applications(world: World) -> None:
    for name, image, cpu, memory, port in (
        ("mosquitto", "docker.io/library/eclipse-mosquitto:2.0.21", "50m", "32Mi", 1883),
        ("zigbee2mqtt", "ghcr.io/koenkk/zigbee2mqtt:2.4.0", "100m", "192Mi", 8080),
        ("sensor-gateway", "registry.example.org/edge/sensor-gateway:1.4.2", "200m", "256Mi", 8000),
    ):
        namespace = "edge"
        if name == "mosquitto":
            world.namespace(namespace)
        labels = {"app": name}
        world.deployment(
            namespace,
            name,
            [container(name, image, cpu=cpu, memory=memory, port=port)],
            labels=labels,
        )
        world.service(namespace, name, port, labels=labels, selector=labels)
    world.claim("edge", "mosquitto-data", "1Gi", storage="local-path", app="mosquitto")
    world.ingress(
        "edge",
        "zigbee2mqtt",
        "zigbee.edge.example.org",
        class_name="traefik",
        address={"ip": ADDRESS},
        port=8080,
    )
