"""`/runs/{id}/compare`: two agents of a fan-out side by side, or one against the base."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from mas.app.fanout import Compared
from mas.app.service import Service
from mas.core.errors import UserError
from mas.core.run import Run
from mas.http.caller import Viewer
from mas.http.world import TheService
from mas.web.rendering import language_of, page
from mas.web.views.diff_page import compare_view
from mas.web.views.ranking import RankingView, ranking_view

router = APIRouter(include_in_schema=False)

BASE = "base"


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What is compared: numbers of agents; None is the base, which only ever is left."""

    left: int | None
    right: int | None

    @property
    def agents(self) -> tuple[int, ...]:
        """As the service takes them."""
        return tuple(one for one in (self.left, self.right) if one is not None)

    @property
    def same(self) -> bool:
        """Whether there is only one side."""
        return self.left == self.right


@router.get("/runs/{run_id}/compare", response_class=HTMLResponse)
async def compare(request: Request, run_id: str, service: TheService, _: Viewer) -> HTMLResponse:
    """The files that differ, with their lines side by side."""
    run = await _fanout(service, run_id)
    ranking = ranking_view(run, (), language_of(request))
    sides = _sides(request, ranking)
    compared = None if sides.same else await service.diff(run.id, sides.agents)
    # Colours of a large difference take a while: the loop goes on meanwhile.
    view = None if compared is None else await asyncio.to_thread(compare_view, compared.diff)
    return await page(
        request,
        "compare.html",
        here="runs",
        run=run,
        ranking=ranking,
        sides=sides,
        compared=view,
        before=compared.before if compared else "",
        query=_query(sides),
        raw_bytes=len(compared.diff.text.encode()) if compared else 0,
    )


@router.get("/runs/{run_id}/compare.diff")
async def raw(request: Request, run_id: str, service: TheService, _: Viewer) -> Response:
    """The difference as a file, as far as it is told; it ends with a line where it is cut."""
    run = await _fanout(service, run_id)
    sides = _sides(request, ranking_view(run, (), "en"))
    text = "" if sides.same else _text(await service.diff(run.id, sides.agents))
    name = f"{run.id}-{_query(sides).replace('&', '-').replace('=', '-')}.diff"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(text.encode("utf-8", "replace"), 200, headers, "text/plain; charset=utf-8")


def _text(compared: Compared) -> str:
    diff = compared.diff
    if not diff.cut:
        return diff.text
    return f"{diff.text}\n# cut: {diff.total_bytes} bytes in all\n"


async def _fanout(service: Service, run_id: str) -> Run:
    run = await service.get(run_id)
    if run.team != "fanout":
        raise UserError(
            f"Run {run.id} is of the team {run.team}, which has no branches to compare.",
            hint="Compare agents of a run of the team fanout.",
            code="no_branches",
        )
    return run


def _sides(request: Request, ranking: RankingView) -> Sides:
    """What the address names; without that the best two, or the best one against the base."""
    changed = [one.number for one in ranking.comparable]
    standard = (changed[0], changed[1]) if len(changed) > 1 else (None, *changed[:1])
    left = _side(request.query_params.get("a"), ranking, standard[0])
    right = _side(request.query_params.get("b"), ranking, standard[-1])
    return Sides(left=right, right=left) if right is None else Sides(left=left, right=right)


def _side(told: str | None, ranking: RankingView, standard: int | None) -> int | None:
    if told is None or told == "":
        return standard
    if told == BASE:
        return None
    if told in {str(one.number) for one in ranking.agents}:
        return int(told)
    raise UserError(
        f"Run {ranking.run_id} has no agent {told[:40]!r}.",
        hint=f"Its agents are 1 to {len(ranking.agents)}; the other side can be {BASE}.",
        code="unknown_agent",
    )


def _query(sides: Sides) -> str:
    return "&".join(
        f"{name}={BASE if one is None else one}"
        for name, one in (("a", sides.left), ("b", sides.right))
    )
