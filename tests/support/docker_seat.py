"""A run folder with the places of two agents, and an executor on a test engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from mas.adapters.executors.docker import DockerExecutor
from mas.core.executors import Command, CommandOutcome, Limits, Network, Sandbox
from support.docker_engine import DockerEngine

GRACE = timedelta(seconds=2)
STARTED = 5.0
"""Seconds until a deadline that a command reaches after it has begun, also on a busy machine."""
BOUND = 120.0
LIMITS = Limits(memory_bytes=256_000_000, processes=64, cpus=1.0, file_bytes=50_000_000)


def executor_of(
    engine: DockerEngine, *, image: str | None = None, path_map: tuple[Path, Path] | None = None
) -> DockerExecutor:
    """An executor on a test engine, which has no network but the machine's."""
    return DockerExecutor(
        image or engine.image,
        environment=engine.environment,
        path_map=path_map,
        network="host",
        grace=GRACE,
    )


class DockerSeat:
    """What a command of agent 1 gets; agent 2 and the run repository lie beside it."""

    def __init__(
        self, engine: DockerEngine, root: Path, executor: DockerExecutor | None = None
    ) -> None:
        self.engine = engine
        self.root = root
        self.worktree = root / "worktrees/agent-1"
        self.home = root / "agents/agent-1/home"
        self.objects = root / "objects"
        self.inside = "/workspace/run/worktrees/agent-1"
        for folder in (self.worktree, self.home, self.objects, root / "worktrees/agent-2"):
            folder.mkdir(parents=True, exist_ok=True)
        self.executor = executor or self.make_executor()

    def make_executor(
        self, *, image: str | None = None, path_map: tuple[Path, Path] | None = None
    ) -> DockerExecutor:
        return executor_of(self.engine, image=image, path_map=path_map)

    def command(
        self,
        *argv: str,
        seconds: float = 60.0,
        limits: Limits = LIMITS,
        network: Network = "none",
        gateway: Path | None = None,
        **more: Any,
    ) -> Command:
        sandbox = Sandbox(
            root=self.root,
            writable=(self.worktree, self.home),
            readable=(self.objects,),
            network=network,
            gateway=gateway,
            limits=limits,
        )
        known: dict[str, Any] = {
            "folder": self.worktree,
            "environment": {"PATH": self.executor.path},
            "deadline": timedelta(seconds=seconds),
            "sandbox": sandbox,
        }
        return Command(argv=argv, **{**known, **more})


async def run(seat: DockerSeat, *argv: str, **more: Any) -> CommandOutcome:
    """Run a command of agent 1 in bounded time."""
    async with asyncio.timeout(BOUND):
        return await seat.executor.run(seat.command(*argv, **more))
