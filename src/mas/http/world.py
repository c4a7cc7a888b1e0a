"""What the routes work with: one object for each app, nothing global."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from mas.app.driving import Driving
from mas.app.service import Service
from mas.app.settings import Settings
from mas.http.caller import caller_of
from mas.http.streams import RunStreams
from mas.http.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that is open while the server runs."""

    service: Service
    settings: Settings
    driving: Driving
    workspace: Workspace
    streams: RunStreams
    docker: Callable[[], Awaitable[str]]
    """Says in a few words how containers can be run; raises `MasError` when they cannot."""
    mask: Callable[[str], str]
    """Takes secrets out of text for people."""


def _world_of(request: Request) -> World:
    return cast("World", request.app.state.world)


TheWorld = Annotated[World, Depends(_world_of)]


def _service_of(request: Request) -> Service:
    return _world_of(request).service.acting_for(caller_of(request).actor)


TheService = Annotated[Service, Depends(_service_of)]
"""The service in the name of the caller: what it does is noted with who did it."""
