"""`/runs/{id}`: a run with its tasks, agents, events and answer; and what a person does to it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Header, Query, Request
from fastapi.responses import HTMLResponse, Response

from mas.app.service import Ask, Service
from mas.core.errors import UserError
from mas.core.events import Event
from mas.core.language import Language, plain
from mas.core.values import JsonValue
from mas.http.caller import Admin, Operator, Viewer
from mas.http.server_sent_events import ServerSentEvents
from mas.http.world import TheService, TheWorld, World
from mas.web.ask_form import AskForm
from mas.web.forms import read_form, see, submission
from mas.web.live.hub import LiveHub
from mas.web.live.picture import Reader, event_html, paint
from mas.web.live.sight import Sight, look_at
from mas.web.page_route import PageRoute
from mas.web.rendering import language_of, page
from mas.web.views.approvals import approvals_of
from mas.web.views.events import KINDS, EventRow, Names, rows_of
from mas.web.views.names import run_address
from mas.web.views.run_task import find_task, task_page, wanted_values
from mas.web.wording import Wording

pages = APIRouter(include_in_schema=False, route_class=PageRoute)
"""Addresses that are JSON for programs."""
router = APIRouter(include_in_schema=False)

MOST_EVENTS = 200
_DONE = ("cancelled", "retried", "forked", "approved", "rejected")


def hub_of(app: FastAPI) -> LiveHub:
    """The live pages of this process."""
    state: Any = app.state
    if not hasattr(state, "live_hub"):
        world = cast("World", state.world)
        state.live_hub = LiveHub(world.service, world.streams)
    return cast("LiveHub", state.live_hub)


@pages.get("/runs/{run_id}", response_class=HTMLResponse)
async def run(
    request: Request,
    run_id: str,
    service: TheService,
    caller: Viewer,
    before_event: Annotated[int, Query(ge=0)] = 0,
    kind: str = "all",
    q: str = "",
    view: Literal["graph", "list"] = "graph",
) -> HTMLResponse:
    """A run as it stands; while it goes on the page is kept up to date."""
    sight = await look_at(service, run_id)
    language = language_of(request)
    reader = Reader(language=language, role=caller.actor.role)
    start = hub_of(request.app).order(run_id)
    # Templates take some milliseconds: streams and runs go on meanwhile.
    picture = await asyncio.to_thread(paint, sight, reader, caller=caller, start=start)
    known = sight.detail.run.last_event
    last = min(before_event - 1, known) if before_event else known
    events = await events_before(service, run_id, last)
    rows = rows_of(events, Names.of(sight.detail.tasks), language)
    shown = [row for row in rows if _fits(row, kind, q)]
    return await page(
        request,
        "run.html",
        here="runs",
        run_id=run_id,
        key=secrets.token_urlsafe(18),
        title=plain(sight.detail.run.request, limit=80),
        parts=picture.parts,
        lists=picture.lists,
        has_panel=picture.has_panel,
        live=not picture.ended and not before_event,
        last_event=known,
        events=await asyncio.to_thread(lambda: [event_html(row, language) for row in shown]),
        older=events[0].number if events and events[0].number > 1 else 0,
        before=before_event,
        kinds=("all", *KINDS),
        chosen_kind=kind if kind in KINDS else "all",
        searched=q,
        filtered=bool(rows),
        view=view,
        done=_done(request, language),
        elsewhere=_elsewhere(request, sight, language),
    )


async def events_before(service: Service, run_id: str, last: int) -> tuple[Event, ...]:
    """The events up to the one numbered `last`, as many as a page shows."""
    if last <= 0:
        return ()
    count = min(MOST_EVENTS, last)
    return await service.events(run_id, after=last - count, limit=count)


def _fits(row: EventRow, kind: str, words: str) -> bool:
    """As the script filters, for those who have none."""
    if kind in KINDS and row.kind != kind:
        return False
    return words.casefold() in f"{row.who} {row.text.striptags()}".casefold()


def _done(request: Request, language: Language) -> str:
    """What a form has just done."""
    t, done = Wording(language), request.query_params.get("done", "")
    told = request.query_params.get("told", "")
    if told.isdecimal():
        return t("did.told", count=int(told[:6]))
    return t(f"did.{done}") if done in _DONE else ""


def _elsewhere(request: Request, sight: Sight, language: Language) -> str:
    """Who had answered a call before the answer that was just sent."""
    wanted = request.query_params.get("answered")
    if not wanted:
        return ""
    t = Wording(language)
    for one in approvals_of(sight.detail, sight.audit).answered:
        if one.id == wanted:
            state = t(f"approval.{one.state}")
            if one.who:
                return t("approval.elsewhere", state=state, name=one.who)
            return t("approval.elsewhere.unknown", state=state)
    return ""


@router.get("/runs/{run_id}/live")
async def live(
    request: Request,
    run_id: str,
    world: TheWorld,
    caller: Viewer,
    after: Annotated[int, Query(ge=0)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """What changes on the page of a run, as server-sent events behind the one numbered `after`."""
    if last_event_id is not None and last_event_id.isdecimal():
        after = int(last_event_id[:18])
    await world.service.get(run_id)
    reader = Reader(language=language_of(request), role=caller.actor.role)
    return ServerSentEvents(hub_of(request.app).pieces(run_id, reader, after))


@router.get("/runs/{run_id}/tasks/{task_id:path}", response_class=HTMLResponse)
async def task(
    request: Request,
    run_id: str,
    task_id: str,
    world: TheWorld,
    service: TheService,
    _: Viewer,
    step: str | None = None,
) -> HTMLResponse:
    """A task with its attempts and all its steps."""
    detail, now = await service.detail(run_id), datetime.now(UTC)
    found = find_task(detail, task_id)
    values: dict[str, JsonValue] = {}
    for record in wanted_values(detail, found, step):
        values[record.key] = await service.value(run_id, task_id, record.key)
    language = language_of(request)
    shown = task_page(
        detail, found, values, opened=step, mask=world.mask, language=language, now=now
    )
    return await page(
        request,
        "run_task.html",
        here="runs",
        run_id=run_id,
        task=shown,
        key=secrets.token_urlsafe(18),
        opened=step,
        request_title=plain(detail.run.request, limit=120),
    )


@router.post("/runs/{run_id}/cancel")
async def cancel(run_id: str, service: TheService, _: Operator) -> Response:
    """Ask a run to stop."""
    await service.unended(run_id, hint="Nothing is left to cancel.")
    await service.cancel(run_id)
    return _back(run_id, done="cancelled")


@router.post("/runs/{run_id}/approve")
async def approve(request: Request, run_id: str, service: TheService, _: Operator) -> Response:
    """Let a call be made that waits."""
    return await _answer(request, run_id, service, approved=True)


@router.post("/runs/{run_id}/reject")
async def reject(request: Request, run_id: str, service: TheService, _: Operator) -> Response:
    """Refuse a call that waits."""
    return await _answer(request, run_id, service, approved=False)


async def _answer(request: Request, run_id: str, service: Service, *, approved: bool) -> Response:
    form = await read_form(request)
    approval = form.get("approval", "")
    try:
        await service.decide(
            run_id, approval, approved=approved, comment=form.get("comment", "").strip()
        )
    except UserError as error:
        if error.code != "approval_closed":
            raise
        # Somebody else was faster: that is news for whoever asks, and no mistake.
        return _back(run_id, "elsewhere", answered=approval)
    return _back(run_id, "approvals", done="approved" if approved else "rejected")


@router.post("/runs/{run_id}/tell")
async def tell(request: Request, run_id: str, service: TheService, _: Operator) -> Response:
    """Say something to the agents of a run."""
    form = await read_form(request)
    readers = await service.tell(run_id, _lines(form.get("text", "")), to=form.get("to") or None)
    return _back(run_id, "talked", told=str(len(readers)))


@router.post("/runs/{run_id}/ask")
async def ask(
    request: Request, run_id: str, world: TheWorld, service: TheService, _: Operator
) -> Response:
    """Go on with another request that knows this run, within the same limits."""
    form = AskForm.of(await read_form(request))
    earlier = await service.get(run_id)
    made = await world.driving.start(
        Ask(text=_lines(form.text), after=run_id, budget=earlier.budget),
        service=service,
        idempotency_key=form.submission() if form.key else None,
    )
    return see(run_address(made.id))


@router.post("/runs/{run_id}/retry")
async def retry(
    request: Request, run_id: str, world: TheWorld, service: TheService, _: Operator
) -> Response:
    """Give what has failed another chance."""
    task_id = (await read_form(request)).get("task") or None
    await service.retry(run_id, task_id)
    await world.driving.take_over(run_id)
    return _back(run_id, done="retried")


@router.post("/runs/{run_id}/fork")
async def fork(
    request: Request, run_id: str, world: TheWorld, service: TheService, _: Operator
) -> Response:
    """Make a run that goes another way from a step on."""
    form = await read_form(request)
    after, key = form.get("after", ""), form.get("key", "")
    forked = await service.fork(
        run_id,
        after=after or None,
        idempotency_key=submission("fork", run_id, after, key) if key else None,
    )
    if forked.made:
        world.driving.drive(forked.run.id)
    return _back(forked.run.id, done="forked")


@router.post("/runs/{run_id}/rollback", response_class=HTMLResponse)
async def rollback(request: Request, run_id: str, service: TheService, _: Admin) -> HTMLResponse:
    """Take back what a run has done, and say what is left. Done again, it does nothing more."""
    report = await service.rollback(run_id)
    return await page(request, "run_rolled_back.html", here="runs", run_id=run_id, report=report)


@router.get("/keys", response_class=HTMLResponse)
async def keys(request: Request, _: Viewer) -> HTMLResponse:
    """The keys of the pages."""
    return await page(request, "run_keys.html")


def _lines(text: str) -> str:
    """Browsers send lines as CR LF."""
    return text.replace("\r\n", "\n")


def _back(run_id: str, anchor: str = "", **said: str) -> Response:
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in said.items())
    return see(f"{run_address(run_id)}?{query}" + (f"#{anchor}" if anchor else ""))
