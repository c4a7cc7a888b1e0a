"""The fifteen applications of the homelab, delivered by Argo CD."""

from __future__ import annotations

from generator.homelab_parts import DOMAIN, STORAGE, page
from generator.words import container, secret_ref
from generator.world import World

APPLICATIONS: tuple[tuple[str, str, str, str, str, int], ...] = (
    ("audiobookshelf", "ghcr.io/advplyr/audiobookshelf:2.26.3", "100m", "256Mi", "20Gi", 80),
    ("blog", f"gitea.{DOMAIN}/apps/blog:2025.10.2", "20m", "48Mi", "", 8080),
    ("freshrss", "docker.io/freshrss/freshrss:1.26.3", "50m", "128Mi", "5Gi", 80),
    (
        "home-assistant",
        "ghcr.io/home-assistant/home-assistant:2025.7.2",
        "200m",
        "768Mi",
        "20Gi",
        8123,
    ),
    ("homepage", "ghcr.io/gethomepage/homepage:v1.4.0", "20m", "96Mi", "", 3000),
    ("immich", "ghcr.io/immich-app/immich-server:v1.135.3", "500m", "1Gi", "500Gi", 2283),
    ("jellyfin", "docker.io/jellyfin/jellyfin:10.10.7", "500m", "1Gi", "100Gi", 8096),
    ("linkding", "docker.io/sissbruecker/linkding:1.41.0", "20m", "128Mi", "2Gi", 9090),
    ("mealie", "ghcr.io/mealie-recipes/mealie:v3.0.2", "50m", "256Mi", "5Gi", 9000),
    ("miniflux", "docker.io/miniflux/miniflux:2.2.10", "20m", "64Mi", "", 8080),
    ("paperless", "ghcr.io/paperless-ngx/paperless-ngx:2.17.1", "200m", "768Mi", "50Gi", 8000),
    ("recipes-api", f"gitea.{DOMAIN}/apps/recipes-api:1.8.0", "100m", "192Mi", "", 8080),
    ("uptime-kuma", "docker.io/louislam/uptime-kuma:1.23.16", "50m", "192Mi", "5Gi", 3001),
    ("vaultwarden", "docker.io/vaultwarden/server:1.34.1-alpine", "50m", "128Mi", "5Gi", 8080),
    ("wiki", "docker.io/requarks/wiki:2.5.307", "100m", "256Mi", "", 3000),
)


DATABASES = {
    "immich": "ghcr.io/immich-app/postgres:14-vectorchord0.4.3",
    "miniflux": "docker.io/library/postgres:17.5-alpine",
    "paperless": "docker.io/library/postgres:17.5-alpine",
    "recipes-api": "docker.io/library/postgres:17.5-alpine",
    "wiki": "docker.io/library/postgres:17.5-alpine",
}


def applications(world: World) -> None:
    for name, image, cpu, memory, size, port in APPLICATIONS:
        world.namespace(name)
        version = image.rsplit(":", 1)[1]
        labels = {
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/version": version,
        }
        env: dict[str, str | dict[str, object]] = {"TZ": "Asia/Seoul"}
        if name in DATABASES:
            env["DATABASE_PASSWORD"] = secret_ref(f"{name}-db", "password")
        tracking = {"argocd.argoproj.io/tracking-id": f"{name}:apps/Deployment:{name}/{name}"}
        world.deployment(
            name,
            name,
            [container(name, image, cpu=cpu, memory=memory, port=port, env=env)],
            labels=labels,
            annotations=tracking,
            replicas=2 if name == "recipes-api" else 1,
        )
        if size:
            world.claim(name, f"{name}-data", size, storage=STORAGE, app=name)
        if name in DATABASES:
            world.stateful_set(
                name,
                f"{name}-db",
                [
                    container(
                        "postgres",
                        DATABASES[name],
                        cpu="100m",
                        memory="256Mi",
                        env={
                            "POSTGRES_DB": name,
                            "POSTGRES_PASSWORD": secret_ref(f"{name}-db", "password"),
                        },
                    )
                ],
                labels={"app.kubernetes.io/instance": name, "app.kubernetes.io/name": f"{name}-db"},
                volume=("data", "10Gi", STORAGE),
            )
        page(world, name, name, labels, port)
        _application(world, name)
    machine = {
        "app.kubernetes.io/instance": "immich",
        "app.kubernetes.io/name": "immich-machine-learning",
    }
    world.deployment(
        "immich",
        "immich-machine-learning",
        [
            container(
                "machine-learning",
                "ghcr.io/immich-app/immich-machine-learning:v1.135.3",
                cpu="250m",
                memory="1Gi",
            )
        ],
        labels=machine,
    )
    world.cron_job(
        "vaultwarden",
        "vaultwarden-backup",
        "docker.io/library/alpine:3.22",
        "15 2 * * *",
        labels={
            "app.kubernetes.io/instance": "vaultwarden",
            "app.kubernetes.io/name": "vaultwarden-backup",
        },
        args=["sh", "-c", "tar -czf /backup/vaultwarden.tar.gz /data"],
    )
    world.add(
        "ResourceQuota",
        "media",
        api="v1",
        namespace="jellyfin",
        spec={"hard": {"limits.memory": "8Gi", "pods": "10", "requests.cpu": "4"}},
        status={
            "hard": {"limits.memory": "8Gi", "pods": "10", "requests.cpu": "4"},
            "used": {"limits.memory": "0", "pods": "1", "requests.cpu": "500m"},
        },
    )
    world.add(
        "LimitRange",
        "defaults",
        api="v1",
        namespace="jellyfin",
        spec={
            "limits": [
                {
                    "default": {"memory": "2Gi"},
                    "defaultRequest": {"cpu": "50m", "memory": "128Mi"},
                    "type": "Container",
                }
            ]
        },
    )


def _application(world: World, name: str) -> None:
    world.add(
        "Application",
        name,
        api="argoproj.io/v1alpha1",
        namespace="argocd",
        spec={
            "destination": {"namespace": name, "server": "https://kubernetes.default.svc"},
            "project": "default",
            "source": {
                "path": f"apps/{name}",
                "targetRevision": "main",
                "repoURL": f"https://gitea.{DOMAIN}/home/gitops.git",
            },
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
        status={
            "health": {"status": "Healthy"},
            "sync": {"revision": "4f0c2f3f6a0f5a9ce7d1a7b86c6c5d5b6c1d7e10", "status": "Synced"},
        },
    )
