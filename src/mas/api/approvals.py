"""`/api/approvals` and those of a run: calls that wait for a person (U3, R7)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints

from mas.api.answers import NO_STORE, with_next
from mas.api.new_run import Body
from mas.api.params import ApprovalId, RunId
from mas.api.roles import READS, STEERS
from mas.api.shapes import ApprovalItem, Shape, approval_item, approval_items
from mas.app.bounds import LONGEST_COMMENT
from mas.app.waiting import CURSOR, waiting_page
from mas.http.problems import PROBLEMS
from mas.http.world import TheService

router = APIRouter(prefix="/api", tags=["approvals"], responses=PROBLEMS)

MOST_WAITING = 200


class Answer(Body):
    """What is said with an answer."""

    comment: Annotated[str, StringConstraints(max_length=LONGEST_COMMENT)] = ""
    """The agent reads it."""


class Approvals(Shape):
    """Calls, each exactly as it would be made."""

    items: list[ApprovalItem]


class WaitingApprovals(Approvals):
    """Calls that wait, the oldest first. `next` is `after` of the page that follows; null: none
    does."""

    next: str | None


@router.get(
    "/approvals",
    operation_id="list_waiting_approvals",
    dependencies=READS,
    summary="What waits for a person",
    response_model=WaitingApprovals,
    responses={
        200: {
            "description": "A page, oldest first.",
            "headers": {
                "Link": {
                    "description": '`rel="next"`: the next page.',
                    "schema": {"type": "string"},
                }
            },
        }
    },
)
async def waiting(
    request: Request,
    response: Response,
    service: TheService,
    after: Annotated[
        str | None, Query(pattern=CURSOR, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_WAITING, description="So many at most.")] = 200,
) -> Any:
    """The calls of all runs that wait for a person, the oldest first, in pages."""
    page = await waiting_page(service, after=after, limit=limit)
    response.headers.update(NO_STORE)
    if page.next is not None:
        with_next(response, request, after=page.next)
    return WaitingApprovals(items=approval_items(page.approvals), next=page.next)


@router.get(
    "/runs/{run_id}/approvals",
    operation_id="list_run_approvals",
    dependencies=READS,
    summary="The approvals of a run",
    response_model=Approvals,
)
async def of_run(run_id: RunId, service: TheService) -> Any:
    """All calls of a run that a person is or was asked about, in order."""
    return Approvals(items=approval_items((await service.detail(run_id)).approvals))


@router.post(
    "/runs/{run_id}/approvals/{approval_id}/approve",
    operation_id="approve_call",
    dependencies=STEERS,
    summary="Approve a call",
    response_model=ApprovalItem,
)
async def approve(
    run_id: RunId,
    approval_id: ApprovalId,
    service: TheService,
    answer: Answer | None = None,
) -> Any:
    """Let the stored call be made, exactly as it is shown."""
    comment = "" if answer is None else answer.comment
    return approval_item(await service.decide(run_id, approval_id, approved=True, comment=comment))


@router.post(
    "/runs/{run_id}/approvals/{approval_id}/reject",
    operation_id="reject_call",
    dependencies=STEERS,
    summary="Reject a call",
    response_model=ApprovalItem,
)
async def reject(
    run_id: RunId,
    approval_id: ApprovalId,
    service: TheService,
    answer: Answer | None = None,
) -> Any:
    """Refuse the call; the agent goes on without it and reads the comment."""
    comment = "" if answer is None else answer.comment
    return approval_item(await service.decide(run_id, approval_id, approved=False, comment=comment))
