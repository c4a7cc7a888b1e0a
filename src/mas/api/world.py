"""What the routes work with: one object for each app, nothing global."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from mas.api.driving import Driving
from mas.api.workspace import Workspace
from mas.app.service import Service
from mas.app.settings import Settings


@dataclass(frozen=True, kw_only=True)
class World:
    """Everything that is open while the server runs."""

    service: Service
    settings: Settings
    driving: Driving
    workspace: Workspace
    docker: Callable[[], Awaitable[str]]
    """Says in a few words how containers can be run; raises `MasError` when they cannot."""
    mask: Callable[[str], str]
    """Takes secrets out of text for people."""


def _world_of(request: Request) -> World:
    return cast("World", request.app.state.world)


TheWorld = Annotated[World, Depends(_world_of)]
