"""Follows the Job of one command to its end: the state of its pod, and its log."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from mas.adapters.executors.capture import Capture
from mas.adapters.executors.kubernetes_api import Gone, JobApi
from mas.adapters.executors.kubernetes_log import LogReader
from mas.adapters.executors.kubernetes_settings import JobSettings
from mas.adapters.executors.kubernetes_start import NO_PROGRAM_NOTE
from mas.adapters.executors.kubernetes_status import (
    Begun,
    Coming,
    Ended,
    Pod,
    judge_job,
    judge_pod,
    late,
    lost,
)
from mas.core.errors import MasError, Transient, UserError
from mas.core.executors import Command, CommandOutcome

_PAUSES: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
_DRAIN: Final = 5.0
"""Seconds for a log that is being followed to come to its end after the command has."""
_LONGEST_LOOK: Final = 0.5
_NO_PROGRAM: Final = 127
_LOG_ATTEMPTS: Final = 6


@dataclass(kw_only=True, eq=False)
class Following:
    """One Job that is followed; `outcome` is called once."""

    api: JobApi
    command: Command
    settings: JobSettings
    job: str
    adopted: bool
    pod: str = ""
    capture: Capture = field(init=False)
    _began: float = field(default_factory=time.monotonic)
    _ran_from: float | None = None
    _started: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _log: LogReader = field(default_factory=LogReader)
    _coming: Coming = field(default_factory=Coming)
    _coming_since: float = field(default_factory=time.monotonic)
    _timer: asyncio.Timeout | None = None

    def __post_init__(self) -> None:
        self.capture = Capture(self.command.output_limit_bytes)

    async def outcome(self) -> CommandOutcome:
        """Follow it to its end; at its deadline the Job is deleted.

        Raises:
            UserError: It cannot be started (`no_image`, `no_room`, `no_claim`, `no_program`).
            Permanent: It was ended from outside (`command_lost`).
            Transient: The API server was out of reach for too long; the Job goes on.
        """
        reading = asyncio.create_task(self._follow_log())
        try:
            end = await self._watch()
            self._over.set()
            await asyncio.wait({reading}, timeout=_DRAIN)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await self._rest_of_log()
        if end.exit_code == _NO_PROGRAM and end.last_words == NO_PROGRAM_NOTE:
            raise UserError(
                f"There is no program {self.command.argv[0]} in the image {self.settings.image}.",
                hint="Use an image that has it, or check its name and the PATH.",
                code="no_program",
            )
        return CommandOutcome(
            exit_code=end.exit_code,
            output=self.capture.output(),
            total_bytes=self.capture.total_bytes,
            took=self._took(end),
            ended=end.ended,
            adopted=self.adopted,
        )

    def _took(self, end: Ended) -> timedelta:
        if self.adopted and end.started_at is not None and end.finished_at is not None:
            return max(end.finished_at - end.started_at, timedelta(0))
        began = self._ran_from if self._ran_from is not None else self._began
        return timedelta(seconds=max(time.monotonic() - began, 0.0))

    # --- the state of the pod -----------------------------------------------------------------

    async def _watch(self) -> Ended:
        """Look at the pod until the command has ended, or must end."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(loop.time() + self._patience()) as self._timer:
                return await self._state()
        except TimeoutError:
            if self._ran_from is None:
                raise late(self._coming, self.settings.image, self.settings.claim) from None
        # The log is followed meanwhile: what is said after TERM belongs to it.
        await remove_job(self.api, self.job, self.settings)
        return Ended(exit_code=None, ended="deadline")

    async def _state(self) -> Ended:
        """List and watch by turns, over failures of the server."""
        failing_since: float | None = None
        attempt = 0
        while True:
            try:
                end = await self._listed()
                failing_since, attempt = None, 0
            except Transient:
                now = time.monotonic()
                failing_since = now if failing_since is None else failing_since
                if now - failing_since > self.settings.outage_limit.total_seconds():
                    raise
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
                continue
            if end is not None:
                return end

    async def _listed(self) -> Ended | None:
        """Look at everything once, then at each change; None: it has to be listed again."""
        pods, version = await self.api.pods(self.job)
        if not pods and (end := await self._without_pod()) is not None:
            return end
        for pod in pods:
            end = self._take(pod)
            if end is not None:
                return end
        try:
            async for kind, pod in self.api.watch(self.job, version):
                if kind == "DELETED":
                    return await self._after_pod(pod)
                end = self._take(pod)
                if end is not None:
                    return end
        except Transient:
            # A watch breaks off now and then; only a list that fails is an outage.
            await asyncio.sleep(_PAUSES[0])
        return None

    async def _without_pod(self) -> Ended | None:
        """There is no pod: it is still to come, or it has been."""
        job = await self.api.job(self.job)
        if job is None or job.metadata.deletion_timestamp is not None:
            raise lost("its Job was deleted")
        view = judge_job(job)
        if self.pod and not isinstance(view, Ended):
            raise lost("its pod was deleted")
        return self._see(view)

    async def _after_pod(self, pod: Pod) -> Ended | None:
        """A pod is gone: what it said last counts, else it was taken away."""
        end = self._take(pod)
        if end is not None:
            return end
        raise lost("its pod was deleted")

    def _take(self, pod: Pod) -> Ended | None:
        self.pod = pod.metadata.name
        return self._see(judge_pod(pod, self.settings.image))

    def _see(self, view: Ended | Begun | Coming) -> Ended | None:
        """Keep what is seen, and when patience with it ends."""
        if isinstance(view, Ended):
            self._started.set()
            return view
        if isinstance(view, Begun):
            if self._ran_from is None:
                self._ran_from = time.monotonic()
                if self.adopted and view.started_at is not None:
                    self._ran_from -= max((self.api.now() - view.started_at).total_seconds(), 0.0)
                self._started.set()
        else:
            if view.trouble != self._coming.trouble:
                self._coming_since = time.monotonic()
            self._coming = view
        if self._timer is not None:
            self._timer.reschedule(asyncio.get_running_loop().time() + self._patience())
        return None

    def _patience(self) -> float:
        """Seconds until what is seen now has lasted too long."""
        now = time.monotonic()
        if self._ran_from is not None:
            return self._ran_from + self.command.deadline.total_seconds() - now
        left = self._began + self.settings.start_limit.total_seconds() - now
        if self._coming.trouble == "image":
            left = min(left, self._coming_since + self.settings.image_limit.total_seconds() - now)
        return max(left, 0.0)

    # --- the log ------------------------------------------------------------------------------

    async def _follow_log(self) -> None:
        """Give output on as it comes, over readings that break off, until the command is over."""
        await self._started.wait()
        attempt = 0
        while not self._over.is_set():
            before = self.capture.total_bytes
            try:
                await self._read_log(follow=True)
            except (Gone, Transient):
                pass
            except MasError:
                # The state of the pod decides; the rest of the log is asked for at the end.
                return
            attempt = 0 if self.capture.total_bytes > before else attempt + 1
            pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
            try:
                async with asyncio.timeout(pause):
                    await self._over.wait()
            except TimeoutError:
                continue

    async def _rest_of_log(self) -> None:
        """What following has not brought.

        Raises:
            Transient: The log is there and cannot be had.
        """
        if not self.pod:
            return
        for attempt in range(_LOG_ATTEMPTS):
            try:
                await self._read_log(follow=False)
            except Gone:
                return
            except Transient:
                if attempt == _LOG_ATTEMPTS - 1:
                    raise
                await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            else:
                return

    async def _read_log(self, *, follow: bool) -> None:
        self._log.begin()
        async for piece in self.api.log(self.pod, since=self._log.since, follow=follow):
            new = self._log.feed(piece)
            if new:
                self.capture.add(new)
                if self.command.on_output is not None:
                    self.command.on_output(new)


async def remove_job(api: JobApi, name: str, settings: JobSettings) -> None:
    """Delete a Job and wait until it and its pods are gone.

    Raises:
        Transient: They are not gone in time.
    """
    patience = settings.grace.total_seconds() + 60.0
    deleted = False
    pause = 0.05
    try:
        async with asyncio.timeout(patience):
            while True:
                job = await api.job(name)
                if job is None:
                    return
                if not deleted and job.metadata.deletion_timestamp is None:
                    await api.delete(job)
                deleted = True
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_LOOK)
    except TimeoutError:
        raise Transient(
            f"The Job {name} was deleted, and its pod is not gone in time.",
            hint="Look whether its node answers: `kubectl get nodes`.",
            code="job_stays",
        ) from None
