"""`/knowledge`: what runs have taught, with evidence and how often it has helped."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mas.http.caller import Admin, Viewer
from mas.http.world import TheService
from mas.web.forms import see
from mas.web.rendering import page
from mas.web.views.lessons import cards_of

router = APIRouter(include_in_schema=False)


@router.get("/knowledge", response_class=HTMLResponse)
async def knowledge(request: Request, service: TheService, _: Viewer) -> HTMLResponse:
    """Every lesson, the newest first."""
    return await page(
        request,
        "knowledge.html",
        here="knowledge",
        lessons=cards_of(await service.lessons()),
        removed="removed" in request.query_params,
    )


@router.post("/knowledge/{lesson_id}/remove")
async def remove(lesson_id: str, service: TheService, _: Admin) -> Response:
    """Remove one lesson."""
    await service.remove_lesson(lesson_id)
    return see("/knowledge?removed")
