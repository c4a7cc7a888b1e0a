"""`/agents`: what agents are, what they are at, what they remember; wiping, saving, restoring."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mas.app.service import Service
from mas.core.audit import AuditEntry
from mas.core.errors import UserError
from mas.http.caller import Admin, Caller, Operator, Viewer
from mas.http.world import TheService
from mas.web.forms import read_form, see
from mas.web.rendering import page
from mas.web.views.agent_cards import AgentCard, cards_of

router = APIRouter(include_in_schema=False)

_DONE = ("checkpoint", "checkpoints", "restore", "wipe", "nothing")
_LOOKED_THROUGH = 300
_HISTORY = 8
"""Entries of the audit log that are shown of one agent."""


@router.get("/agents", response_class=HTMLResponse)
async def agents(request: Request, service: TheService, caller: Viewer) -> HTMLResponse:
    """Every agent in a table."""
    return await _page(request, service, caller, None)


@router.get("/agents/{name}", response_class=HTMLResponse)
async def agent(request: Request, name: str, service: TheService, caller: Viewer) -> HTMLResponse:
    """One agent with all that it remembers."""
    return await _page(request, service, caller, name)


@router.post("/agents/checkpoint")
async def checkpoint_all(service: TheService, _: Operator) -> Response:
    """Save what every agent remembers."""
    return _after(None, "checkpoints", await service.checkpoint(None))


@router.post("/agents/restore")
async def restore_all(service: TheService, _: Admin) -> Response:
    """Bring back the last checkpoint of every agent that has one."""
    return _after(None, "restore", await service.restore(None))


@router.post("/agents/wipe")
async def wipe_all(request: Request, service: TheService, _: Admin) -> Response:
    """Let every agent forget all but its knowledge."""
    if (await read_form(request)).get("save"):
        await service.checkpoint(None)
    return _after(None, "wipe", await service.wipe(None))


@router.post("/agents/{name}/checkpoint")
async def checkpoint(name: str, service: TheService, _: Operator) -> Response:
    """Save what one agent remembers."""
    return _after(name, "checkpoint", await service.checkpoint(name))


@router.post("/agents/{name}/restore")
async def restore(name: str, service: TheService, _: Admin) -> Response:
    """Bring back the last checkpoint of one agent."""
    return _after(name, "restore", await service.restore(name))


@router.post("/agents/{name}/wipe")
async def wipe(request: Request, name: str, service: TheService, _: Admin) -> Response:
    """Let one agent forget all but its knowledge."""
    if (await read_form(request)).get("save"):
        await service.checkpoint(name)
    return _after(name, "wipe", await service.wipe(name))


def _after(name: str | None, done: str, changed: Sequence[object]) -> Response:
    place = "/agents" if name is None else f"/agents/{quote(name.strip().casefold(), safe='')}"
    return see(f"{place}?done={done if changed or name is not None else 'nothing'}")


async def _page(
    request: Request, service: Service, caller: Caller, named: str | None
) -> HTMLResponse:
    loaded = service.roles()
    cards = cards_of(await service.agents(), loaded, await service.working())
    chosen = None if named is None else _chosen(cards, named)
    done = request.query_params.get("done")
    return await page(
        request,
        "agents.html",
        here="agents",
        cards=cards,
        card=chosen,
        at_work=sum(bool(card.working) for card in cards),
        asking=sum(card.kind == "wait" for card in cards),
        stored=sum(not card.is_empty for card in cards),
        saved=sum(card.checkpoint is not None for card in cards),
        problems=loaded.problems,
        notes=loaded.notes,
        history=await _history(service, caller, chosen),
        done=done if done in _DONE else None,
    )


def _chosen(cards: Sequence[AgentCard], named: str) -> AgentCard:
    wanted = named.strip().casefold()
    found = next((card for card in cards if card.name == wanted), None)
    if found is None:
        raise UserError(
            "There is no such agent.",
            hint="The list of agents shows them all.",
            code="unknown_role",
        )
    return found


async def _history(
    service: Service, caller: Caller, card: AgentCard | None
) -> tuple[AuditEntry, ...]:
    """What was done to one agent's memory, for those who may read the audit log."""
    if card is None or not caller.actor.may("admin"):
        return ()
    entries = await service.audit(limit=_LOOKED_THROUGH)
    fitting = (
        one
        for one in entries
        if one.action.startswith("memory.") and one.subject in (card.name, "", "all")
    )
    return tuple(fitting)[:_HISTORY]
