"""`/`: the request box and the newest runs."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=HTMLResponse)
async def start(request: Request) -> HTMLResponse:
    """Ask for something, and see what was asked before."""
    return await page(request, "start.html", here="start")
