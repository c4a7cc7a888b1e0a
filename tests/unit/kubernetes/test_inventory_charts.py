"""Workloads as well-known charts and manifests write them: names, images, commands (D2).

Each entry is a workload and the tool and component that it is; `-` is a workload that came with a
chart and is no component of any tool.
"""

from __future__ import annotations

import pytest
from installed_worlds import RECOGNISER, container, workload

from mas.kubernetes.cluster import Container
from mas.kubernetes.inventory import parts_of

ARGOCD = "quay.io/argoproj/argocd:v3.1.0"
ESO = "ghcr.io/external-secrets/external-secrets:v0.19.2"
LINKERD = "cr.l5d.io/linkerd/controller:edge-25.8.1"
LINKERD_PROXY = "cr.l5d.io/linkerd/proxy:edge-25.8.1"
LONGHORN = "longhornio/longhorn-manager:v1.9.1"
GATEKEEPER = "openpolicyagent/gatekeeper:v3.20.0"
CROSSPLANE = "xpkg.crossplane.io/crossplane/crossplane:v2.0.2"
CONTOUR = "ghcr.io/projectcontour/contour:v1.32.1"
EBS = "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1.47.0"
VELERO = "velero/velero:v1.16.2"
THANOS = "quay.io/thanos/thanos:v0.39.2"
EVENTS = "quay.io/argoproj/argo-events:v1.9.7"
STRIMZI = "quay.io/strimzi/operator:0.47.0"
ROOK = "docker.io/rook/ceph:v1.17.7"
CEPH = "quay.io/ceph/ceph:v19.2.3"
CEPH_CSI = "quay.io/cephcsi/cephcsi:v3.14.2"
REDIS_OPERATOR = "quay.io/opstree/redis-operator:v0.21.0"
CNPG = "ghcr.io/cloudnative-pg/cloudnative-pg:1.27.0"
VAULT = "hashicorp/vault:1.20.1"
VAULT_SCRIPT = "cp /vault/config/a.hcl /tmp/a.hcl; /usr/local/bin/docker-entrypoint.sh vault server"
SIGNED = "registry.k8s.io/sig-storage/csi-provisioner:v5.3.0"
PLUGIN = container(EBS, "controller", "--endpoint=unix:///csi.sock")

CHARTS: list[tuple[str, tuple[Container | str, ...], str]] = [
    (
        "argocd-application-controller",
        (container(ARGOCD, "/usr/local/bin/argocd-application-controller"),),
        "argo-cd/application-controller",
    ),
    ("argocd-server", (container(ARGOCD, "/usr/local/bin/argocd-server"),), "argo-cd/server"),
    (
        "argocd-repo-server",
        (container(ARGOCD, "/usr/local/bin/argocd-repo-server"),),
        "argo-cd/repo-server",
    ),
    (
        "argocd-applicationset-controller",
        (container(ARGOCD, "/usr/local/bin/argocd-applicationset-controller"),),
        "argo-cd/applicationset-controller",
    ),
    (
        "argocd-notifications-controller",
        (container(ARGOCD, "/usr/local/bin/argocd-notifications"),),
        "argo-cd/notifications-controller",
    ),
    (
        "prod-argo-cd-argocd-application-controller",
        (container(ARGOCD, "entrypoint.sh", "argocd-application-controller"),),
        "argo-cd/application-controller",
    ),
    (
        "openshift-gitops-application-controller",
        (container(ARGOCD, "argocd-application-controller"),),
        "argo-cd/application-controller",
    ),
    (
        "argocd-redis",
        (container("public.ecr.aws/docker/library/redis:7.2", "--save", ""),),
        "argo-cd/redis",
    ),
    (
        "argocd-dex-server",
        (container("ghcr.io/dexidp/dex:v2.43.1", "/shared/argocd-dex", "rundex"),),
        "argo-cd/dex",
    ),
    ("eventing-controller", (container(EVENTS, "controller"),), "argo-events/controller"),
    (
        "webhook-eventsource-abc",
        (container(EVENTS, "eventsource-service"),),
        "argo-events/eventsource",
    ),
    (
        "external-secrets",
        (container(ESO, "--concurrent=1", "--metrics-addr=:8080"),),
        "external-secrets/controller",
    ),
    ("eso-external-secrets", (container(ESO, "--concurrent=1"),), "external-secrets/controller"),
    (
        "external-secrets-webhook",
        (container(ESO, "webhook", "--port=10250"),),
        "external-secrets/webhook",
    ),
    (
        "external-secrets-cert-controller",
        (container(ESO, "certcontroller", "--x"),),
        "external-secrets/cert-controller",
    ),
    (
        "linkerd-destination",
        (
            LINKERD_PROXY,
            container(LINKERD, "destination", "-addr=:8086"),
            container(LINKERD, "sp-validator"),
        ),
        "linkerd/destination",
    ),
    ("linkerd-identity", (container(LINKERD, "identity"), LINKERD_PROXY), "linkerd/identity"),
    (
        "linkerd-proxy-injector",
        (LINKERD_PROXY, container(LINKERD, "proxy-injector")),
        "linkerd/proxy-injector",
    ),
    (
        "longhorn-manager",
        (
            container(LONGHORN, "longhorn-manager", "-d", "daemon"),
            "longhornio/longhorn-share-manager:v1.9.1",
        ),
        "longhorn/manager",
    ),
    (
        "longhorn-driver-deployer",
        (container(LONGHORN, "longhorn-manager", "-d", "deploy-driver"),),
        "longhorn/driver-deployer",
    ),
    (
        "longhorn-csi-plugin",
        (
            "longhornio/csi-node-driver-registrar:v2",
            container(LONGHORN, "longhorn-manager", "-d", "csi"),
        ),
        "longhorn/csi-plugin",
    ),
    (
        "gatekeeper-controller-manager",
        (container(GATEKEEPER, "/manager", "--port=8443"),),
        "gatekeeper/controller-manager",
    ),
    (
        "gatekeeper-audit",
        (container(GATEKEEPER, "/manager", "--operation=audit"),),
        "gatekeeper/audit",
    ),
    ("crossplane", (container(CROSSPLANE, "core", "start"),), "crossplane/crossplane"),
    (
        "crossplane-rbac-manager",
        (container(CROSSPLANE, "rbac", "start"),),
        "crossplane/rbac-manager",
    ),
    ("contour", (container(CONTOUR, "contour", "serve", "--incluster"),), "contour/contour"),
    (
        "contour-envoy",
        (
            container(CONTOUR, "/bin/contour", "envoy", "shutdown-manager"),
            "docker.io/envoyproxy/envoy:v1.34",
        ),
        "contour/envoy",
    ),
    ("ebs-csi-controller", (PLUGIN, SIGNED), "aws-ebs-csi-driver/controller"),
    (
        "ebs-csi-node",
        (container(EBS, "node", "--endpoint=unix:///csi.sock"), SIGNED),
        "aws-ebs-csi-driver/node",
    ),
    ("velero", (container(VELERO, "/velero", "server"),), "velero/server"),
    ("node-agent", (container(VELERO, "/velero", "node-agent", "server"),), "velero/node-agent"),
    ("thanos-store", (container(THANOS, "store", "--data-dir=/var"),), "thanos/store"),
    ("thanos-query", (container(THANOS, "query", "--grpc-address=:1"),), "thanos/query"),
    (
        "prometheus-k8s",
        (
            container("quay.io/prometheus/prometheus:v3"),
            "quay.io/prometheus-operator/prometheus-config-reloader:v0.85",
            container(THANOS, "sidecar"),
        ),
        "prometheus/server kube-prometheus-stack/prometheus",
    ),
    (
        "kps-grafana",
        (
            "quay.io/kiwigrid/k8s-sidecar:1.30",
            "quay.io/kiwigrid/k8s-sidecar:1.30",
            "docker.io/grafana/grafana:12.1.0",
        ),
        "grafana/grafana kube-prometheus-stack/grafana",
    ),
    (
        "strimzi-cluster-operator",
        (container(STRIMZI, "/opt/strimzi/bin/cluster_operator_run.sh"),),
        "strimzi/cluster-operator",
    ),
    (
        "shop-entity-operator",
        (container(STRIMZI, "/opt/strimzi/bin/topic_operator_run.sh"),),
        "strimzi/entity-operator",
    ),
    ("rook-ceph-operator", (container(ROOK, "ceph", "operator"),), "rook-ceph/operator"),
    ("rook-discover", (container(ROOK, "discover"),), "-"),
    ("rook-ceph-mon-a", (container(CEPH, "ceph-mon"),), "rook-ceph/mon"),
    ("rook-ceph-osd-0", (container(CEPH, "ceph-osd"),), "rook-ceph/osd"),
    (
        "csi-rbdplugin-provisioner",
        (SIGNED, container(CEPH_CSI, "--type=rbd")),
        "rook-ceph/csi-ctrlplugin",
    ),
    (
        "redis-operator",
        (container(REDIS_OPERATOR, "/operator", "manager"),),
        "redis-operator/operator",
    ),
    (
        "cnpg-controller-manager",
        (container(CNPG, "/manager", "controller", "--leader-elect"),),
        "cloudnative-pg/controller-manager",
    ),
    ("vault", (container(VAULT, "/bin/sh", "-ec", VAULT_SCRIPT),), "vault/server"),
    ("secrets-vault", (container(VAULT, "/bin/sh", "-ec", VAULT_SCRIPT),), "vault/server"),
    (
        "vault-agent-injector",
        (container("hashicorp/vault-k8s:1.7.0", "agent-inject"),),
        "vault/injector",
    ),
    (
        "openbao",
        (container("quay.io/openbao/openbao:2.3.2", "/bin/sh", "-ec", "exec bao server"),),
        "openbao/server",
    ),
    (
        "seaweedfs-master",
        (
            container(
                "chrislusf/seaweedfs:3.96",
                "/bin/sh",
                "-ec",
                "exec /usr/bin/weed -v=1 master -port=9333",
            ),
        ),
        "seaweedfs/server",
    ),
    (
        "seaweedfs-volume",
        (
            container(
                "chrislusf/seaweedfs:3.96",
                "/bin/sh",
                "-ec",
                "exec /usr/bin/weed -v=1 volume -port=8080",
            ),
        ),
        "seaweedfs/volume",
    ),
    (
        "seaweedfs-filer",
        (
            container(
                "chrislusf/seaweedfs:3.96", "/bin/sh", "-ec", "exec /usr/bin/weed -v=1 filer -s3"
            ),
        ),
        "seaweedfs/filer",
    ),
    ("istiod", (container("gcr.io/istio-release/pilot:1.27.0", "discovery"),), "istio/istiod"),
    (
        "istio-ingressgateway",
        (container("gcr.io/istio-release/proxyv2:1.27.0", "proxy", "router"),),
        "istio/gateway",
    ),
    (
        "shop",
        ("acme/shop:1", container("gcr.io/istio-release/proxyv2:1.27.0", "proxy", "sidecar")),
        "-",
    ),
    (
        "ingress-nginx-controller",
        (
            container(
                "registry.k8s.io/ingress-nginx/controller:v1.13.0@sha256:00",
                "/nginx-ingress-controller",
            ),
        ),
        "ingress-nginx/controller",
    ),
    (
        "traefik",
        (container("docker.io/traefik:v3.5.0", "--global.checknewversion"),),
        "traefik/traefik",
    ),
    ("traefik", (container("rancher/mirrored-library-traefik:3.3.6", "--x"),), "traefik/traefik"),
    ("coredns", ("rancher/mirrored-coredns-coredns:1.12.1",), "-"),
    (
        "cilium",
        (container("quay.io/cilium/cilium:v1.18.0@sha256:00", "cilium-agent"),),
        "cilium/agent",
    ),
    (
        "cilium-operator",
        (container("quay.io/cilium/operator-generic:v1.18.0", "cilium-operator-generic"),),
        "cilium/operator",
    ),
    ("calico-node", (container("docker.io/calico/node:v3.30.2"),), "calico/node"),
    (
        "kube-flannel-ds",
        (container("ghcr.io/flannel-io/flannel:v0.27.2", "/opt/bin/flanneld"),),
        "flannel/flannel",
    ),
    (
        "canal",
        ("docker.io/calico/node:v3.30.2", "ghcr.io/flannel-io/flannel:v0.27.2"),
        "calico/node flannel/flannel",
    ),
    (
        "metrics-server",
        (container("registry.k8s.io/metrics-server/metrics-server:v0.8.0", "--secure-port=10250"),),
        "metrics-server/metrics-server",
    ),
    (
        "tekton-pipelines-controller",
        (
            container(
                "ghcr.io/tektoncd/pipeline/controller-10a3e32792f33651396d02b6855a6e36:v1.3.1@sha256:00",
                "-entrypoint-image",
            ),
        ),
        "tekton/controller",
    ),
    (
        "tekton-pipelines-controller",
        (container("gcr.io/tekton-releases/github.com/tektoncd/pipeline/cmd/controller:v0.59.0"),),
        "tekton/controller",
    ),
    (
        "tekton-dashboard",
        ("ghcr.io/tektoncd/dashboard/dashboard-9623576a202fe86c8b7d1bc489905f86:v0.60.0",),
        "-",
    ),
    (
        "tekton-triggers-controller",
        ("ghcr.io/tektoncd/triggers/controller-f656ca31de179ab913fa76abc255c315:v0.33.0",),
        "-",
    ),
    ("harbor-core", ("goharbor/harbor-core:v2.13.2",), "harbor/core"),
    (
        "harbor-registry",
        ("goharbor/registry-photon:v2.13.2", "goharbor/harbor-registryctl:v2.13.2"),
        "harbor/registry",
    ),
    ("gitea", ("docker.gitea.com/gitea:1.24.5-rootless",), "gitea/gitea"),
    (
        "gitea-postgresql-ha-postgresql",
        ("docker.io/bitnamilegacy/postgresql-repmgr:17",),
        "gitea/postgresql",
    ),
    (
        "gitea-act-runner",
        ("docker.gitea.com/act_runner:0.2.13", "docker:28-dind"),
        "gitea/act-runner",
    ),
    ("shop-db", ("docker.io/bitnami/postgresql:17",), "-"),
    (
        "jenkins",
        ("docker.io/jenkins/jenkins:2.516.2-jdk21", "docker.io/kiwigrid/k8s-sidecar:1.30"),
        "jenkins/controller",
    ),
    ("agent-abc12", (container("jenkins/inbound-agent:3327"),), "-"),
    (
        "loki",
        (
            container("docker.io/grafana/loki:3.5.3", "-config.file=/etc/l.yaml", "-target=all"),
            "kiwigrid/k8s-sidecar:1.30",
        ),
        "loki/loki",
    ),
    ("loki-gateway", ("docker.io/nginxinc/nginx-unprivileged:1.29-alpine",), "loki/gateway"),
    (
        "opentelemetry-operator",
        (
            container(
                "ghcr.io/open-telemetry/opentelemetry-operator/opentelemetry-operator:0.132.0",
                "--x",
            ),
            "quay.io/brancz/kube-rbac-proxy:v0.19",
        ),
        "opentelemetry-operator/operator",
    ),
    (
        "otel-collector",
        (
            "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector:0.132.0",
        ),
        "-",
    ),
    (
        "envoy-gateway",
        (container("docker.io/envoyproxy/gateway:v1.5.0", "server", "--config-path=/c"),),
        "envoy-gateway/envoy-gateway",
    ),
    (
        "cert-manager",
        (container("quay.io/jetstack/cert-manager-controller:v1.18.2", "--v=2"),),
        "cert-manager/controller",
    ),
    ("trust-manager", ("quay.io/jetstack/trust-manager:v0.19.0",), "-"),
    ("registry", ("docker.io/library/registry:3",), "distribution/registry"),
    ("svclb-traefik-abc", ("rancher/klipper-lb:v0.4.13",), "servicelb/svclb"),
    ("source-controller", ("ghcr.io/fluxcd/source-controller:v1.6.2",), "flux/source-controller"),
    ("flagger", ("ghcr.io/fluxcd/flagger:1.41.0",), "flagger/flagger"),
    (
        "aws-node",
        (
            "602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.20.1-eksbuild.1",
            "602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon/aws-network-policy-agent:v1.2.4",
        ),
        "aws-vpc-cni/aws-node",
    ),
]


@pytest.mark.parametrize(
    ("name", "containers", "expected"), CHARTS, ids=[f"{one[0]}:{one[2]}" for one in CHARTS]
)
def test_d2_a_workload_of_a_chart_is_its_component(
    name: str, containers: tuple[Container | str, ...], expected: str
) -> None:
    parts = parts_of(workload(name, *containers), RECOGNISER)
    names = sorted(f"{tool.id}/{part.component.name}" for tool, part in parts)
    assert names == ([] if expected == "-" else sorted(expected.split()))
