"""Makes what the tasks of a `fanout` run work with, out of settings and the order of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mas.adapters.coders.choose import coder_named
from mas.adapters.coders.claude import ClaudeOptions
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.app.model_door import ModelDoor, ModelOf
from mas.app.settings import Settings
from mas.core.coding import Coder
from mas.core.executors import SandboxExecutor
from mas.core.run import Run
from mas.repositories.git import Git
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.teams.fanout.answer import run_folder
from mas.teams.fanout.order import Order, order_of
from mas.teams.fanout.workplace import OwnCoder, Workplace

if TYPE_CHECKING:
    pass

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def executor_for(order: Order, settings: Settings) -> SandboxExecutor:
    """The executor that an order names; nothing is started."""
    fanout = settings.fanout
    if order.executor == "docker":
        from mas.adapters.executors.docker import DockerExecutor

        engine = fanout.docker.engine_workspace
        return DockerExecutor(
            fanout.docker.image,
            environment=settings.environment,
            path_map=None if engine is None else (fanout.workspace, engine),
        )
    if order.executor == "kubernetes":
        from mas.adapters.executors.kubernetes import KubernetesExecutor, connection_of
        from mas.adapters.executors.kubernetes_settings import JobSettings

        wanted = fanout.kubernetes
        return KubernetesExecutor(
            connection_of(wanted.context, settings.environment),
            JobSettings(
                namespace=wanted.namespace,
                image=wanted.image,
                claim=wanted.claim,
                workspace=fanout.workspace,
                service_account=wanted.service_account,
            ),
        )
    return LocalSandbox(path_of(settings), unsafe=order.unsafe_local)


def path_of(settings: Settings) -> str:
    """Where programs are looked for: MAS's own `PATH`."""
    return settings.environment.get("PATH") or _PATH


def git_for(settings: Settings) -> Git:
    """Git as MAS itself uses it: on data of its own, without anybody's settings."""
    return Git(path=path_of(settings))


def coder_for(named: str, order: Order, settings: Settings) -> Coder:
    """The coder that was named.

    Raises:
        UserError: It is unknown, cannot be read, or is not installed.
    """
    return coder_named(
        named,
        path=path_of(settings),
        installed=order.executor == "local",
        claude=ClaudeOptions(use_mcp_serve=settings.fanout.use_mcp_serve),
    )


@dataclass(kw_only=True)
class Workplaces:
    """Makes a workplace for each run."""

    settings: Settings
    model_of: ModelOf
    own_coder: Callable[[Run, SandboxExecutor], OwnCoder]
    mask: Callable[[str], str]
    door: ModelDoor

    def of(self, run: Run) -> Workplace:
        """The workplace of a run."""
        order = order_of(run)
        executor = executor_for(order, self.settings)
        shown = run_folder(run.id)
        folder = RunFolder(self.settings.fanout.workspace / shown)
        return Workplace(
            order=order,
            folder=folder,
            shown=shown,
            repository=RunRepository(git_for(self.settings), folder),
            executor=executor,
            coder_named=lambda named: coder_for(named, order, self.settings),
            admit=self.door.admit,
            own_coder=self.own_coder(run, executor),
            judge=self.model_of(run, "judge"),
            mask=self.mask,
            source_environment=self.settings.environment,
        )
