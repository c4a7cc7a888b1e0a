"""Metrics of the application: every request is measured, whoever answers it (P3)."""

from __future__ import annotations

from fastapi import FastAPI

from mas.adapters.telemetry.prometheus import PrometheusTelemetry
from mas.http.measuring import Measuring, NotingRoute


def measure(app: FastAPI, telemetry: PrometheusTelemetry) -> None:
    """Measure all requests; called when everything else is around the application already."""
    app.state.telemetry = telemetry
    app.add_middleware(NotingRoute)
    unmeasured = app.build_middleware_stack
    app.build_middleware_stack = (  # type: ignore[method-assign]  # middleware would be inside
        lambda: Measuring(unmeasured(), meter=telemetry)
    )
