"""`GET /metrics`: what Prometheus scrapes (P3)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from mas.adapters.telemetry.prometheus import PrometheusTelemetry
from mas.http.caller import Viewer
from mas.http.problems import PROBLEMS
from mas.http.world import TheWorld

router = APIRouter(tags=["server"], responses=PROBLEMS)


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Metrics in the text format of Prometheus, or in OpenMetrics.",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            },
        }
    },
)
async def metrics(
    request: Request, world: TheWorld, _: Viewer, accept: Annotated[str, Header()] = ""
) -> Response:
    """Runs, tasks, models and requests in numbers; the format is negotiated by `Accept`."""
    telemetry: PrometheusTelemetry = request.app.state.telemetry
    body, content_type = telemetry.exposition(accept, counts=await world.service.counts())
    return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})
