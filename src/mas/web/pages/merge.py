"""`/runs/{id}/merge`: an agent's work becomes the run's; the page after it says how it went."""

from __future__ import annotations

from typing import Literal

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mas.app.fanout import Winner
from mas.app.service import Service
from mas.core.errors import UserError
from mas.core.language import plain
from mas.http.caller import Operator, Viewer
from mas.http.world import TheService
from mas.web.forms import read_form, see
from mas.web.outcome_links import opened, sealed
from mas.web.rendering import page
from mas.web.views.diff_lines import visible

router = APIRouter(include_in_schema=False)

SHOWN_CONFLICTS = 20
_SHOWN_OF_COMMIT = 12
_SIGNER = "page-outcomes"
"""Name of what signs the addresses of outcomes."""


class MergeOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the page tells of a merge."""

    agent: int
    branch: str
    commit: str
    how: Literal["fast-forward", "merge", "contained", "conflict"]
    conflicts: tuple[str, ...] = ()
    """The first of them."""
    conflict_count: int = 0
    delivered: str = ""
    folder: str = ""
    before: str = ""
    """Where the branch was before."""

    @property
    def undo(self) -> str:
        """The command that takes it back; empty: nothing was moved."""
        if self.how == "merge":
            return f"git revert --no-edit -m 1 {self.commit[:_SHOWN_OF_COMMIT]}"
        if self.how == "fast-forward" and self.before:
            # There is no commit of a merge: all of the agent's own are taken back.
            pair = (self.before, self.commit)
            return "git revert --no-edit " + "..".join(one[:_SHOWN_OF_COMMIT] for one in pair)
        return ""


@router.post("/runs/{run_id}/merge")
async def merge(request: Request, run_id: str, service: TheService, _: Operator) -> Response:
    """Merge, and go on to the page that tells of it."""
    form = await read_form(request)
    winner = await service.merge(
        run_id,
        _agent(form.get("agent", "")),
        into=form.get("into", "").strip() or None,
        deliver=form.get("deliver") == "yes",
    )
    told = sealed(_outcome(winner), about=run_id, secret=await _secret(service))
    return see(f"/runs/{run_id}/merge?outcome={told}")


@router.get("/runs/{run_id}/merge", response_class=HTMLResponse)
async def merged(request: Request, run_id: str, service: TheService, _: Viewer) -> HTMLResponse:
    """How a merge went; the address carries it."""
    run = await service.get(run_id)
    told = request.query_params.get("outcome", "")
    outcome = opened(told, MergeOutcome, about=run.id, secret=await _secret(service))
    return await page(request, "merge.html", here="runs", run=run, outcome=outcome, shown=visible)


async def _secret(service: Service) -> bytes:
    return await service.sessions.secret(_SIGNER)


def _agent(told: str) -> int | None:
    """The number of an agent; nothing: the best one's."""
    if not told:
        return None
    if told.isascii() and told.isdigit() and len(told) <= 4:
        return int(told)
    raise UserError(
        f"There is no agent {plain(told, limit=40)!r}.",
        hint="Choose one of the agents of the run.",
        code="unknown_agent",
    )


def _outcome(winner: Winner) -> MergeOutcome:
    merged_ = winner.merged
    return MergeOutcome(
        agent=winner.agent,
        branch=merged_.branch,
        commit=merged_.commit,
        how=merged_.how,
        conflicts=tuple(path[:200] for path in merged_.conflicts[:SHOWN_CONFLICTS]),
        conflict_count=len(merged_.conflicts),
        delivered=winner.delivered,
        folder=str(winner.run_dir),
        before=merged_.before,
    )
