"""`/api/runs`: making runs, listing them, and showing one (U3)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response, status
from pydantic import StringConstraints

from mas.api.answers import NO_STORE, with_next
from mas.api.new_run import NewRun
from mas.api.params import LOCATION, IdempotencyKey, RunId
from mas.api.roles import READS, STEERS
from mas.api.shapes import RunItem, RunList, RunWhole, run_item, run_whole
from mas.app.bounds import LONGEST_SEARCH, RUN_CURSOR, AnyTeam
from mas.core.run import Run, RunFilter, RunStatus
from mas.http.problems import PROBLEMS, of_body
from mas.http.world import TheService, TheWorld

router = APIRouter(prefix="/api", tags=["runs"], responses=PROBLEMS)

MOST_RUNS = 200

Cursor = Annotated[str | None, Query(pattern=RUN_CURSOR, description="`next` of the page before.")]
_ETAG = {"ETag": {"description": "Changes with the run.", "schema": {"type": "string"}}}
_LINK = {"Link": {"description": '`rel="next"`: the next page.', "schema": {"type": "string"}}}


@router.post(
    "/runs",
    operation_id="create_run",
    dependencies=STEERS,
    summary="Ask for something",
    status_code=status.HTTP_201_CREATED,
    response_model=RunItem,
    responses={
        200: {
            "model": RunItem,
            "description": "The run that was made with this key before.",
            "headers": LOCATION,
        },
        201: {"description": "The run is stored and will be worked on.", "headers": LOCATION},
    },
)
async def create(
    wish: NewRun,
    world: TheWorld,
    service: TheService,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Make a run. It goes on whatever becomes of the client; nothing of it is lost.

    A client that does not know whether its request has arrived sends it again with the same
    `Idempotency-Key`.
    """
    ask = wish.to_ask()
    with of_body(model=wish.model):
        accepted = await world.driving.accept(ask, service=service, idempotency_key=idempotency_key)
    if not accepted.made:
        response.status_code = status.HTTP_200_OK
    response.headers["Location"] = f"/api/runs/{accepted.run.id}"
    response.headers.update(NO_STORE)
    return run_item(accepted.run)


@router.get(
    "/runs",
    operation_id="list_runs",
    dependencies=READS,
    summary="List runs",
    response_model=RunList,
    responses={200: {"description": "A page, newest first.", "headers": _LINK}},
)
async def list_runs(
    request: Request,
    response: Response,
    service: TheService,
    team: Annotated[AnyTeam | None, Query(description="Of this team.")] = None,
    statuses: Annotated[
        list[RunStatus] | None,
        Query(alias="status", description="With this status; several may be named."),
    ] = None,
    text: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SEARCH)] | None,
        Query(description="With this in the request, whatever its case."),
    ] = None,
    before: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_RUNS, description="So many at most.")] = 50,
) -> Any:
    """The newest runs first, in pages."""
    filters = RunFilter(team=team, statuses=tuple(statuses or ()), text=text)
    page = await service.page(filters, before=before, limit=limit)
    response.headers.update(NO_STORE)
    if page.next is not None:
        with_next(response, request, before=page.next)
    return RunList.model_construct(items=[run_item(run) for run in page.runs], next=page.next)


@router.get(
    "/runs/{run_id}",
    operation_id="show_run",
    dependencies=READS,
    summary="Show a run",
    response_model=RunWhole,
    responses={
        200: {"description": "The run as it stands.", "headers": _ETAG},
        304: {"description": "It still stands as `If-None-Match` says.", "headers": _ETAG},
    },
)
async def show(
    run_id: RunId,
    service: TheService,
    response: Response,
    if_none_match: Annotated[
        str | None, Header(alias="If-None-Match", description="`ETag` of what is known.")
    ] = None,
) -> Any:
    """A run with its plan, tasks, finished steps, approvals, messages, result and report."""
    tag = _tag(await service.get(run_id))
    # Asked again each time, and answered without a body while nothing has changed.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if _knows(if_none_match, tag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    response.headers.update(headers)
    return run_whole(await service.detail(run_id))


def _tag(run: Run) -> str:
    """What stands for the state of a run: nothing changes without an event."""
    return f'W/"{run.id}-{run.last_event}-{run.status}"'


def _knows(header: str | None, tag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in (header or "").split(",")]
    return "*" in known or tag.removeprefix("W/") in known
