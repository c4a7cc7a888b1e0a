"""A clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ManualClock:
    """Time for tests: `advance` moves it and wakes whoever has slept long enough."""

    def __init__(self, start: datetime = _START) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._fell_asleep = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, delay: timedelta) -> None:
        if delay <= timedelta():
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        sleeper = (self._now + delay, woken)
        self._sleepers.append(sleeper)
        self._fell_asleep.set()
        try:
            await woken
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def until_asleep(self, count: int) -> None:
        """Return when at least `count` sleep."""
        while len(self._sleepers) < count:
            self._fell_asleep.clear()
            await self._fell_asleep.wait()

    def advance(self, by: timedelta) -> None:
        """Let time pass. Called in the loop in which the sleepers sleep."""
        self._now += by
        for until, woken in self._sleepers:
            if until <= self._now and not woken.done():
                woken.set_result(None)
