"""Makes the Job of a command: pure data, in the shape that pod security `restricted` asks for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from lightkube.models.batch_v1 import Job, JobSpec
from lightkube.models.core_v1 import (
    Capabilities,
    Container,
    EmptyDirVolumeSource,
    EnvVar,
    LocalObjectReference,
    PersistentVolumeClaimVolumeSource,
    PodSecurityContext,
    PodSpec,
    PodTemplateSpec,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    Volume,
    VolumeMount,
)
from lightkube.models.meta_v1 import ObjectMeta

from mas.adapters.executors.kubernetes_settings import RUN_FOLDER, JobSettings
from mas.adapters.executors.kubernetes_start import container_arguments
from mas.core.errors import UserError
from mas.core.executors import Command, Limits, Sandbox

CONTAINER: Final = "command"
MANAGED: Final = {"app.kubernetes.io/managed-by": "mas"}
ORIGIN: Final = "mas.origin"
"""Annotation that tells who has made a Job, so that an answer that got lost does no harm."""
NETWORK: Final = "mas.network"
"""Label of pods by which network policies choose them."""
_MARGIN: Final = timedelta(minutes=1)
_LARGEST_BYTES: Final = 1_000_000
"""An API server keeps objects of at most 1.5 MB."""
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_KEY: Final = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def encoded_job(command: Command, name: str, origin: str, settings: JobSettings) -> bytes:
    """The Job of a command as it is sent.

    Raises:
        UserError: The command does not fit into a Job (`bad_command`), or works in a folder that
            its sandbox does not show (`no_folder`).
    """
    sandbox = _sandbox_of(command)
    if not _NAME.fullmatch(name):
        raise _bad(f"{name!r} cannot be the name of a Job.", "Use small letters, digits and -.")
    labels = labels_of(command.labels)
    pod = _pod(command, sandbox, settings)
    # The pod's own limit keeps its log, that of the Job takes the pod away: it comes later.
    longest = command.deadline + settings.start_limit + _MARGIN
    job = Job(
        apiVersion="batch/v1",
        kind="Job",
        metadata=ObjectMeta(
            name=name, namespace=settings.namespace, labels=labels, annotations={ORIGIN: origin}
        ),
        spec=JobSpec(
            backoffLimit=0,
            completions=1,
            parallelism=1,
            activeDeadlineSeconds=_seconds(longest + _MARGIN),
            ttlSecondsAfterFinished=_seconds(settings.keep),
            template=PodTemplateSpec(
                metadata=ObjectMeta(labels=labels | {NETWORK: sandbox.network}), spec=pod
            ),
        ),
    )
    pod.activeDeadlineSeconds = _seconds(longest)
    body = msgspec.json.encode(job)
    if len(body) > _LARGEST_BYTES:
        raise _bad(
            f"The command takes {len(body)} bytes, and a Job holds at most {_LARGEST_BYTES}.",
            "Hand long texts in through a file.",
        )
    return body


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    """These labels and the one that says that MAS has made it.

    Raises:
        UserError: One of them can be no label.
    """
    for key, value in labels.items():
        if not (_LABEL_KEY.fullmatch(key) and _LABEL.fullmatch(value)):
            raise _bad(f"{key}={value} cannot be a label.", "Use letters, digits, - _ and dots.")
    return {**labels, **MANAGED}


def _pod(command: Command, sandbox: Sandbox, settings: JobSettings) -> PodSpec:
    return PodSpec(
        restartPolicy="Never",
        terminationGracePeriodSeconds=_seconds(settings.grace),
        serviceAccountName=settings.service_account,
        automountServiceAccountToken=False,
        enableServiceLinks=False,
        # With it the command is not process 1, for which the kernel ignores most signals.
        shareProcessNamespace=True,
        nodeSelector=dict(settings.node_selector) or None,
        runtimeClassName=settings.runtime_class or None,
        imagePullSecrets=[LocalObjectReference(name=one) for one in settings.image_pull_secrets],
        securityContext=PodSecurityContext(
            runAsNonRoot=True,
            runAsUser=settings.user,
            runAsGroup=settings.user,
            fsGroup=settings.user,
            # Else the kubelet walks through the whole workspace before each start.
            fsGroupChangePolicy="OnRootMismatch",
            seccompProfile=SeccompProfile(type="RuntimeDefault"),
        ),
        containers=[_container(command, sandbox, settings)],
        volumes=[
            Volume(
                name="workspace",
                persistentVolumeClaim=PersistentVolumeClaimVolumeSource(claimName=settings.claim),
            ),
            Volume(
                name="tmp", emptyDir=EmptyDirVolumeSource(sizeLimit=str(settings.scratch_bytes))
            ),
        ],
    )


def _container(command: Command, sandbox: Sandbox, settings: JobSettings) -> Container:
    return Container(
        name=CONTAINER,
        image=settings.image,
        imagePullPolicy=settings.image_pull_policy,
        command=container_arguments(command),
        workingDir=_seen_at(sandbox, command.folder),
        env=[
            EnvVar(name=name, value=_unexpanded(value))
            for name, value in command.environment.items()
        ],
        resources=_resources(sandbox.limits, settings),
        securityContext=SecurityContext(
            allowPrivilegeEscalation=False,
            privileged=False,
            readOnlyRootFilesystem=True,
            runAsNonRoot=True,
            capabilities=Capabilities(drop=["ALL"]),
        ),
        terminationMessagePolicy="File",
        volumeMounts=[*_mounts(sandbox, settings), VolumeMount(name="tmp", mountPath="/tmp")],  # noqa: S108
    )


def _mounts(sandbox: Sandbox, settings: JobSettings) -> list[VolumeMount]:
    """One part of the volume for each folder of the sandbox, and nothing else of it."""
    writable = dict.fromkeys(sandbox.writable, False)
    # What is listed as both is writable; outer folders are mounted before those inside them.
    folders = dict.fromkeys(sandbox.readable, True) | writable
    found = []
    for path in sorted(folders):
        try:
            part = path.relative_to(settings.workspace)
        except ValueError as exc:
            raise _no_folder(
                f"The folder {path} is not in the workspace {settings.workspace}."
            ) from exc
        found.append(
            VolumeMount(
                name="workspace",
                mountPath=_seen_at(sandbox, path),
                subPath=str(part),
                readOnly=folders[path],
            )
        )
    return found


def _resources(limits: Limits, settings: JobSettings) -> ResourceRequirements:
    most: dict[str, str] = {}
    memory = settings.memory_request_bytes
    cpu = settings.cpu_request
    if limits.memory_bytes is not None:
        most["memory"] = str(limits.memory_bytes)
        memory = min(memory, limits.memory_bytes)
    if limits.cpus is not None:
        most["cpu"] = f"{math.ceil(limits.cpus * 1000)}m"
        cpu = min(cpu, limits.cpus)
    least = {"memory": str(memory), "cpu": f"{math.ceil(cpu * 1000)}m"}
    return ResourceRequirements(requests=least, limits=most or None)


def _sandbox_of(command: Command) -> Sandbox:
    """The sandbox of a command whose folder it shows.

    Raises:
        UserError: There is none, or it does not.
    """
    sandbox = command.sandbox
    if sandbox is None:
        raise UserError(
            "A command without a sandbox cannot run as a Job.",
            hint="Name the folders that it may see, or use the local executor.",
            code="no_isolation",
        )
    shown = (*sandbox.writable, *sandbox.readable)
    for path in shown:
        if not path.is_relative_to(sandbox.root):
            raise _no_folder(f"The folder {path} is not below {sandbox.root}.")
    if not any(command.folder.is_relative_to(folder) for folder in shown):
        raise _no_folder(f"The sandbox does not show the folder {command.folder}.")
    return sandbox


def _seen_at(sandbox: Sandbox, path: Path) -> str:
    return str(Path(RUN_FOLDER) / path.relative_to(sandbox.root))


def _unexpanded(text: str) -> str:
    """So that Kubernetes gives it on as it is: `$(NAME)` stands for a value, `$$` for a `$`."""
    return text.replace("$", "$$")


def _seconds(duration: timedelta) -> int:
    return max(math.ceil(duration.total_seconds()), 1)


def _no_folder(message: str) -> UserError:
    return UserError(
        message, hint="Run it in a folder of the sandbox in the workspace.", code="no_folder"
    )


def _bad(message: str, hint: str) -> UserError:
    return UserError(message, hint=hint, code="bad_command")
