"""`/cluster`: which tools run in a cluster, what its nodes have left, how a tool would fit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.app.choices import ClusterChoices, cluster_choices
from mas.app.inspection import Survey, capacity_in
from mas.app.service import Service
from mas.catalog.loader import load_catalog
from mas.core.errors import MasError, Refused, Transient, UserError
from mas.core.language import Language, plain
from mas.core.tools import Catalog, Tool
from mas.http.caller import Caller, Viewer
from mas.http.problems import status_of
from mas.http.world import TheService, TheWorld
from mas.web.cluster_readings import survey_of
from mas.web.rendering import language_of, page
from mas.web.run_rows import rows_of
from mas.web.views.capacity import CapacityView, capacity_view
from mas.web.views.faults import Fault, fault_of
from mas.web.views.inventory import InventoryView, inventory_view

router = APIRouter(include_in_schema=False)

_RECENT = 20
_LONGEST_NAME = 4_000


@dataclass(frozen=True, kw_only=True)
class _Shown:
    inventory: InventoryView
    capacity: CapacityView | None


@router.get("/cluster", response_class=HTMLResponse)
async def cluster(
    request: Request, world: TheWorld, service: TheService, caller: Viewer
) -> HTMLResponse:
    """The cluster that the address names, else the current one."""
    language = language_of(request)
    choices = await cluster_choices(world.settings.environment)
    snapshots = await _snapshots(request, service, language)
    name = request.query_params.get("name", "").strip()[:_LONGEST_NAME]
    asked = request.query_params.get("tool", "").strip()[:200]
    catalog = load_catalog()
    shown: _Shown | None = None
    failure: MasError | None = None
    fault: Fault | None = None
    tool = _tool(asked, catalog)
    try:
        _allow(name, caller, choices, snapshots)
        again = request.query_params.get("again") == "1"
        found = await survey_of(request.app, name or None, again=again)
        shown = await asyncio.to_thread(_view, found, tool, language)
    except MasError as error:
        if status_of(error).value == 500:
            raise
        failure, fault = error, fault_of(error, field="", reader=language)
    return await page(
        request,
        "cluster.html",
        here="cluster",
        status=200 if failure is None else _status(failure),
        name=name,
        choices=choices,
        snapshots=snapshots,
        tools=sorted(catalog.tools.values(), key=lambda one: one.name.casefold()),
        tool=tool,
        asked=asked,
        shown=shown,
        kind=None if failure is None else _kind(failure, choices),
        failure=fault,
    )


async def _snapshots(request: Request, service: Service, language: Language) -> tuple[str, ...]:
    """Files that the newest runs have read."""
    runs = await service.list(limit=_RECENT)
    now = datetime.now(UTC)
    return (await rows_of(request.app, service, runs, reader=language, now=now)).snapshots


def _allow(name: str, caller: Caller, choices: ClusterChoices, snapshots: tuple[str, ...]) -> None:
    """Whoever may not start runs may not have files of this machine read by name either."""
    if not name or name in choices.contexts or name in snapshots or caller.actor.may("operator"):
        return
    raise UserError(
        f"Reading {plain(name, limit=80)!r} needs the role operator.",
        hint="Choose one of the clusters of the list.",
        code="forbidden",
    )


def _tool(asked: str, catalog: Catalog) -> Tool | None:
    wanted = asked.casefold()
    return catalog.tools.get(wanted) or next(
        (tool for tool in catalog.tools.values() if tool.name.casefold() == wanted), None
    )


def _view(found: Survey, tool: Tool | None, language: Language) -> _Shown:
    capacity = capacity_in(found, tool)
    return _Shown(
        inventory=inventory_view(found, language),
        capacity=None if capacity is None else capacity_view(capacity, tool.name if tool else ""),
    )


def _kind(error: MasError, choices: ClusterChoices) -> str:
    """Which of the states of the page tells of an error."""
    if error.code == "context_missing" and choices.contexts:
        return "choose"
    if error.code in ("no_cluster", "context_missing"):
        return "none"
    if error.code in ("unauthorized", "forbidden", "credentials"):
        return "refused"
    if isinstance(error, Transient | Refused):
        return "away"
    return "wrong"


def _status(error: MasError) -> int:
    # That there is no cluster is how many machines are, and no fault of whoever looks.
    none = error.code in ("no_cluster", "context_missing")
    return 200 if none else status_of(error).value
