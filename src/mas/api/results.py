"""What a run has given: its report, the differences of its branches, and merging them (U3, F4)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from mas.api.new_run import Body
from mas.api.params import RunId
from mas.api.roles import READS, STEERS
from mas.api.shapes import Shape
from mas.app.fanout import Winner
from mas.core.errors import UserError
from mas.core.language import Language
from mas.core.run import RunStatus
from mas.http.problems import PROBLEMS
from mas.http.world import TheService
from mas.repositories.changes import ChangeKind
from mas.teams.fanout.order import MOST_AGENTS

router = APIRouter(prefix="/api/runs/{run_id}", tags=["results"], responses=PROBLEMS)

MARKDOWN = "text/markdown"
_SAFE = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}


class Report(Shape):
    """The report of a run."""

    run_id: str
    status: RunStatus
    language: Language
    report: str
    """Markdown."""


class FileItem(Shape):
    """A path that differs; `before` is its name before."""

    path: str
    change: ChangeKind
    """A added, M modified, D deleted, R renamed, T of another type."""
    before: str | None
    additions: int
    deletions: int
    binary: bool


class Difference(Shape):
    """What differs between two branches."""

    before: str
    after: str
    additions: int
    deletions: int
    files: list[FileItem]
    text: str
    """Unified diff; empty with `stat`."""
    total_bytes: int
    """Of the whole diff."""
    cut: bool
    """The diff is longer than `text`."""


class Merge(Body):
    """What to merge, and where to."""

    agent: Annotated[int, Field(ge=1, le=MOST_AGENTS)] | None = None
    """None: the best one."""
    into: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """Branch of the run's repository; None: the one that the agents started from."""
    deliver: bool = False
    """Make the result a new branch of the repository that the run came from, too."""


class MergeDone(Shape):
    """What became of a merge."""

    agent: int
    branch: str
    """What was merged into."""
    commit: str
    moved: bool
    how: Literal["fast-forward", "merge", "contained", "conflict"]
    conflicts: list[str]
    """Paths in conflict: nothing was moved."""
    delivered: str | None
    """The new branch in the repository that the run came from."""


@router.get(
    "/report",
    operation_id="run_report",
    dependencies=READS,
    summary="The report of a run",
    response_model=Report,
    responses={
        200: {
            "description": "As Markdown, or as JSON with `Accept: application/json`.",
            "content": {MARKDOWN: {"schema": {"type": "string"}}},
        }
    },
)
async def report(run_id: RunId, request: Request, service: TheService) -> Any:
    """Markdown in the language of the run."""
    run = await service.get(run_id)
    if run.report is None:
        raise UserError(
            f"Run {run_id} has no report yet ({run.status.value}).",
            hint=f"Follow it: GET /api/runs/{run_id}/events",
            code="no_report",
        )
    if "application/json" in request.headers.get("accept", "").lower():
        return Report(run_id=run.id, status=run.status, language=run.language, report=run.report)
    return Response(run.report, 200, _SAFE, f"{MARKDOWN}; charset=utf-8")


@router.get(
    "/diff",
    operation_id="run_diff",
    dependencies=READS,
    summary="Compare the work of agents",
    response_model=Difference,
)
async def diff(
    run_id: RunId,
    service: TheService,
    agents: Annotated[
        str,
        Query(
            pattern=r"^([1-9][0-9]{0,2}(,[1-9][0-9]{0,2})?)?$",
            description="`1`: what agent 1 has changed; `1,2`: the two against each other; none: "
            "what the best one has changed.",
        ),
    ] = "",
    stat: Annotated[bool, Query(description="Only the files and counts.")] = False,
) -> Any:
    """Against what the agents started from, or one agent against another."""
    chosen = tuple(int(one) for one in agents.split(",") if one)
    compared = await service.diff(run_id, chosen, stat_only=stat)
    found = compared.diff
    return Difference(
        before=compared.before,
        after=compared.after,
        additions=found.additions,
        deletions=found.deletions,
        files=[
            FileItem(
                path=one.path,
                change=one.change,
                before=one.before,
                additions=one.additions,
                deletions=one.deletions,
                binary=one.binary,
            )
            for one in found.files
        ],
        text=found.text,
        total_bytes=found.total_bytes,
        cut=found.cut,
    )


@router.post(
    "/merge",
    operation_id="merge_run",
    dependencies=STEERS,
    summary="Merge an agent's work",
    response_model=MergeDone,
)
async def merge(run_id: RunId, service: TheService, wish: Merge | None = None) -> Any:
    """Merge in the run's repository. A conflict moves nothing and is no error: see `how`."""
    wanted = wish or Merge()
    winner = await service.merge(run_id, wanted.agent, into=wanted.into, deliver=wanted.deliver)
    return _merged(winner)


def _merged(winner: Winner) -> MergeDone:
    done = winner.merged
    return MergeDone(
        agent=winner.agent,
        branch=done.branch,
        commit=done.commit,
        moved=done.moved,
        how=done.how,
        conflicts=list(done.conflicts),
        delivered=winner.delivered or None,
    )
