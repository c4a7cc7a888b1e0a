"""Runs whose events a test tells by hand, in place of a service, for streams over them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from mas.core.errors import UserError
from mas.core.events import Event, MessageSent, RunFinished
from mas.core.run import Run, RunStatus

AT = datetime(2026, 1, 31, tzinfo=UTC)


class ToldRuns:
    """As much of `Service` as streams need; counts what they ask for."""

    def __init__(self, *run_ids: str) -> None:
        self._events: dict[str, list[Event]] = {run_id: [] for run_id in run_ids}
        self._ended: set[str] = set()
        self._changed = asyncio.Event()
        self.asked = Counter[str]()
        self.fault: Exception | None = None
        """Raised by the next that watches."""

    def tell(self, run_id: str, count: int = 1, *, size: int = 0) -> None:
        """Add events, each with a content of so many characters."""
        known = self._events[run_id]
        for number in range(len(known) + 1, len(known) + count + 1):
            body = MessageSent(
                message=number,
                sender="a",
                recipient="b",
                intent="tell",
                content=f"{number} ".ljust(size, "x"),
            )
            known.append(Event(run_id=run_id, number=number, at=AT, body=body))
        self._wake()

    def end(self, run_id: str) -> None:
        """Add the last event of a run."""
        known = self._events[run_id]
        body = RunFinished(status=RunStatus.SUCCEEDED, stop_reason="done")
        known.append(Event(run_id=run_id, number=len(known) + 1, at=AT, body=body))
        self._ended.add(run_id)
        self._wake()

    def reopen(self, run_id: str) -> None:
        """The run goes on after all."""
        self._ended.discard(run_id)

    def wake(self) -> None:
        """Let those who watch look again."""
        self._wake()

    def _wake(self) -> None:
        before, self._changed = self._changed, asyncio.Event()
        before.set()

    async def get(self, run_id: str) -> Run:
        self.asked["get"] += 1
        if run_id not in self._events:
            raise UserError(f"There is no run {run_id!r}.", code="unknown_run")
        return Run(
            id=run_id,
            request="",
            team="decide",
            language="en",
            status=RunStatus.SUCCEEDED if run_id in self._ended else RunStatus.RUNNING,
            created_at=AT,
            last_event=len(self._events[run_id]),
        )

    async def events(self, run_id: str, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        self.asked["events"] += 1
        await asyncio.sleep(0)
        return tuple(self._events[run_id][after : after + limit])

    async def watch(self, run_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        self.asked["watch"] += 1
        try:
            while True:
                changed = self._changed
                if self.fault is not None:
                    raise self.fault
                while after < len(self._events[run_id]):
                    yield self._events[run_id][after]
                    after += 1
                if run_id in self._ended:
                    return
                await changed.wait()
        finally:
            self.asked["left"] += 1


class Standing:
    """A driving that can be stopped."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    async def stop_asked(self) -> None:
        await self._stop.wait()

    def stop(self) -> None:
        self._stop.set()
