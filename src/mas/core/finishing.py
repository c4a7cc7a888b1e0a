"""Finishing what must not be left half done when the one who waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[None, None, T]) -> T:
    """Finish `work` also when the caller is cancelled meanwhile, and only then be cancelled.

    `work` has to be bounded in time by itself.
    """
    task = asyncio.create_task(work)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as exc:
            if task.cancelled():
                raise
            interrupted = exc
    if interrupted is not None:
        task.exception()
        raise interrupted
    return task.result()
