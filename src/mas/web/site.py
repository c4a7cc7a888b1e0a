"""All pages in one application."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

from mas.web.pages import (
    agents,
    audit,
    cluster,
    compare,
    doctor,
    knowledge,
    login,
    merge,
    preferences,
    run,
    runs,
    start,
    waiting,
)
from mas.web.rendering import STATIC

_ROUTERS = (
    agents.router,
    audit.router,
    cluster.router,
    compare.router,
    doctor.router,
    knowledge.router,
    login.router,
    merge.router,
    preferences.router,
    run.router,
    runs.router,
    start.router,
    waiting.router,
)


class Files(StaticFiles):
    """What pages load. An address that holds the digest of a file is good for ever."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        scope: Scope = kwargs["scope"] if "scope" in kwargs else args[2]
        kept = "public, max-age=31536000, immutable" if scope["query_string"] else "no-cache"
        answer.headers["Cache-Control"] = kept
        return answer


def install_shared(app: FastAPI) -> None:
    """Add the pages whose addresses are JSON for programs, before the routes that give that."""
    app.include_router(run.pages)


def install(app: FastAPI) -> None:
    """Add the pages and what they load to an application."""
    app.mount("/static", Files(directory=STATIC), name="static")
    for router in _ROUTERS:
        app.include_router(router)
