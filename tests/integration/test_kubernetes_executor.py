"""The suite of all executors on Jobs of a cluster on loopback (S1, S2, S3)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.executors.kubernetes import KubernetesExecutor, connection_of
from mas.adapters.executors.kubernetes_settings import JobSettings
from support.executor_suite import ExecutorSuite
from support.job_cluster import JobCluster, missing_program

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(missing_program() is not None, reason=str(missing_program())),
]


class TestKubernetesExecutor(ExecutorSuite):
    limits_processes = False  # The node's podPidsLimit does: a pod cannot ask for it.

    @pytest.fixture
    def cluster(self, tmp_path: Path) -> Iterator[JobCluster]:
        claim = tmp_path / "claim"
        claim.mkdir()
        with JobCluster(claim, programs=(Path(sys.base_prefix),)) as cluster:
            yield cluster

    @pytest.fixture
    def executor(self, cluster: JobCluster, tmp_path: Path) -> KubernetesExecutor:
        config = cluster.kubeconfig(tmp_path / "kubeconfig")
        return KubernetesExecutor(
            connection_of(None, {"KUBECONFIG": str(config)}),
            JobSettings(
                namespace=cluster.namespace,
                image=cluster.image,
                claim=cluster.claim,
                workspace=cluster.claim_folder,
                python=os.path.realpath(sys.executable),
                grace=timedelta(seconds=1),
            ),
        )

    @pytest.fixture
    def root(self, cluster: JobCluster) -> Path:
        folder = cluster.claim_folder / "runs/run_one"
        folder.mkdir(parents=True)
        return folder
