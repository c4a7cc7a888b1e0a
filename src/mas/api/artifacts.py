"""`/api/runs/{run_id}/artifacts`: whole outputs, values of steps, files of agents (U3)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from mas.api.answers import with_next
from mas.api.params import RunId
from mas.api.roles import READS
from mas.api.shapes import Shape
from mas.http.artifacts import LARGEST_PAGE, SMALLEST_PAGE, ArtifactKind, Artifacts, Piece
from mas.http.problems import PROBLEMS
from mas.http.world import TheService, TheWorld

router = APIRouter(prefix="/api/runs/{run_id}", tags=["artifacts"], responses=PROBLEMS)

_PAGE = 256 * 1024


class ArtifactItem(Shape):
    """One thing that can be read."""

    name: str
    kind: ArtifactKind
    """`record`: the value of a step. `output`: what a tool has said in full. `file`: of an agent's
    workspace."""
    size_bytes: int
    summary: str
    href: str


class ArtifactList(Shape):
    """Everything that a run has left behind."""

    items: list[ArtifactItem]
    complete: bool
    """False: there are more files than are named."""


class _Anything(PathConvertor):
    """A path that may also hold line breaks, as names of files may."""

    regex = "(?s:.*)"


register_url_convertor("anything", _Anything())


@router.get(
    "/artifacts",
    operation_id="list_artifacts",
    dependencies=READS,
    summary="List artifacts",
    response_model=ArtifactList,
)
async def list_artifacts(run_id: RunId, world: TheWorld, service: TheService) -> Any:
    """The values of steps, whole outputs of tools, and files in the agents' workspace. Branches of
    a run of `fanout` are in `/workspace` and `diff`."""
    found = await Artifacts(service, world.settings, world.mask).of(run_id)
    base = f"/api/runs/{run_id}/artifacts/"
    return ArtifactList(
        items=[
            ArtifactItem(
                name=one.name,
                kind=one.kind,
                size_bytes=one.size_bytes,
                summary=one.summary,
                href=base + quote(one.name),
            )
            for one in found.artifacts
        ],
        complete=found.complete,
    )


@router.get(
    "/artifacts/{name:anything}",
    operation_id="read_artifact",
    dependencies=READS,
    summary="Read an artifact",
    response_class=Response,
    responses={
        200: {
            "description": "A page of it: text with secrets masked, or bytes to save.",
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
            "headers": {
                "X-Artifact-Size": {"description": "Bytes.", "schema": {"type": "integer"}},
                "X-Artifact-Offset": {
                    "description": "Where this page begins.",
                    "schema": {"type": "integer"},
                },
                "Link": {
                    "description": '`rel="next"`: the next page.',
                    "schema": {"type": "string"},
                },
            },
        }
    },
)
async def read(
    request: Request,
    run_id: RunId,
    name: Annotated[
        str,
        Path(
            min_length=1,
            max_length=2000,
            description="As listed.",
            examples=["records/researcher/observe"],
        ),
    ],
    world: TheWorld,
    service: TheService,
    offset: Annotated[
        int, Query(ge=0, le=2**40, description="From this byte on, back to where its line begins.")
    ] = 0,
    limit: Annotated[
        int, Query(ge=SMALLEST_PAGE, le=LARGEST_PAGE, description="So many bytes at most.")
    ] = _PAGE,
) -> Any:
    """Page by page, in whole lines. A browser shows it as text and never runs it."""
    piece = await Artifacts(service, world.settings, world.mask).read(
        run_id, name, offset=offset, limit=limit
    )
    answer = Response(piece.content, 200, _headers(piece, name))
    return answer if piece.next is None else with_next(answer, request, offset=str(piece.next))


def _headers(piece: Piece, name: str) -> dict[str, str]:
    how = "inline" if piece.is_text else "attachment"
    last = quote(name.rpartition("/")[2].encode("utf-8", "replace"), safe="")
    return {
        "Content-Type": "text/plain; charset=utf-8"
        if piece.is_text
        else "application/octet-stream",
        "Content-Disposition": f"{how}; filename*=UTF-8''{last}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "X-Artifact-Size": str(piece.total),
        "X-Artifact-Offset": str(piece.offset),
    }
