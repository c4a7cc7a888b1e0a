"""All JSON routes in one application."""

from __future__ import annotations

from fastapi import FastAPI

from mas.api import (
    agents,
    approvals,
    artifacts,
    audit,
    browsing,
    catalog,
    clusters,
    conditions,
    events,
    knowledge,
    me,
    orchestrate,
    results,
    runs,
    steering,
)

ROUTERS = (
    orchestrate.router,
    browsing.router,
    conditions.router,
    runs.router,
    events.router,
    steering.router,
    approvals.router,
    results.router,
    artifacts.router,
    agents.router,
    knowledge.router,
    clusters.router,
    catalog.router,
    audit.router,
    me.router,
)


def install(app: FastAPI) -> None:
    """Add the routes to an application."""
    for router in ROUTERS:
        app.include_router(router)
