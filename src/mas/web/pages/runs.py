"""`/runs`: all runs, a page at a time, narrowed by team, status and words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.core.run import RunFilter, RunStatus
from mas.http.caller import Viewer
from mas.http.world import TheService
from mas.web.rendering import language_of, page
from mas.web.run_rows import rows_of

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 25
_LONGEST_WORDS = 200
TEAMS = ("decide", "operate", "build", "fanout", "agent")
STATUSES: Mapping[str, tuple[RunStatus, ...]] = {
    "open": tuple(status for status in RunStatus if not status.ended),
    "awaiting_approval": (RunStatus.AWAITING_APPROVAL,),
    "succeeded": (RunStatus.SUCCEEDED,),
    "failed": (RunStatus.FAILED,),
    "cancelled": (RunStatus.CANCELLED,),
}
_WORDS = {
    "open": "runs.filter.open",
    "awaiting_approval": "status.asks",
    "succeeded": "status.succeeded",
    "failed": "status.failed",
    "cancelled": "status.cancelled",
}


@router.get("/runs", response_class=HTMLResponse)
async def runs(request: Request, service: TheService, _: Viewer) -> HTMLResponse:
    """The newest runs that fit, or those before a place in the list."""
    given = request.query_params
    team = given.get("team") if given.get("team") in TEAMS else None
    status = given.get("status") if given.get("status") in STATUSES else None
    words = given.get("q", "").strip()[:_LONGEST_WORDS]
    before = given.get("before") or None
    found = await service.page(
        RunFilter(team=team, statuses=STATUSES.get(status or "", ()), text=words or None),
        before=before,
        limit=ON_A_PAGE,
    )
    shown = await rows_of(
        request.app, service, found.runs, reader=language_of(request), now=datetime.now(UTC)
    )
    kept = {
        name: value
        for name, value in (("team", team), ("status", status), ("q", words))
        if value is not None and value != ""
    }
    older = None if found.next is None else "/runs?" + urlencode({**kept, "before": found.next})
    return await page(
        request,
        "runs.html",
        here="runs",
        rows=shown.rows,
        team=team,
        status_filter=status,
        words=words,
        teams=TEAMS,
        statuses=_WORDS,
        narrowed=bool(kept),
        older=older,
        newest="/runs?" + urlencode(kept) if before else None,
    )
