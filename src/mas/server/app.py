"""The HTTP application, over a service that is open already (F6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

from mas import __version__
from mas.api import browsing, conditions, orchestrate
from mas.app.driving import Driving
from mas.app.service import Service
from mas.app.settings import Settings
from mas.app.toolbox import masker_of, mcp_config
from mas.http import problems
from mas.http.guard import Access, Guard
from mas.http.workspace import Workspace
from mas.http.world import World
from mas.web import site

_PROBLEM = "Problem"


def create_app(
    service: Service,
    settings: Settings,
    *,
    driving: Driving,
    docker: Callable[[], Awaitable[str]],
    access: Access | None = None,
) -> FastAPI:
    """The application; whoever calls this opens and closes service and driving around it.

    Args:
        service: Where runs are made and looked up.
        settings: The workspace that is shown, and what `/diagnostics` looks at.
        driving: Works on the runs that are accepted.
        docker: `SandboxExecutor.ready` of the executor for containers.
        access: Who may use it; None: everybody who names this machine as loopback.
    """
    app = FastAPI(
        title="MAS",
        version=__version__,
        summary="Coding agents side by side on one prompt, measured and ranked.",
        # Their pages load programs from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.world = World(
        service=service,
        settings=settings,
        driving=driving,
        workspace=Workspace(settings.fanout.workspace),
        docker=docker,
        mask=masker_of(settings, mcp_config(settings)).mask,
    )
    for router in (orchestrate.router, browsing.router, conditions.router):
        app.include_router(router)
    site.install(app)
    problems.install(app)
    app.add_middleware(Guard, access=access or Access())
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Let the description of the API say how its errors look."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        shapes = schema.setdefault("components", {}).setdefault("schemas", {})
        if _PROBLEM not in shapes:
            shape = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            shapes.update(shape.pop("$defs"))
            shapes[_PROBLEM] = shape
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it
