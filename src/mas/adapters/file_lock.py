"""Locks on open files and folders, which processes hold until they close them or die."""

from __future__ import annotations

import asyncio
import fcntl
from datetime import timedelta

_LOOK_SECONDS = 0.05


def try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if nobody is in the way; whether it is held now. `kind` is as for `flock`."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def lock(
    descriptor: int, kind: int = fcntl.LOCK_EX, *, patience: timedelta | None = None
) -> None:
    """Take the lock once nobody is in the way.

    Raises:
        TimeoutError: Another had it for all of `patience`.
    """
    async with asyncio.timeout(None if patience is None else patience.total_seconds()):
        # The system's own waiting for a lock cannot be cancelled.
        while not try_lock(descriptor, kind):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
