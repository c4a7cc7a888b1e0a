"""Runs commands as Jobs of a Kubernetes cluster, one Job a command (F3, R5, S1, S2, S3).

A Job outlives MAS: whoever runs a command of the same name next takes over its Job, log and
outcome. What MAS needs in the cluster is in deploy/kubernetes/agents: Jobs, Pods and Pod logs.

Values of a command's environment stand in its Job for everybody to read who may read Jobs there,
so nothing but tokens that end with the command belongs into them.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from mas.adapters.executors.kubernetes_settings import RUN_FOLDER, JobSettings
from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.executors import Command, CommandOutcome, ExecutorKind, Sandbox
from mas.core.finishing import to_the_end

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

    from mas.adapters.executors.kubernetes_api import JobApi

_PROBE_LIMIT: Final = timedelta(seconds=30)
_BEGIN_ATTEMPTS: Final = 5

Value = TypeVar("Value")


class KubernetesExecutor:
    """A `SandboxExecutor` on a cluster; holds nothing open between two commands."""

    def __init__(self, connect: Callable[[], SingleConfig], settings: JobSettings) -> None:
        """`connect` says how the API server is reached; `connection_of` makes one."""
        self._connect = connect
        self._settings = settings
        self._is_ready = False

    @property
    def kind(self) -> ExecutorKind:
        """`kubernetes`."""
        return "kubernetes"

    @property
    def python(self) -> str:
        """The Python of the image."""
        return self._settings.python

    @property
    def path(self) -> str:
        """The `PATH` of commands inside."""
        return self._settings.path

    def inside(self, sandbox: Sandbox, path: Path) -> str:
        """Where a command sees a path that is at or below `sandbox.root`."""
        return str(Path(RUN_FOLDER) / path.relative_to(sandbox.root))

    async def run(self, command: Command) -> CommandOutcome:
        """Run a command as a Job to its end or deadline; see `core.executors.Executor.run`.

        A command with a name has its Job for an hour after it has ended, so that its outcome is
        not lost with MAS. The Job of one without is removed at once.

        Raises:
            UserError: The cluster cannot run it so: `no_program`, `no_folder`, `no_isolation`,
                `no_image`, `no_room`, `no_claim`, `no_cluster`, `forbidden`, `bad_command`.
            Permanent: It was ended from outside (`command_lost`), its name belongs to something
                else (`name_taken`), or the cluster does not take its Job (`bad_job`).
            Transient: The API server is out of reach; a Job with a name goes on.
        """
        from mas.adapters.executors.kubernetes_follow import Following
        from mas.adapters.executors.kubernetes_job import encoded_job, labels_of

        name = command.name or f"mas-{secrets.token_hex(8)}"
        origin = secrets.token_hex(8)
        body = encoded_job(command, name, origin, self._settings)
        labels = labels_of(command.labels)
        await asyncio.to_thread(_check_folders, command)
        async with self._open() as api:
            keep = False
            try:
                adopted = await self._begin(api, name, body, labels, origin)
                following = Following(
                    api=api, command=command, settings=self._settings, job=name, adopted=adopted
                )
                outcome = await following.outcome()
                keep = bool(command.name)
            except Transient:
                keep = bool(command.name)
                raise
            finally:
                if not keep:
                    await to_the_end(self._remove(api, name, labels))
        return outcome

    async def ready(self) -> str:
        """Look whether Jobs can be run here, and whether they see the workspace that MAS sees.

        Runs a Job of its own once, which reads a file that MAS has just written.

        Raises:
            UserError: They cannot: `no_cluster`, `forbidden`, `no_claim`, `no_image`, `no_room`.
            Transient: The API server does not answer.
        """
        words = f"Jobs in the namespace {self._settings.namespace}"
        if self._is_ready:
            return words
        from mas.adapters.executors.kubernetes_api import NEEDED

        async with self._open() as api:
            allowed = await asyncio.gather(*(api.may(*one) for one in NEEDED))
        missing = [
            f"{verb} {resource}{'/' + part if part else ''}"
            for (_, resource, part, verb), may in zip(NEEDED, allowed, strict=True)
            if not may
        ]
        if missing:
            raise UserError(
                f"MAS may not do this in the namespace {self._settings.namespace}: "
                f"{', '.join(missing)}.",
                hint="Apply deploy/kubernetes/agents to the cluster, and use its account.",
                code="forbidden",
            )
        await self._probe()
        self._is_ready = True
        return words

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """End and remove all Jobs of MAS with these labels; returns their names."""
        from mas.adapters.executors.kubernetes_follow import remove_job
        from mas.adapters.executors.kubernetes_job import labels_of

        async with self._open() as api:
            found = [one.metadata.name for one in await api.jobs(labels_of(labels))]
            async with _one_error(), asyncio.TaskGroup() as group:
                for name in found:
                    group.create_task(remove_job(api, name, self._settings))
        return tuple(found)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[JobApi]:
        from mas.adapters.executors.kubernetes_api import JobApi, JobConnection

        config = await asyncio.to_thread(self._connect)
        async with JobConnection(config) as connection:
            yield JobApi(connection, self._settings.namespace)

    async def _begin(
        self, api: JobApi, name: str, body: bytes, labels: Mapping[str, str], origin: str
    ) -> bool:
        """Make the Job, or find the one that there is; says whether somebody else had made it."""
        from mas.adapters.executors.kubernetes_api import labels_match
        from mas.adapters.executors.kubernetes_follow import remove_job
        from mas.adapters.executors.kubernetes_job import ORIGIN

        for _ in range(_BEGIN_ATTEMPTS):
            if await api.create(body):
                return False
            job = await api.job(name)
            if job is None:
                continue
            if not labels_match(job.metadata, labels):
                raise Permanent(
                    f"There is a Job {name} in the namespace {self._settings.namespace} that "
                    "belongs to something else.",
                    hint="Remove it, or use a namespace of MAS alone.",
                    code="name_taken",
                )
            if job.metadata.deletion_timestamp is not None:
                await remove_job(api, name, self._settings)
                continue
            return (job.metadata.annotations or {}).get(ORIGIN) != origin
        raise Transient(f"The Job {name} comes and goes.", hint="Try again.", code="server_answer")

    async def _remove(self, api: JobApi, name: str, labels: Mapping[str, str]) -> None:
        """Remove the Job of this name if it is ours, as well as the server allows."""
        from mas.adapters.executors.kubernetes_api import labels_match
        from mas.adapters.executors.kubernetes_follow import remove_job

        # Its own deadline ends a Job that cannot be reached now.
        with contextlib.suppress(MasError):
            job = await api.job(name)
            if job is not None and labels_match(job.metadata, labels):
                await remove_job(api, name, self._settings)

    async def _probe(self) -> None:
        """Have a Job read what MAS has written into the workspace."""
        token = secrets.token_hex(16)
        folder = self._settings.workspace / f".mas-probe-{secrets.token_hex(4)}"
        try:
            await asyncio.to_thread(_write_probe, folder, token)
        except OSError as exc:
            raise UserError(
                f"The workspace {self._settings.workspace} cannot be written: {exc.strerror}.",
                hint="Set WORKSPACE_LOCAL to where the workspace volume is mounted for MAS.",
                code="no_claim",
            ) from exc
        try:
            outcome = await self.run(
                Command(
                    argv=("cat", "token"),
                    folder=folder,
                    environment={"PATH": self.path},
                    deadline=_PROBE_LIMIT,
                    sandbox=Sandbox(root=folder, readable=(folder,), network="none"),
                    labels={"mas.probe": folder.name.rpartition("-")[2]},
                )
            )
        finally:
            await asyncio.to_thread(_remove_probe, folder)
        said = outcome.output.decode("utf-8", "replace").strip()
        if outcome.exit_code != 0 or said != token:
            raise UserError(
                f"The claim {self._settings.claim} does not hold what MAS sees at "
                f"{self._settings.workspace}: a pod that looked there said {said[:200]!r}.",
                hint="Set WORKSPACE_LOCAL to where that volume is mounted for MAS, and let user "
                f"{self._settings.user} read it.",
                code="no_claim",
            )


def connection_of(
    context: str | None, environment: Mapping[str, str]
) -> Callable[[], SingleConfig]:
    """How to reach the cluster of a kubeconfig context; None: the current one, or the pod's own.

    What it returns raises UserError: there is no such cluster (`no_cluster`, `context_unknown`),
    or the kubeconfig cannot be used.
    """

    def connect() -> SingleConfig:
        from mas.adapters.clusters import kubeconfig

        config = kubeconfig.load_kubeconfig(environment)
        name = context or (config.current_context if config is not None else None)
        if config is not None and name:
            return kubeconfig.select_context(config, name)
        account = None if context else kubeconfig.service_account(environment)
        if account is None:
            raise UserError(
                "There is no cluster to run Jobs in.",
                hint="Set KUBECONFIG, choose a context, or use --executor local.",
                code="no_cluster",
            )
        return account

    return connect


def _check_folders(command: Command) -> None:
    """Look whether every folder is there: Kubernetes would make it, and as root.

    Raises:
        UserError: One is not.
    """
    sandbox = command.sandbox
    folders = (*sandbox.writable, *sandbox.readable) if sandbox is not None else ()
    for folder in (command.folder, *folders):
        if not folder.is_dir():
            raise UserError(
                f"There is no folder {folder} to run {command.argv[0]} in.",
                hint="Make it first, or name another one.",
                code="no_folder",
            )


def _write_probe(folder: Path, token: str) -> None:
    folder.mkdir()
    (folder / "token").write_text(token)


def _remove_probe(folder: Path) -> None:
    (folder / "token").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


@contextlib.asynccontextmanager
async def _one_error() -> AsyncIterator[None]:
    """Several failures at once, as the first of them."""
    try:
        yield
    except BaseExceptionGroup as failures:
        known = failures.subgroup(MasError)
        if known is None:
            raise
        first: BaseException = known
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from failures
