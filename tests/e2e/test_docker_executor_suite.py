"""The suite of every executor, in containers of a real engine (S1, S2, S3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mas.core.executors import SandboxExecutor
from support.docker_engine import DockerEngine, docker_engine
from support.docker_seat import executor_of
from support.executor_suite import ExecutorSuite

__all__ = ["docker_engine"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


class TestDockerExecutor(ExecutorSuite):
    @pytest.fixture
    def executor(self, docker_engine: DockerEngine) -> Iterator[SandboxExecutor]:
        yield executor_of(docker_engine)
        assert docker_engine.containers() == []

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        folder = tmp_path / "run"
        folder.mkdir()
        return folder
