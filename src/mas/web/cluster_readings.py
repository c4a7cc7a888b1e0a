"""Clusters that were read for a page: each at most once at a time, and kept for half a minute."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI

from mas.app.inspection import Survey, look_at
from mas.core.errors import Transient
from mas.http.world import World

FRESH_SECONDS = 30.0
PATIENCE_SECONDS = 20.0
"""A reading that takes longer is given up."""
_KEPT = 4


@dataclass(frozen=True, kw_only=True)
class _Reading:
    task: asyncio.Task[Survey]
    begun: float

    def is_good(self, now: float) -> bool:
        """Under way, or done without an error not long ago."""
        if not self.task.done():
            return True
        failed = self.task.cancelled() or self.task.exception() is not None
        return not failed and now - self.begun < FRESH_SECONDS


async def survey_of(app: FastAPI, named: str | None, *, again: bool = False) -> Survey:
    """A cluster and what runs in it, as it was read at most half a minute ago.

    Raises:
        UserError: There is no cluster, or what was named cannot be used.
        Transient: It is out of reach, or does not answer in time (`cluster_slow`).
    """
    readings = _readings(app)
    key, now = named or "", time.monotonic()
    known = readings.get(key)
    if known is None or not known.is_good(now) or (again and known.task.done()):
        world = cast("World", app.state.world)
        known = _Reading(task=asyncio.create_task(_read(world, named)), begun=now)
        readings[key] = known
    readings.move_to_end(key)
    while len(readings) > _KEPT:
        readings.popitem(last=False)
    # A reader who leaves must not take the reading away from the others.
    return await asyncio.shield(known.task)


async def _read(world: World, named: str | None) -> Survey:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await look_at(world.settings, named)
    except TimeoutError as exc:
        raise Transient(
            f"The cluster did not answer within {PATIENCE_SECONDS:.0f} seconds.",
            hint="Try again, or take a snapshot with `mas cluster snapshot` and name its file.",
            code="cluster_slow",
        ) from exc


def _readings(app: FastAPI) -> OrderedDict[str, _Reading]:
    state: Any = app.state
    if not hasattr(state, "cluster_readings"):
        state.cluster_readings = OrderedDict()
    return cast("OrderedDict[str, _Reading]", state.cluster_readings)
