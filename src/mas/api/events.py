"""`GET /api/runs/{run_id}/events`: what happens in a run, live or page by page (U3, R9)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, WithJsonSchema

from mas.api.answers import as_json, with_next
from mas.api.event_stream import event_stream
from mas.api.params import After, Limit, RunId
from mas.api.roles import READS
from mas.http.problems import PROBLEMS
from mas.http.server_sent_events import EVENT_STREAM, ServerSentEvents
from mas.http.world import TheService, TheWorld

router = APIRouter(prefix="/api", tags=["events"], responses=PROBLEMS)


_EVENT = {"$ref": "#/components/schemas/Event"}


class EventPage(BaseModel):
    """Events in order. `next` is the number to ask behind; null: there is no more for now."""

    items: list[Annotated[dict[str, Any], WithJsonSchema(_EVENT)]]
    next: int | None


LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern=r"^[0-9]{1,9}$",
        description="Number of the last event that the client has; goes before `after`.",
    ),
]


@router.get(
    "/runs/{run_id}/events",
    operation_id="run_events",
    dependencies=READS,
    summary="Follow the events of a run",
    response_model=EventPage,
    responses={
        200: {
            "description": "With `Accept: text/event-stream` a stream: all events behind the one "
            "that is known, then each as it happens, then `event: end`. Else a page of events.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        }
    },
)
async def events(
    request: Request,
    world: TheWorld,
    service: TheService,
    run_id: RunId,
    after: After = 0,
    limit: Limit = 500,
    last_event_id: LastEventId = None,
) -> Any:
    """Replay and follow a run.

    A stream that breaks off is taken up again with the header `Last-Event-ID`: nothing is missed
    and nothing comes twice.
    """
    known = after if last_event_id is None else int(last_event_id)
    if not _wants_stream(request):
        found = await service.events(run_id, after=known, limit=limit)
        following = found[-1].number if len(found) == limit else None
        answer = as_json({"items": [event.to_json() for event in found], "next": following})
        return answer if following is None else with_next(answer, request, after=str(following))
    # Before the stream begins, so that a run that is not there is a problem document.
    run = await service.get(run_id)
    return ServerSentEvents(event_stream(world, run_id, min(known, run.last_event)))


def _wants_stream(request: Request) -> bool:
    accepted = ",".join(request.headers.getlist("accept")).lower()
    return any(one.partition(";")[0].strip() == EVENT_STREAM for one in accepted.split(","))
