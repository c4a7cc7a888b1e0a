"""A cluster on loopback, an executor for it, and the run folder of two agents in its volume."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from mas.adapters.executors.kubernetes import KubernetesExecutor, connection_of
from mas.adapters.executors.kubernetes_settings import JobSettings
from mas.core.executors import CommandOutcome
from support.executor_suite import Box
from support.job_cluster import JobCluster

BOUND = 100.0
IMAGE_PROGRAMS = (Path(sys.base_prefix),)
"""What pods run beside the system's programs: the Python that runs the tests."""


def settings_of(cluster: JobCluster, **more: Any) -> JobSettings:
    """Settings that fit this cluster, with little patience."""
    known: dict[str, Any] = {
        "namespace": cluster.namespace,
        "image": cluster.image,
        "claim": cluster.claim,
        "workspace": cluster.claim_folder,
        "python": os.path.realpath(sys.executable),
        "grace": timedelta(seconds=1),
    }
    return JobSettings(**{**known, **more})


def executor_of(cluster: JobCluster, kubeconfig: Path, **more: Any) -> KubernetesExecutor:
    """An executor for this cluster."""
    cluster.kubeconfig(kubeconfig)
    environment = {"KUBECONFIG": str(kubeconfig)}
    return KubernetesExecutor(connection_of(None, environment), settings_of(cluster, **more))


class JobSeat(Box):
    """What commands of agent 1 get."""

    def __init__(self, cluster: JobCluster, folder: Path, **more: Any) -> None:
        self.cluster = cluster
        self.kubeconfig = folder / "kubeconfig"
        super().__init__(
            executor_of(cluster, self.kubeconfig, **more), cluster.claim_folder / "runs/run_one"
        )

    def begin(self, script: str, **more: Any) -> asyncio.Task[CommandOutcome]:
        """Run a script of the shell, as a task."""
        return asyncio.create_task(self.executor.run(self.shell(script, **more)))

    async def outcome(self, script: str, **more: Any) -> CommandOutcome:
        """Run a script of the shell in bounded time."""
        async with asyncio.timeout(BOUND):
            return await self.begin(script, **more)

    async def seen(self, holds: Callable[[], Any]) -> Any:
        """Wait for what the cluster does; returns what `holds` gives."""
        return await asyncio.to_thread(self.cluster.wait, holds)
