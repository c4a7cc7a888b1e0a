"""`/audit`: who has done what, when and from where."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.app.service import Service
from mas.core.audit import AuditAction, AuditEntry
from mas.http.caller import Admin
from mas.http.world import TheService
from mas.web.rendering import page
from mas.web.wording import has_phrase

router = APIRouter(include_in_schema=False)

ON_A_PAGE = 50
_AT_ONCE = 200
_MOST_LOOKS = 25
"""So many pages of the log are looked through for what fits a filter."""

ACTIONS: tuple[str, ...] = get_args(AuditAction)


@router.get("/audit", response_class=HTMLResponse)
async def audit(request: Request, service: TheService, _: Admin) -> HTMLResponse:
    """The newest entries that fit, or those before a number."""
    given = request.query_params
    run_id = given.get("run", "").strip()[:100]
    action = given.get("action") if given.get("action") in ACTIONS else ""
    who = given.get("who", "").strip()[:100]
    told = given.get("before", "")
    before = int(told) if told.isdecimal() and len(told) < 18 else None
    entries, older = await _fitting(service, run_id or None, action or "", who, before)
    kept = {name: one for name, one in (("run", run_id), ("action", action), ("who", who)) if one}
    return await page(
        request,
        "audit.html",
        here="audit",
        entries=entries,
        run_id=run_id,
        action=action,
        who=who,
        actions=tuple(one for one in ACTIONS if has_phrase(f"audit.action.{one}")),
        narrowed=bool(kept),
        older=None if older is None else "/audit?" + urlencode({**kept, "before": older}),
        newest="/audit?" + urlencode(kept) if before is not None else None,
    )


async def _fitting(
    service: Service, run_id: str | None, action: str, who: str, before: int | None
) -> tuple[tuple[AuditEntry, ...], int | None]:
    """A page of what fits, and the number before which there may be more."""
    found: list[AuditEntry] = []
    for _ in range(_MOST_LOOKS):
        batch = await service.audit(before=before, limit=_AT_ONCE, run_id=run_id)
        for entry in batch:
            if len(found) == ON_A_PAGE:
                return tuple(found), found[-1].number
            if (not action or entry.action == action) and who.lower() in entry.actor.lower():
                found.append(entry)
        if len(batch) < _AT_ONCE:
            return tuple(found), None
        before = batch[-1].number
    return tuple(found), before
