"""`/api/audit`: who has done what, when, and from where (U3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from mas.api.answers import NO_STORE, with_next
from mas.api.roles import ADMINISTERS
from mas.api.shapes import Shape
from mas.app.service import Service
from mas.core.actors import AccessRole
from mas.core.audit import AuditAction, AuditEntry
from mas.http.problems import PROBLEMS
from mas.http.world import TheService

router = APIRouter(prefix="/api", tags=["audit"], responses=PROBLEMS)

JSON_LINES = "application/jsonl"
_PAGE = 500

OfRun = Annotated[
    str | None,
    Query(alias="run", pattern=r"^[A-Za-z0-9_-]{1,100}$", description="Only of this run."),
]


class AuditItem(Shape):
    """One line of the audit log."""

    number: int
    """Counts from 1."""
    at: datetime
    actor: str
    role: AccessRole
    origin: str
    """The face, and where it was called from."""
    action: AuditAction
    run_id: str | None
    subject: str
    """What it was done to: an approval, task, agent or lesson."""
    detail: str
    """A comment, or the beginning of a request."""


class AuditPage(Shape):
    """Entries, the newest first. `next` is `before` of the page that follows; null: none does."""

    items: list[AuditItem]
    next: int | None


@router.get(
    "/audit",
    operation_id="list_audit",
    dependencies=ADMINISTERS,
    summary="Read the audit log",
    response_model=AuditPage,
    responses={
        200: {
            "description": "A page, newest first.",
            "headers": {
                "Link": {
                    "description": '`rel="next"`: the next page.',
                    "schema": {"type": "string"},
                }
            },
        }
    },
)
async def page(
    request: Request,
    response: Response,
    service: TheService,
    before: Annotated[
        int | None, Query(ge=1, le=2_000_000_000, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE, description="So many at most.")] = 100,
    run: OfRun = None,
) -> Any:
    """Who has started, approved, rejected, told, merged, wiped what, and from where. Needs the role
    admin."""
    found = await service.audit(before=before, limit=limit, run_id=run)
    following = found[-1].number if len(found) == limit and found[-1].number > 1 else None
    if following is not None:
        with_next(response, request, before=str(following))
    response.headers.update(NO_STORE)
    return AuditPage(items=[_item(entry) for entry in found], next=following)


@router.get(
    "/audit.jsonl",
    operation_id="export_audit",
    dependencies=ADMINISTERS,
    summary="Export the audit log",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "One JSON object a line, newest first.",
            "content": {JSON_LINES: {"schema": {"type": "string"}}},
        }
    },
)
async def export(service: TheService, run: OfRun = None) -> Any:
    """The whole log as JSON lines. Needs the role admin."""
    # Read before the answer begins, so that what goes wrong at once is a problem document.
    first = await service.audit(limit=_PAGE, run_id=run)
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_lines(service, first, run), 200, headers, JSON_LINES)


async def _lines(
    service: Service, found: tuple[AuditEntry, ...], run: str | None
) -> AsyncIterator[bytes]:
    while found:
        yield b"".join(msgspec.json.encode(entry) + b"\n" for entry in found)
        if len(found) < _PAGE:
            return
        found = await service.audit(before=found[-1].number, limit=_PAGE, run_id=run)


def _item(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        role=entry.role,
        origin=entry.origin,
        action=entry.action,
        run_id=entry.run_id,
        subject=entry.subject,
        detail=entry.detail,
    )
