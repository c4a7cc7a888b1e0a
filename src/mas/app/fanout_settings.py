"""Settings of the team `fanout`: coders, executors, limits, and where runs keep their folders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast, get_args

from mas.app.settings_file import FanoutPart, Reading
from mas.core.executors import ExecutorKind, Limits, Network
from mas.core.masking import mask_command

_MEBIBYTE = 1024 * 1024
_MEMORY_MIB = 4096
_PROCESSES = 512
_LIMITS = Limits(memory_bytes=_MEMORY_MIB * _MEBIBYTE, processes=_PROCESSES)


@dataclass(frozen=True, kw_only=True)
class DockerSettings:
    """Containers for agents."""

    image: str = "mas-agent"
    engine_workspace: Path | None = None
    """The workspace as the engine of the containers sees it, where that is another place (F3)."""


@dataclass(frozen=True, kw_only=True)
class KubernetesSettings:
    """Jobs for agents."""

    namespace: str = "mas-agents"
    image: str = "mas-agent"
    claim: str = "mas-workspace"
    """The PersistentVolumeClaim whose root is the workspace."""
    service_account: str = "mas-agent"
    context: str | None = None
    """Of the kubeconfig; None: the current one, else the in-cluster account."""


@dataclass(frozen=True, kw_only=True)
class FanoutSettings:
    """What a run of `fanout` takes where its request says nothing."""

    workspace: Path
    """Run folders are in `runs/` below it."""
    coder: str | None = None
    executor: ExecutorKind = "local"
    unsafe_local: bool = False
    task_time: timedelta = timedelta(minutes=30)
    check_time: timedelta = timedelta(minutes=10)
    setup: str | None = None
    use_mcp_serve: bool = False
    """Claude Code gets its own tools a second time as an MCP server, without permission checks."""
    network: Network = "open"
    gateway_host: str | None = None
    """Where pods reach this MAS for their models."""
    gateway_port: int | None = None
    """Of that; None: any that is free."""
    limits: Limits = _LIMITS
    docker: DockerSettings = DockerSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()

    @property
    def runs_folder(self) -> Path:
        """Where run folders are."""
        return self.workspace / "runs"


def read_fanout(reading: Reading, home: Path) -> FanoutSettings:
    """Take the settings from environment and file.

    Raises:
        UserError: A value cannot be used (`bad_setting`).
    """
    file = reading.file.fanout
    seen_by_engine = reading.text("fanout.docker.engine_workspace", "WORKSPACE_PATH", None)
    seen_here = reading.text("paths.workspace", "WORKSPACE_LOCAL", reading.file.paths.workspace)
    workspace = home / Path(seen_here or seen_by_engine or "workspace").expanduser()
    fixed = FanoutSettings(workspace=workspace)
    return FanoutSettings(
        workspace=workspace,
        coder=reading.text("fanout.coder", "MAS_CODER", file.coder, told=mask_command),
        executor=cast("ExecutorKind", _executor(reading, file)),
        unsafe_local=reading.truth("fanout.unsafe_local", "MAS_UNSAFE_LOCAL", file.unsafe_local),
        task_time=reading.seconds(
            "fanout.task_seconds", "MAS_TASK_SECONDS", file.task_seconds, fixed.task_time
        ),
        check_time=reading.seconds(
            "fanout.check_seconds", "MAS_CHECK_SECONDS", file.check_seconds, fixed.check_time
        ),
        use_mcp_serve=reading.truth(
            "fanout.use_mcp_serve", "MAS_USE_MCP_SERVE", file.use_mcp_serve
        ),
        setup=reading.text("fanout.setup", "MAS_SETUP", file.setup, told=mask_command),
        network=cast("Network", _network(reading, file)),
        gateway_host=reading.text("fanout.gateway_host", "MAS_GATEWAY_HOST", file.gateway_host),
        gateway_port=reading.whole(
            "fanout.gateway_port", "MAS_GATEWAY_PORT", file.gateway_port, None
        ),
        limits=_limits(reading, file),
        docker=_docker(reading, file, seen_by_engine if seen_here else None),
        kubernetes=_kubernetes(reading, file),
    )


def _executor(reading: Reading, file: FanoutPart) -> str:
    return reading.choice(
        "fanout.executor", "MAS_EXECUTOR", file.executor, get_args(ExecutorKind), "local"
    )


def _network(reading: Reading, file: FanoutPart) -> str:
    return reading.choice("fanout.network", "MAS_NETWORK", file.network, get_args(Network), "open")


def _limits(reading: Reading, file: FanoutPart) -> Limits:
    memory = reading.whole("fanout.memory_mib", "MAS_MEMORY_MIB", file.memory_mib, _MEMORY_MIB)
    file_size = reading.whole("fanout.file_mib", "MAS_FILE_MIB", file.file_mib, None)
    return Limits(
        memory_bytes=memory * _MEBIBYTE,
        processes=reading.whole("fanout.processes", "MAS_PROCESSES", file.processes, _PROCESSES),
        cpus=reading.number("fanout.cpus", "MAS_CPUS", file.cpus, None),
        file_bytes=None if file_size is None else file_size * _MEBIBYTE,
    )


def _docker(reading: Reading, file: FanoutPart, seen_by_engine: str | None) -> DockerSettings:
    image = reading.text("fanout.docker.image", "DOCKER_MCP_IMAGE", file.docker.image)
    return DockerSettings(
        image=image or DockerSettings.image,
        engine_workspace=None if seen_by_engine is None else Path(seen_by_engine),
    )


def _kubernetes(reading: Reading, file: FanoutPart) -> KubernetesSettings:
    part, fixed = file.kubernetes, KubernetesSettings()

    def taken(name: str, written: str | None, default: str) -> str:
        variable = f"MAS_KUBERNETES_{name.upper()}"
        return reading.text(f"fanout.kubernetes.{name}", variable, written) or default

    context = "MAS_KUBERNETES_CONTEXT"
    return KubernetesSettings(
        namespace=taken("namespace", part.namespace, fixed.namespace),
        image=taken("image", part.image, fixed.image),
        claim=taken("claim", part.claim, fixed.claim),
        service_account=taken("service_account", part.service_account, fixed.service_account),
        context=reading.text("fanout.kubernetes.context", context, part.context),
    )
