"""What the status of a Job and its pod says of the command: pure judgement."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from mas.core.errors import MasError, Permanent, UserError
from mas.core.executors import Ending

_SIGNAL_BASE: Final = 128
_LAST_SIGNAL: Final = 64
_TEXT_LIMIT: Final = 300


class Metadata(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """As far as it is looked at."""

    name: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    resource_version: str = ""
    deletion_timestamp: str | None = None


class Condition(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Of a pod or a Job."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return self.status == "True"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A container that has not started."""

    reason: str | None = None
    message: str | None = None


class Running(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A container that runs."""

    started_at: datetime | None = None


class Terminated(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A container that has ended."""

    exit_code: int = 0
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(msgspec.Struct, frozen=True, kw_only=True):
    """One of these."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Of a container."""

    name: str = ""
    state: ContainerState | None = None


class PodStatus(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Of a pod."""

    phase: str = ""
    reason: str | None = None
    message: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None


class Pod(msgspec.Struct, frozen=True, kw_only=True):
    """A pod without its specification, which holds environments."""

    metadata: Metadata = Metadata()
    status: PodStatus = PodStatus()

    @property
    def state(self) -> ContainerState:
        """Of its only container."""
        for one in self.status.container_statuses or ():
            if one.state is not None:
                return one.state
        return ContainerState()


class JobStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Of a Job."""

    conditions: list[Condition] | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A Job without its specification."""

    metadata: Metadata = Metadata()
    status: JobStatus = JobStatus()

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, when it holds."""
        return next(
            (one for one in self.status.conditions or () if one.type == kind and one.holds), None
        )


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command has ended."""

    exit_code: int | None
    ended: Ending = "exit"
    started_at: datetime | None = None
    finished_at: datetime | None = None
    last_words: str = ""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """It runs."""

    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Coming:
    """It has not started, which is a matter of time."""

    trouble: Literal["none", "image", "room", "claim"] = "none"
    words: str = ""
    """Of the cluster, on what it waits for."""


_PULL_TROUBLE: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
_NO_IMAGE: Final = frozenset({"InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
_NO_START: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"}
)
_LOST: Final = frozenset(
    {
        "Evicted",
        "NodeLost",
        "NodeShutdown",
        "NodeAffinity",
        "OutOfcpu",
        "OutOfmemory",
        "OutOfpods",
        "Preempting",
        "Shutdown",
        "Terminated",
        "UnexpectedAdmissionError",
    }
)
_STATUS_UNKNOWN: Final = "ContainerStatusUnknown"
_MISSING_CLAIM: Final = re.compile(r'persistentvolumeclaim "[^"]*" (not found|is being deleted)')


def judge_pod(pod: Pod, image: str) -> Ended | Begun | Coming:
    """Where the command of this pod stands.

    Raises:
        UserError: Its image cannot be had or started (`no_image`).
        Permanent: It was ended from outside (`command_lost`).
    """
    status, state = pod.status, pod.state
    done = state.terminated
    disruption = _holding(pod, "DisruptionTarget")
    if status.phase == "Failed" and status.reason == "DeadlineExceeded":
        return Ended(
            exit_code=None,
            ended="deadline",
            started_at=done.started_at if done else None,
            finished_at=done.finished_at if done else None,
        )
    if status.phase == "Failed" and (status.reason in _LOST or disruption is not None):
        words = status.message or (disruption.message if disruption else "") or status.reason
        raise lost(words or "its node is gone")
    if done is not None:
        return _ended(done, image)
    if status.phase == "Failed":
        raise lost(status.message or status.reason or "no reason is given")
    if state.running is not None:
        return Begun(started_at=state.running.started_at)
    return _coming(pod, state.waiting or Waiting(), image)


def judge_job(job: Job) -> Ended | Coming:
    """Where a command stands whose pod is not there, or not there yet.

    Raises:
        Permanent: It was ended from outside (`command_lost`).
    """
    if job.condition("Complete") is not None:
        return Ended(exit_code=0)
    failed = job.condition("Failed") or job.condition("FailureTarget")
    if failed is None:
        return Coming(words="no pod has been made for its Job")
    if failed.reason == "DeadlineExceeded":
        return Ended(exit_code=None, ended="deadline")
    raise lost(failed.message or failed.reason or "its pod is gone")


def lost(words: str) -> MasError:
    """The error for a command that was ended from outside."""
    return Permanent(
        f"The pod of the command was ended from outside: {short(words)}.",
        hint="Look at the events of the namespace, and run the command again.",
        code="command_lost",
    )


def late(coming: Coming, image: str, claim: str) -> MasError:
    """The error for a command that was waited for long enough."""
    words = short(coming.words) or "the cluster does not say why"
    if coming.trouble == "image":
        return _no_image(image, words)
    if coming.trouble == "claim":
        return UserError(
            f"No pod can be started with the claim {claim}: {words}.",
            hint="Apply deploy/kubernetes/agents, or set the claim that holds the workspace.",
            code="no_claim",
        )
    if coming.trouble == "room":
        return UserError(
            f"No node takes the pod of the command: {words}.",
            hint="Make room in the cluster, or lower the limits of agents or their number.",
            code="no_room",
        )
    return UserError(
        f"The pod of the command did not start in time: {words}.",
        hint="Look at it with `kubectl describe job` and `kubectl describe pod`.",
        code="no_room",
    )


def short(words: str) -> str:
    """Text of the cluster on one line, without its last full stop."""
    line = " ".join(words.split()).rstrip(".")
    return line if len(line) <= _TEXT_LIMIT else f"{line[:_TEXT_LIMIT]}..."


def _ended(done: Terminated, image: str) -> Ended:
    if done.reason in _NO_START or done.reason == "ContainerCannotRun":
        raise _not_started(image, done.message or done.reason or "")
    if done.reason == _STATUS_UNKNOWN:
        raise lost(done.message or "its node does not know how it ended")
    ending: Ending = "exit"
    code = done.exit_code
    if done.reason == "OOMKilled":
        ending = "oom"
    elif done.signal:
        ending, code = "signal", _SIGNAL_BASE + done.signal
    elif _SIGNAL_BASE < code <= _SIGNAL_BASE + _LAST_SIGNAL:
        # Runtimes do not tell the signal: they give the exit code that a shell would give.
        ending = "signal"
    return Ended(
        exit_code=code,
        ended=ending,
        started_at=done.started_at,
        finished_at=done.finished_at,
        last_words=done.message or "",
    )


def _coming(pod: Pod, waiting: Waiting, image: str) -> Coming:
    words = waiting.message or waiting.reason or ""
    if waiting.reason in _NO_IMAGE:
        raise _no_image(image, short(words))
    if waiting.reason in _NO_START:
        raise _not_started(image, words)
    if waiting.reason in _PULL_TROUBLE:
        return Coming(trouble="image", words=words)
    for one in pod.status.conditions or ():
        if one.type == "PodScheduled" and one.status == "False":
            text = one.message or one.reason or ""
            claim = _MISSING_CLAIM.search(text) is not None
            return Coming(trouble="claim" if claim else "room", words=text)
    return Coming(words=words)


def _holding(pod: Pod, kind: str) -> Condition | None:
    return next(
        (one for one in pod.status.conditions or () if one.type == kind and one.holds), None
    )


def _no_image(image: str, words: str) -> MasError:
    return UserError(
        f"The cluster cannot get the image {image}: {words}.",
        hint="Push it to a registry that the nodes reach, or set another image or pull secret.",
        code="no_image",
    )


def _not_started(image: str, words: str) -> MasError:
    return UserError(
        f"The image {image} cannot be started: {short(words)}.",
        hint="Use an image with /bin/sh, coreutils, git and Python, as deploy/images/agent makes.",
        code="no_image",
    )
