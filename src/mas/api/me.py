"""`/api/me` and `/api/doctor`: who a client is, and how the server is (U3, U5)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mas.api.conditions import Diagnosis, diagnosis
from mas.api.roles import READS
from mas.api.shapes import Shape
from mas.core.actors import AccessRole
from mas.http.caller import TheCaller
from mas.http.problems import PROBLEMS
from mas.http.world import TheWorld

router = APIRouter(prefix="/api", tags=["server"], responses=PROBLEMS)


class Me(Shape):
    """Who a client is, and what it may do."""

    name: str
    role: AccessRole
    """viewer: reads. operator: starts, steers, approves, merges. admin: also what cannot be taken
    back, and the audit log."""
    origin: str
    """The face, and where it was called from."""


@router.get(
    "/me",
    operation_id="who_am_i",
    dependencies=READS,
    summary="Who am I?",
    response_model=Me,
)
async def me(caller: TheCaller) -> Any:
    """The name and role of the token that was sent."""
    actor = caller.actor
    return Me(name=actor.name, role=actor.role, origin=actor.origin)


@router.get(
    "/doctor",
    operation_id="doctor",
    dependencies=READS,
    summary="What works, and what does not",
    response_model=Diagnosis,
)
async def doctor(world: TheWorld) -> Any:
    """What works on the server's machine, and the command that mends what does not."""
    return await diagnosis(world)
