"""The events of a run as pieces of `text/event-stream` (U3)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from mas.http.world import World

RETRY = timedelta(seconds=2)
"""After this time a client connects again, with the number of its last event."""

_MOST_BYTES = 64 * 1024
"""Sent at once, about as much as a connection holds for a slow reader."""


async def event_stream(world: World, run_id: str, after: int) -> AsyncGenerator[bytes, None]:
    """Give the events behind the one numbered `after`, those to come, and `event: end`.

    A server that stops leaves out the end, so that clients come back to the next one.

    Raises:
        UserError, Transient: As `RunStreams.batches`.
    """
    yield b"retry: %d\n\n" % (RETRY.total_seconds() * 1000)
    last = after
    async with aclosing(world.streams.batches(run_id, after)) as batches:
        async for batch in batches:
            last = batch[-1].number
            for chunk in _chunks([frame.data for frame in batch]):
                yield chunk
    if not world.driving.stopping:
        yield b"id: %d\nevent: end\ndata: {}\n\n" % last


def _chunks(parts: list[bytes]) -> list[bytes]:
    """The parts put together as far as they may be sent at once; one part is never cut."""
    chunks: list[list[bytes]] = [[]]
    size = 0
    for part in parts:
        if size and size + len(part) > _MOST_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append(part)
        size += len(part)
    return [b"".join(chunk) for chunk in chunks]
