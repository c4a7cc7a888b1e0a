"""Waiting for a run while the client is told how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import TypeAlias, cast

from mas.app.driving import Driving
from mas.app.service import Service
from mas.core.events import (
    ApprovalRequested,
    Event,
    EventBody,
    PlanExtended,
    RunPlanned,
    RunReopened,
    TaskAwaiting,
    TaskCancelled,
    TaskFailed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
)
from mas.core.run import Run, RunStatus

Tell = Callable[[float, float | None, str], Awaitable[None]]
"""Reports progress, the total, and a sentence."""

TaskEvent: TypeAlias = TaskStarted | TaskSucceeded | TaskFailed | TaskSkipped | TaskCancelled

_WORDS: Mapping[type[TaskEvent], str] = {
    TaskStarted: "has started",
    TaskSucceeded: "has succeeded",
    TaskFailed: "has failed",
    TaskSkipped: "was skipped",
    TaskCancelled: "was cancelled",
}


class Steps:
    """How far a run is, by its events: each task counts half when it starts and half when it ends.

    What is reported only ever grows, as the protocol wants it.
    """

    def __init__(self) -> None:
        self._titles: dict[str, str] = {}
        self._started: set[str] = set()
        self._ended: set[str] = set()
        self._waiting: set[str] = set()
        self._reported = 0.0

    @property
    def somebody_waits(self) -> bool:
        """Whether a task waits for a person."""
        return bool(self._waiting)

    @property
    def total(self) -> float | None:
        """Tasks of the plan; None before there is one."""
        return float(len(self._titles)) or None

    @property
    def done(self) -> float:
        """What is done of `total`."""
        return (len(self._started | self._ended) + len(self._ended)) / 2

    def take(self, body: EventBody) -> str | None:
        """Note an event; returns a sentence when the run has got further."""
        if isinstance(body, RunPlanned | PlanExtended):
            self._titles |= {task.id: task.title for task in body.tasks}
        elif isinstance(body, RunReopened):
            again = {task.id for task in body.tasks}
            self._started -= again
            self._ended -= again
        elif isinstance(body, TaskAwaiting):
            self._waiting.add(body.task)
        elif isinstance(body, TaskEvent):
            self._waiting.discard(body.task)
            (self._started if isinstance(body, TaskStarted) else self._ended).add(body.task)
            if self.done > self._reported:
                self._reported = self.done
                return self._sentence(body.task, _WORDS[type(body)])
        return None

    def _sentence(self, task: str, happens: str) -> str:
        title = self._titles.get(task, task)
        place = list(self._titles).index(task) + 1 if task in self._titles else "?"
        return f"Task {place} of {len(self._titles)}: {title} ({happens})"


async def followed(
    service: Service, driving: Driving, run_id: str, *, limit: timedelta, tell: Tell
) -> Run:
    """Wait until a run has ended, or a person has to answer before anything goes on, or `limit`
    is over, or the server stops, whatever comes first; the run as it stands then.

    Cancelling this leaves the run alone.
    """
    resting = asyncio.ensure_future(_until_it_rests(service, run_id, tell))
    stopping = asyncio.ensure_future(driving.stop_asked())
    try:
        await asyncio.wait(
            (resting, stopping),
            timeout=limit.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if resting.done():
            resting.result()
    finally:
        for task in (resting, stopping):
            task.cancel()
        await asyncio.wait((resting, stopping))
    return await service.get(run_id)


async def _until_it_rests(service: Service, run_id: str, tell: Tell) -> None:
    steps = Steps()
    watched = cast("AsyncGenerator[Event, None]", service.watch(run_id))
    async with aclosing(watched) as events:
        async for event in events:
            sentence = steps.take(event.body)
            if sentence is not None:
                await tell(steps.done, steps.total, sentence)
            if steps.somebody_waits or isinstance(event.body, ApprovalRequested):
                now = await service.get(run_id)
                if now.status is RunStatus.AWAITING_APPROVAL:
                    return
