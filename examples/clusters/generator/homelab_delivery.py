"""Argo CD and Gitea of the homelab."""

from __future__ import annotations

from generator.homelab_parts import DOMAIN, STORAGE, page
from generator.words import container, helm, secret_ref
from generator.world import World


def argo_cd(world: World) -> None:
    world.namespace("argocd")
    image = "quay.io/argoproj/argocd:v3.1.0"

    def labels(component: str, name: str, version: str = "v3.1.0") -> dict[str, str]:
        return helm(name, "argocd", version, "argo-cd-8.3.0", component=component, part_of="argocd")

    copy = container(
        "copyutil",
        image,
        command=["/bin/cp", "-n", "/usr/local/bin/argocd", "/var/run/argocd/argocd"],
    )
    for component, program, init in (
        ("applicationset-controller", "argocd-applicationset-controller", ()),
        ("notifications-controller", "argocd-notifications", ()),
        ("repo-server", "argocd-repo-server", (copy,)),
        ("server", "argocd-server", ()),
    ):
        world.deployment(
            "argocd",
            f"argocd-{component}",
            [
                container(
                    component,
                    image,
                    args=[f"/usr/local/bin/{program}"],
                    cpu="50m",
                    memory="128Mi",
                    env={
                        "ARGOCD_LOG_LEVEL": "info",
                        "REDIS_PASSWORD": secret_ref("argocd-redis", "auth"),
                    },
                )
            ],
            labels=labels(component, f"argocd-{component}"),
            init=init,
            revision=3,
        )
    world.deployment(
        "argocd",
        "argocd-dex-server",
        [
            container(
                "dex-server",
                "ghcr.io/dexidp/dex:v2.43.1",
                command=["/shared/argocd-dex"],
                args=["rundex"],
                cpu="10m",
                memory="64Mi",
            )
        ],
        labels=labels("dex-server", "argocd-dex-server", "v2.43.1"),
        init=(copy,),
    )
    world.deployment(
        "argocd",
        "argocd-redis",
        [
            container(
                "redis",
                "public.ecr.aws/docker/library/redis:7.2.8-alpine",
                args=["--save", "", "--appendonly", "no"],
                cpu="50m",
                memory="64Mi",
            )
        ],
        labels=labels("redis", "argocd-redis", "7.2.8"),
    )
    world.stateful_set(
        "argocd",
        "argocd-application-controller",
        [
            container(
                "application-controller",
                image,
                cpu="250m",
                memory="512Mi",
                args=["/usr/local/bin/argocd-application-controller", "--metrics-port=8082"],
            )
        ],
        labels=labels("application-controller", "argocd-application-controller"),
    )
    world.crds(
        "argoproj.io",
        "AppProject",
        "Application",
        "ApplicationSet",
        version="v1alpha1",
        owner="argocd",
    )
    world.add(
        "AppProject",
        "default",
        api="argoproj.io/v1alpha1",
        namespace="argocd",
        spec={"destinations": [{"namespace": "*", "server": "*"}], "sourceRepos": ["*"]},
    )
    page(world, "argocd", "argocd-server", labels("server", "argocd-server"), 80)


def gitea(world: World) -> None:
    world.namespace("gitea")
    labels = helm("gitea", "gitea", "1.24.2", "gitea-12.1.2") | {
        "app": "gitea",
        "version": "1.24.2",
    }
    world.deployment(
        "gitea",
        "gitea",
        [
            container(
                "gitea",
                "docker.gitea.com/gitea:1.24.2-rootless",
                cpu="200m",
                memory="512Mi",
                limit="2Gi",
                port=3000,
                env={
                    "GITEA_APP_INI": "/etc/gitea/conf/app.ini",
                    "TMPDIR": "/tmp/gitea",
                    "GITEA_ADMIN_PASSWORD": secret_ref("gitea-admin", "password"),
                },
            )
        ],
        labels=labels,
        revision=6,
    )
    world.claim("gitea", "gitea-shared-storage", "80Gi", storage=STORAGE, app="gitea")
    runner = helm("act-runner", "act-runner", "0.2.12", "act-runner-0.3.1", component="runner")
    runner |= {"app.kubernetes.io/part-of": "gitea"}
    world.deployment(
        "gitea",
        "act-runner",
        [
            container(
                "act-runner",
                "docker.io/gitea/act_runner:0.2.12",
                cpu="250m",
                memory="256Mi",
                command=["act_runner", "daemon"],
                env={
                    "DOCKER_HOST": "tcp://127.0.0.1:2376",
                    "GITEA_INSTANCE_URL": f"https://gitea.{DOMAIN}",
                    "GITEA_RUNNER_REGISTRATION_TOKEN": secret_ref("act-runner", "token"),
                },
            ),
            container(
                "dind",
                "docker.io/docker:28.2.2-dind",
                cpu="250m",
                memory="512Mi",
                securityContext={"privileged": True},
            ),
        ],
        labels=runner,
        replicas=2,
    )
    world.stateful_set(
        "gitea",
        "gitea-postgresql",
        [
            container(
                "postgresql",
                "docker.io/bitnamilegacy/postgresql:17.5.0-debian-12-r8",
                cpu="250m",
                memory="256Mi",
                env={
                    "POSTGRES_DATABASE": "gitea",
                    "POSTGRES_PASSWORD": secret_ref("gitea-postgresql", "password"),
                },
            )
        ],
        labels=helm("postgresql", "gitea", "17.5.0", "postgresql-16.7.10", component="primary"),
        volume=("data", "20Gi", STORAGE),
    )
    world.stateful_set(
        "gitea",
        "gitea-valkey-primary",
        [
            container(
                "valkey",
                "docker.io/bitnamilegacy/valkey:8.1.2-debian-12-r0",
                cpu="100m",
                memory="128Mi",
            )
        ],
        labels=helm("valkey", "gitea", "8.1.2", "valkey-3.0.9", component="primary"),
        volume=("valkey-data", "2Gi", STORAGE),
    )
    page(world, "gitea", "gitea", labels, 3000)
    world.service(
        "gitea",
        "gitea-ssh",
        22,
        labels=labels,
        selector={"app.kubernetes.io/name": "gitea"},
        type="LoadBalancer",
        address={"ip": "192.168.20.201", "ipMode": "VIP"},
    )
