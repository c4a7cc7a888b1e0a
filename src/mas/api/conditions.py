"""How the server is: alive, ready, what works on its machine, whether containers do (F6, U5)."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from mas.api.roles import READS
from mas.app.diagnosis import diagnose
from mas.core.errors import MasError, Transient
from mas.http.problems import PROBLEMS
from mas.http.world import TheWorld, World

READY_TIME = timedelta(seconds=5)
"""The journal answers within this time, or the server counts as not ready."""
DOCKER_TIME = timedelta(seconds=20)

_log = logging.getLogger(__name__)

router = APIRouter(tags=["server"], responses=PROBLEMS)


class Alive(BaseModel):
    """The process runs."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Runs can be accepted."""

    status: Literal["ready"] = "ready"


class Looked(BaseModel):
    """One thing that was looked at; `mend` is what to do where it does not work."""

    name: str
    ok: bool
    needed: bool
    """False: MAS works without it."""
    found: str
    mend: str


class Diagnosis(BaseModel):
    """`ok`: everything that is needed works."""

    ok: bool
    checks: list[Looked]


class DockerTest(BaseModel):
    """Whether agents can work in containers; `code` and `hint` only where they cannot."""

    status: Literal["ok", "error"]
    message: str
    code: str | None = None
    hint: str | None = None


@router.get("/health", operation_id="health", summary="Is it alive?", response_model=Alive)
async def health() -> Alive:
    """Say that the process is alive. Looks at nothing else."""
    return Alive()


@router.get("/ready", operation_id="ready", summary="Is it ready?", response_model=Ready)
async def ready(world: TheWorld) -> Ready:
    """Say whether runs can be accepted: the journal answers and the server is not stopping."""
    if world.driving.stopping:
        raise Transient("The server is stopping.", hint="Use another one.", code="stopping")
    try:
        async with asyncio.timeout(READY_TIME.total_seconds()):
            await world.service.list(limit=1)
    except TimeoutError as exc:
        raise Transient(
            "The journal does not answer in time.",
            hint="Look after the database; `mas doctor` says which one it is.",
            code="journal_slow",
        ) from exc
    except MasError as error:
        # Whoever asks has shown no token: where the database is, is for the log.
        _log.warning("the journal cannot be used: %s", error)
        raise Transient(
            "The journal cannot be used.",
            hint="The log of the server says why, and so does `mas doctor`.",
            code=error.code,
        ) from error
    return Ready()


@router.get(
    "/diagnostics",
    operation_id="diagnostics",
    dependencies=READS,
    summary="What works, and what does not",
    response_model=Diagnosis,
)
async def diagnostics(world: TheWorld) -> Diagnosis:
    """Say what works here, what does not, and the command that mends it, as `mas doctor` does."""
    return await diagnosis(world)


async def diagnosis(world: World) -> Diagnosis:
    """What `mas doctor` finds, without secrets."""
    found = await diagnose(world.settings)
    return Diagnosis(
        ok=all(check.ok for check in found if check.needed),
        checks=[
            Looked(
                name=check.name,
                ok=check.ok,
                needed=check.needed,
                found=world.mask(check.found),
                mend="" if check.ok else world.mask(check.mend),
            )
            for check in found
        ],
    )


@router.get(
    "/test-docker",
    operation_id="test_docker",
    dependencies=READS,
    summary="Do containers work?",
    response_model=DockerTest,
    response_model_exclude_unset=True,
)
async def test_docker(world: TheWorld) -> Any:
    """Look whether client, engine and image are there; 200 also when they are not."""
    try:
        async with asyncio.timeout(DOCKER_TIME.total_seconds()):
            return DockerTest(status="ok", message=world.mask(await world.docker()))
    except TimeoutError:
        return DockerTest(
            status="error",
            message="The docker engine does not answer in time.",
            code="docker_slow",
            hint="Look whether it is overloaded: docker info",
        )
    except MasError as error:
        return DockerTest(
            status="error",
            message=world.mask(error.message),
            code=error.code,
            hint=world.mask(error.hint),
        )
