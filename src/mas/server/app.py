"""The HTTP application, over a service that is open already (F6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from mas import __version__
from mas.adapters.telemetry.prometheus import PrometheusTelemetry
from mas.api import conditions, document, metrics
from mas.api import site as api_site
from mas.app.driving import Driving
from mas.app.service import Service
from mas.app.settings import Settings
from mas.app.toolbox import masker_of, mcp_config
from mas.http import problems
from mas.http.access.door import Access, Door
from mas.http.guard import Guard
from mas.http.streams import RunStreams
from mas.http.workspace import Workspace
from mas.http.world import World
from mas.server.mcp_route import add_mcp
from mas.server.measured import measure
from mas.web import site
from mas.web.errors import ErrorPages


def create_app(
    service: Service,
    settings: Settings,
    *,
    driving: Driving,
    docker: Callable[[], Awaitable[str]],
    access: Access | None = None,
    telemetry: PrometheusTelemetry | None = None,
    only_mcp: bool = False,
) -> FastAPI:
    """The application; whoever calls this opens and closes service and driving around it.

    Args:
        service: Where runs are made and looked up.
        settings: The workspace that is shown, and what `/diagnostics` looks at.
        driving: Works on the runs that are accepted.
        docker: `SandboxExecutor.ready` of the executor for containers.
        access: Who may use it; None: everybody who names this machine as loopback.
        telemetry: What `service` tells its work to; None: only requests are counted.
        only_mcp: Without pages and API.
    """
    app = FastAPI(
        title="MAS",
        version=__version__,
        summary=document.SUMMARY,
        description=document.DESCRIPTION,
        openapi_tags=document.TAGS,
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
        streams=RunStreams(service, driving),
        docker=docker,
        mask=masker_of(settings, mcp_config(settings)).mask,
    )
    if only_mcp:
        app.include_router(conditions.router)
    else:
        site.install_shared(app)
        api_site.install(app)
    app.include_router(metrics.router)
    add_mcp(app, service, driving)
    if not only_mcp:
        site.install(app)
    problems.install(app)
    _guard(app, Door(access or Access(), service))
    measure(app, telemetry or PrometheusTelemetry())
    document.describe(app)
    return app


def _guard(app: FastAPI, door: Door) -> None:
    """Put the guard around all there is, also around the answer to a fault of our own."""
    unguarded = app.build_middleware_stack
    app.state.door = door
    # Middleware that is added would be inside, and pages of its refusals are made outside.
    app.build_middleware_stack = (  # type: ignore[method-assign]
        lambda: ErrorPages(Guard(unguarded(), door=door))
    )
