"""How commands become Jobs: namespace, image, volume and patience (F3, S1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

RUN_FOLDER = "/workspace/run"
"""Where a command sees the root of its sandbox."""


@dataclass(frozen=True, kw_only=True)
class JobSettings:
    """Where Jobs run, what they run, and how long is waited for what."""

    namespace: str
    image: str
    """Holds `sh`, coreutils, git, Python 3 and the coding agents that are used."""
    claim: str
    """The PersistentVolumeClaim that holds the workspace; every pod gets folders of it."""
    workspace: Path
    """The root of the same volume as MAS sees it (`WORKSPACE_LOCAL`)."""
    service_account: str = "mas-agent"
    """Of the pods; it needs no rights, and its token is not mounted."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    runtime_class: str = ""
    """A RuntimeClass, as of gVisor; empty: the cluster's own."""
    python: str = "python3"
    """Name or path of Python in the image."""
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    """`PATH` of commands."""
    user: int = 1000
    """User and group of commands; never 0."""
    scratch_bytes: int = 2_000_000_000
    """What a command may put into `/tmp`; a pod that takes more is evicted."""
    cpu_request: float = 0.1
    """Cores that are reserved for a pod; its limit is that of the command."""
    memory_request_bytes: int = 256 * 1024 * 1024
    """Memory that is reserved for a pod, at most its limit."""
    grace: timedelta = timedelta(seconds=5)
    """Between TERM and KILL, in whole seconds."""
    keep: timedelta = timedelta(hours=1)
    """How long a Job that has ended stays to be looked at, with its log."""
    start_limit: timedelta = timedelta(minutes=5)
    """For a pod to find a node, get its image and start."""
    image_limit: timedelta = timedelta(seconds=60)
    """For an image that cannot be pulled to become one that can."""
    outage_limit: timedelta = timedelta(minutes=5)
    """How long the API server may be out of reach while a Job runs."""
