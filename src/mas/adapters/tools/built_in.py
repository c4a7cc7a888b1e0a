"""All built-in families together, as wiring hands them to the toolbox."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mas.adapters.tools.cluster_objects import ObjectsOf
from mas.adapters.tools.command import CommandTools
from mas.adapters.tools.family import ToolFamily
from mas.adapters.tools.files import FileTools
from mas.adapters.tools.git import GitTools
from mas.adapters.tools.kept import KeptOutputs
from mas.adapters.tools.kubernetes import KubernetesTools
from mas.adapters.tools.outputs import OutputTools
from mas.core.executors import Executor


def built_in_families(
    *,
    executor: Executor,
    kept: KeptOutputs,
    objects_of: ObjectsOf,
    path: str,
    homes: Path,
    passed: Mapping[str, str] | None = None,
    searcher: Executor | None = None,
) -> dict[str, ToolFamily]:
    """The families by the first part of their tools' names.

    Args:
        executor: Where commands run.
        kept: Whole outputs, for paging.
        objects_of: From a run's options to its cluster.
        path: The `PATH` of commands.
        homes: Folder below which each run's commands have their `HOME`, outside of workspaces.
        passed: Further variables that commands get.
        searcher: Where files are searched, a local executor; `executor` unless given.
    """
    local = searcher or executor
    return {
        "files": FileTools(local),
        "command": CommandTools(executor, path=path, homes=homes, passed=passed),
        "git": GitTools(executor, path=path),
        "kubernetes": KubernetesTools(objects_of),
        "outputs": OutputTools(kept, local),
    }
