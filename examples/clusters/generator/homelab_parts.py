"""What all parts of the homelab share: its names, and pages with certificates."""

from __future__ import annotations

from generator.world import World

STORAGE = "local-path"


ISSUER = "letsencrypt-dns"


DOMAIN = "lab.example.org"


def certificate(world: World, namespace: str, name: str) -> None:
    world.add(
        "Certificate",
        f"{name}-tls",
        api="cert-manager.io/v1",
        namespace=namespace,
        spec={
            "dnsNames": [f"{name}.{DOMAIN}"],
            "issuerRef": {"kind": "ClusterIssuer", "name": ISSUER},
            "secretName": f"{name}-tls",
        },
        status={"conditions": [{"reason": "Ready", "status": "True", "type": "Ready"}]},
    )


def page(world: World, namespace: str, name: str, labels: dict[str, str], port: int) -> None:
    """A Service and an Ingress with a certificate."""
    selector = {
        key: value
        for key, value in labels.items()
        if key in ("app.kubernetes.io/instance", "app.kubernetes.io/name")
    }
    world.service(namespace, name, port, labels=labels, selector=selector)
    world.ingress(
        namespace,
        name,
        f"{name}.{DOMAIN}",
        class_name="traefik",
        issuer=ISSUER,
        address={"ip": "192.168.20.200"},
        labels=labels,
        port=port,
    )
    certificate(world, namespace, name)
