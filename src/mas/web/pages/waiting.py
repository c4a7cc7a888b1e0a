"""`/waiting`: every call that waits for a person, over all runs."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.core.approvals import Approval
from mas.core.run import Run
from mas.http.caller import Viewer
from mas.http.world import TheService
from mas.web.rendering import page

router = APIRouter(include_in_schema=False)

MOST = 200


@dataclass(frozen=True, kw_only=True)
class Waits:
    """A call that waits, and the run that it belongs to."""

    approval: Approval
    run: Run


@router.get("/waiting", response_class=HTMLResponse)
async def waiting(request: Request, service: TheService, _: Viewer) -> HTMLResponse:
    """What waits, the oldest first, each with the way to its run; and how many more wait."""
    approvals = await service.waiting(limit=MOST)
    further = max(await service.count_waiting() - len(approvals), 0)
    runs = {one: await service.get(one) for one in dict.fromkeys(a.run_id for a in approvals)}
    waits = tuple(Waits(approval=one, run=runs[one.run_id]) for one in approvals)
    return await page(request, "waiting.html", waits=waits, further=further)
