"""Whether everything works, for the line at the top of each page: looked at now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from fastapi import FastAPI

from mas.app.diagnosis import Check, diagnose
from mas.core.errors import MasError
from mas.http.world import World

FRESH_SECONDS = 60.0
"""What was found counts so long."""
_PATIENCE_SECONDS = 0.2
"""A page waits so long for the first look; later ones are made behind its back."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Health:
    """The line, as glyph and key of the wording with its values."""

    icon: str
    css: str
    word: str
    values: Mapping[str, object] = field(default_factory=dict)


UNKNOWN = Health(icon="queued", css="off", word="nav.health.unknown")


@dataclass(kw_only=True)
class _Looking:
    health: Health = UNKNOWN
    at: float | None = None
    task: asyncio.Task[None] | None = None


def health_from(checks: tuple[Check, ...]) -> Health:
    """Not working counts what is needed; what MAS works without is no news at the top."""
    broken = sum(check.needed and not check.ok for check in checks)
    if broken:
        return Health(icon="bad", css="bad", word="nav.health.bad", values={"count": broken})
    return Health(icon="ok", css="ok", word="nav.health.ok")


async def health_of(app: FastAPI) -> Health:
    """What was found last; looks again behind the caller's back when that is old."""
    state: Any = app.state
    if not hasattr(state, "page_health"):
        state.page_health = _Looking()
    looking = cast("_Looking", state.page_health)
    old = looking.at is None or time.monotonic() - looking.at > FRESH_SECONDS
    if old and (looking.task is None or looking.task.done()):
        looking.task = asyncio.create_task(_look(cast("World", state.world), looking))
    if looking.at is None and looking.task is not None:
        await asyncio.wait((looking.task,), timeout=_PATIENCE_SECONDS)
    return looking.health


async def _look(world: World, looking: _Looking) -> None:
    try:
        looking.health = health_from(await diagnose(world.settings))
    except MasError as error:
        _log.warning("the state of this machine could not be looked at: %s", error)
        looking.health = UNKNOWN
    looking.at = time.monotonic()
