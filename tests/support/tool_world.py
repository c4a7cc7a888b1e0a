"""A toolbox on a folder of its own, for tests of tools."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from mas.adapters.executors.local import LocalExecutor
from mas.adapters.tools.built_in import built_in_families
from mas.adapters.tools.cluster_objects import objects_of
from mas.adapters.tools.family import ToolFamily
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.toolbox import Toolbox, ToolboxSettings
from mas.core.calls import Assessment, CallContext, ToolOutput, ToolSpec
from mas.core.masking import Masker

SECRET = "hunter2-is-a-secret"


@dataclass(kw_only=True)
class ToolWorld:
    """Everything that a tool call needs, below one folder."""

    home: Path
    cluster: Mapping[str, Any] = field(default_factory=lambda: {"cluster_kind": "none"})
    environment: Mapping[str, str] = field(default_factory=dict)
    servers: ToolFamily | None = None
    settings: ToolboxSettings | None = None
    deadline: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        self.kept = KeptOutputs(self.home / "outputs")
        self.workspace = self.home / "workspaces/run-1"
        self.toolbox = Toolbox(
            built_in_families(
                executor=LocalExecutor(grace=timedelta(seconds=0.3)),
                kept=self.kept,
                objects_of=objects_of(self.environment),
                path=os.environ["PATH"],
                homes=self.home / "homes",
            ),
            kept=self.kept,
            masker=Masker([SECRET]),
            servers=self.servers,
            settings=self.settings,
        )

    def context(self, **more: Any) -> CallContext:
        given: dict[str, Any] = {
            "run_id": "run-1",
            "task_id": "t1",
            "role": "coder",
            "workspace": self.workspace,
            "cluster": self.cluster,
            "deadline": self.deadline,
        }
        return CallContext(**{**given, **more})

    async def spec(self, name: str) -> ToolSpec:
        (spec,) = await self.toolbox.list(only=[name])
        return spec

    async def call(self, tool: str, **arguments: Any) -> ToolOutput:
        return await self.toolbox.call(await self.spec(tool), arguments, self.context())

    async def assess(self, tool: str, **arguments: Any) -> Assessment:
        return self.toolbox.assess(await self.spec(tool), arguments)


World = Callable[..., ToolWorld]
