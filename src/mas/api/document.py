"""What `/openapi.json` says beyond what the routes say of themselves (U3)."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute

from mas.api.roles import ROLE_OF
from mas.api.site import ROUTERS
from mas.core.events import EventBody
from mas.core.tools import Tool
from mas.http.problems import Problem

SUMMARY = "Agents under policy, approval and budget; verdicts by rules over evidence."
DESCRIPTION = """Every request is a durable run: it goes on whatever becomes of the client.

Make one with `POST /api/runs`, follow it at `GET /api/runs/{run_id}/events`, answer what it asks
with `POST /api/runs/{run_id}/approvals/{approval_id}/approve`, and read its report. Errors are
problem documents (RFC 9457) with a stable `code` and a `hint`. Beyond loopback a token is needed;
`x-role` of each operation says what it has to allow."""

_REF = "#/components/schemas/{name}"
_TAGS = (
    ("runs", "Requests and what becomes of them."),
    ("events", "What happens in a run, live or page by page."),
    ("steering", "Cancel, retry, fork, take up, talk to, roll back."),
    ("approvals", "Calls that wait for a person."),
    ("results", "Reports, differences, merging."),
    ("artifacts", "What a run has left behind."),
    ("agents", "Roles and memories."),
    ("knowledge", "What runs have taught."),
    ("clusters", "What runs in a cluster and what it has left."),
    ("catalog", "What is known about tools."),
    ("audit", "Who has done what."),
    ("orchestrate", "One prompt for coding agents, answered when all have ended."),
    ("workspace", "The folders of runs with coding agents."),
    ("server", "How the server is, and who it takes a client for."),
)
TAGS: list[dict[str, Any]] = [{"name": name, "description": text} for name, text in _TAGS]


def describe(app: FastAPI) -> None:
    """Let the description of an application tell errors, access, and shapes that are not
    pydantic's."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        schema = described()
        components = schema.setdefault("components", {})
        if "securitySchemes" not in components:
            components["securitySchemes"] = {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "One of `MAS_API_TOKENS`; not needed on loopback by default.",
                }
            }
            # The empty one: whether a token is needed is a setting of the server.
            schema["security"] = [{"bearer": []}, {}]
            _add_shapes(components.setdefault("schemas", {}))
            _add_roles(schema["paths"])
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # the documented way to extend it


def _add_shapes(shapes: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    shapes.update(problem.pop("$defs"))
    shapes["Problem"] = problem
    (tool, body), others = msgspec.json.schema_components((Tool, EventBody), ref_template=_REF)
    del tool  # it is among the others, by its name
    shapes.update(others)
    shapes["Event"] = {
        "title": "Event",
        "description": "One event of a run.",
        "allOf": [
            {
                "type": "object",
                "properties": {
                    "run_id": {"type": "string"},
                    "number": {
                        "type": "integer",
                        "minimum": 1,
                        "description": "Counts from 1 in each run, without gaps.",
                    },
                    "at": {"type": "string", "format": "date-time"},
                },
                "required": ["run_id", "number", "at"],
            },
            body,
        ],
    }


def _add_roles(paths: dict[str, Any]) -> None:
    """Say what each operation needs; what is open to all needs no token."""
    roles = {
        route.operation_id: next(
            (role for one in route.dependencies if (role := ROLE_OF.get(one.dependency))), None
        )
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    for operations in paths.values():
        for operation in operations.values():
            role = roles.get(operation.get("operationId"))
            if role is not None:
                operation["x-role"] = role
            elif operation.get("operationId") in ("health", "ready"):
                operation["security"] = []
