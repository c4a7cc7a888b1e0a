"""What can be done with a run: cancel, retry, fork, take up, talk to, roll back (U3, R6)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response, status
from pydantic import Field, StringConstraints

from mas.api.new_run import Body, Name
from mas.api.params import LOCATION, IdempotencyKey, RunId
from mas.api.roles import ADMINISTERS, STEERS
from mas.api.shapes import RunItem, Shape, run_item
from mas.app.asking import MAX_REQUEST
from mas.http.problems import PROBLEMS
from mas.http.world import TheService, TheWorld

router = APIRouter(prefix="/api/runs/{run_id}", tags=["steering"], responses=PROBLEMS)

Step = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class Retry(Body):
    """Which task starts again, with all that hung on it."""

    task: Name | None = None
    """None: all that have failed or were cancelled."""


class Fork(Body):
    """What a new run takes along."""

    after: Step | None = None
    """`TASK`, or `TASK/KEY` of a step: it and all it needs are kept, the rest starts anew. None:
    all tasks that have succeeded are kept."""


class Tell(Body):
    """Something for the agents of a run."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_REQUEST)]
    to: Name | None = None
    """A role or a task; None: all."""


class Told(Shape):
    """The tasks that will read it; none before there is a plan: then the message waits."""

    readers: list[str]


class LeftItem(Shape):
    """Something that stays, and why."""

    what: str
    why: str


class RolledBack(Shape):
    """What was taken back and what was not, the latest first."""

    undone: list[str]
    left: list[LeftItem] = Field(default_factory=list)


@router.post(
    "/cancel",
    operation_id="cancel_run",
    dependencies=STEERS,
    summary="Cancel a run",
    response_model=RunItem,
)
async def cancel(run_id: RunId, service: TheService) -> Any:
    """Ask a run to stop. Whoever works on it stops within a second; what is done is kept."""
    await service.unended(run_id, hint="Nothing is left to cancel.")
    return run_item(await service.cancel(run_id))


@router.post(
    "/retry",
    operation_id="retry_run",
    dependencies=STEERS,
    summary="Try failed tasks again",
    response_model=RunItem,
)
async def retry(
    run_id: RunId,
    world: TheWorld,
    service: TheService,
    wish: Retry | None = None,
) -> Any:
    """Give failed, skipped or cancelled tasks a new chance; the run goes on."""
    run = await service.retry(run_id, None if wish is None else wish.task)
    await world.driving.take_over(run_id)
    return run_item(run)


@router.post(
    "/fork",
    operation_id="fork_run",
    dependencies=STEERS,
    summary="Fork a run",
    status_code=status.HTTP_201_CREATED,
    response_model=RunItem,
    responses={
        200: {
            "model": RunItem,
            "description": "The fork that was made with this key before.",
            "headers": LOCATION,
        },
        201: {"description": "The new run.", "headers": LOCATION},
    },
)
async def fork(
    run_id: RunId,
    world: TheWorld,
    service: TheService,
    response: Response,
    wish: Fork | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Make a new run that begins with finished work of this one.

    A client that does not know whether its request has arrived sends it again with the same
    `Idempotency-Key`.
    """
    forked = await service.fork(
        run_id, after=None if wish is None else wish.after, idempotency_key=idempotency_key
    )
    if forked.made:  # whoever has made it before drives it, perhaps on another machine
        world.driving.drive(forked.run.id)
    else:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = f"/api/runs/{forked.run.id}"
    return run_item(forked.run)


@router.post(
    "/resume",
    operation_id="resume_run",
    dependencies=STEERS,
    summary="Take up a left run",
    response_model=RunItem,
)
async def resume(run_id: RunId, world: TheWorld, service: TheService) -> Any:
    """Have this server work on a run that a dead process has left; processes that died over its
    tasks before do not count any more. One that is worked on already stays where it is. A server
    without a worker leaves it to the next one with a worker, which looks every five seconds."""
    await service.unended(run_id, hint="To try failed tasks again, retry it.")
    run = await service.revive(run_id)
    await world.driving.take_over(run_id)
    return run_item(run)


@router.post(
    "/tell",
    operation_id="tell_run",
    dependencies=STEERS,
    summary="Talk to agents at work",
    response_model=Told,
)
async def tell(run_id: RunId, wish: Tell, service: TheService) -> Any:
    """Say something to the agents of a run, who read it at their next stage."""
    return Told(readers=list(await service.tell(run_id, wish.text, to=wish.to)))


@router.post(
    "/rollback",
    operation_id="rollback_run",
    dependencies=ADMINISTERS,
    summary="Undo what a run has done",
    response_model=RolledBack,
)
async def rollback(run_id: RunId, service: TheService) -> Any:
    """Take back what can be taken back, and say what is left. Needs the role admin."""
    report = await service.rollback(run_id)
    return RolledBack(
        undone=[one.what for one in report.undone],
        left=[LeftItem(what=one.what, why=one.why) for one in report.left],
    )
