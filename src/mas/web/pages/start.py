"""`/`: the request box and the newest runs. `POST /runs`: start what stands in the box."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mas.app.choices import CODERS, cluster_choices
from mas.app.page_settings import Example
from mas.app.service import Service
from mas.core.budget import Budget
from mas.core.errors import MasError, Transient, UserError
from mas.core.language import Language
from mas.http.caller import Operator
from mas.http.problems import status_of
from mas.http.world import TheService, TheWorld, World
from mas.web import formats
from mas.web.ask_form import (
    BUDGETS,
    CURRENT,
    NOTHING,
    OWN,
    SETTINGS,
    SNAPSHOT,
    TEAMS,
    AskForm,
    FormFault,
)
from mas.web.forms import read_form, see
from mas.web.rendering import language_of, page
from mas.web.run_rows import RunRows, rows_of
from mas.web.views.faults import Fault, fault_of
from mas.web.wording import Wording

router = APIRouter(include_in_schema=False)

RECENT = 8
_LINKED = ("text", "team", "cluster")
"""What a link may fill in: all of it is seen. A command that a link has brought is not."""
_EXAMPLES = (("decide", 1), ("decide", 2), ("operate", 3), ("build", 4), ("fanout", 5))


@router.get("/", response_class=HTMLResponse)
async def start(request: Request, world: TheWorld, service: TheService) -> HTMLResponse:
    """Ask for something, and see what was asked before."""
    linked = {name: request.query_params.get(name, "") for name in _LINKED}
    if like := request.query_params.get("like"):
        linked |= await _words_of(service, like)
    given = AskForm.of({name: value for name, value in linked.items() if value})
    form = replace(given, budget=_usual_budget(world), key=secrets.token_urlsafe(18))
    return await _page(request, world, service, form)


@router.post("/runs")
async def submit(
    request: Request, world: TheWorld, service: TheService, caller: Operator
) -> Response:
    """Start a run and go to its page; where that cannot be, the box comes back as it was."""
    del caller  # only that there is one who may
    form = AskForm.of(await read_form(request))
    try:
        run = await world.driving.start(
            form.to_ask(), service=service, idempotency_key=form.submission() if form.key else None
        )
    except FormFault as fault:
        return await _page(request, world, service, form, fault=_own(fault, request), status=422)
    except MasError as error:
        if (known := form.retold(error)) is not None:
            found = _own(known, request)
            return await _page(request, world, service, form, fault=found, status=422)
        # What a person has typed does not fit, even where it is the server that lacks something.
        status = 422 if isinstance(error, UserError) else status_of(error).value
        if status == 500:
            raise
        found = fault_of(error, field=form.field_of(error), reader=language_of(request))
        answer = await _page(request, world, service, form, fault=found, status=status)
        if isinstance(error, Transient) and error.retry_after is not None:
            answer.headers["Retry-After"] = str(int(error.retry_after.total_seconds()) or 1)
        return answer
    return see(f"/runs/{run.id}")


async def _words_of(service: Service, run_id: str) -> dict[str, str]:
    """The team and words of a run that is to be asked for again; nothing where there is none."""
    try:
        run = await service.get(run_id)
    except UserError:
        return {}
    return {"text": run.request, "team": run.team if run.team in TEAMS else "auto"}


def _own(fault: FormFault, request: Request) -> Fault:
    """A fault that the form has found, in the reader's language."""
    language = language_of(request)
    text = Wording(language)(fault.word, **fault.values)
    return Fault(field=fault.field, sentence=text, language=language)


async def _page(
    request: Request,
    world: World,
    service: Service,
    form: AskForm,
    *,
    fault: Fault | None = None,
    status: int = 200,
) -> HTMLResponse:
    language = language_of(request)
    now = datetime.now(UTC)
    try:
        recent = await service.page(limit=RECENT)
        shown = await rows_of(request.app, service, recent.runs, reader=language, now=now)
    except MasError:
        if fault is None:
            raise
        # What was typed comes back, also where the runs cannot be read.
        shown = RunRows(rows=())
    clusters = await cluster_choices(world.settings.environment)
    return await page(
        request,
        "start.html",
        here="start",
        status=status,
        form=form,
        fault=fault,
        teams=TEAMS,
        clusters=clusters,
        choices={"current": CURRENT, "snapshot": SNAPSHOT, "none": NOTHING},
        repositories=shown.repositories,
        snapshots=shown.snapshots,
        coders=CODERS,
        budgets=(*BUDGETS, OWN),
        own_budget=_told_budget(world.settings.budget, language),
        examples=_examples(world, language),
        rows=shown.rows,
    )


def _usual_budget(world: World) -> str:
    """What stands in the box at first: the limits of the settings, where there are any."""
    return SETTINGS if world.settings.budget != Budget() else "middle"


def _told_budget(budget: Budget, language: Language) -> str:
    """The limits of the settings in words; empty: there are none."""
    t = Wording(language)
    parts = (
        "" if budget.cost_micros is None else formats.money(budget.cost_micros),
        "" if budget.time is None else formats.duration(budget.time, language),
        ""
        if budget.tokens is None
        else t("start.budget.tokens_text", count=formats.number(budget.tokens)),
    )
    return ", ".join(part for part in parts if part)


def _examples(world: World, language: Language) -> tuple[Example, ...]:
    t = Wording(language)
    return world.settings.page.examples or tuple(
        Example(text=t(f"start.example.{number}"), team=team) for team, number in _EXAMPLES
    )
