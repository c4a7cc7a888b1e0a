"""All pages in one application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from mas.web.pages import start
from mas.web.rendering import STATIC

_ROUTERS = (start.router,)


def install(app: FastAPI) -> None:
    """Add the pages and what they load to an application."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in _ROUTERS:
        app.include_router(router)
