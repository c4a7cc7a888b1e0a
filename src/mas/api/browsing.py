"""`GET /workspace`: folders as JSON, files as they are (F6)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from mas.api.files import FileResponse
from mas.api.roles import READS
from mas.http.problems import PROBLEMS
from mas.http.workspace import EntryKind, Folder, names_of
from mas.http.world import TheWorld, World

MOST_ENTRIES = 1000

router = APIRouter(tags=["workspace"], dependencies=READS, responses=PROBLEMS)
Offset = Annotated[int, Query(ge=0, le=1_000_000_000, description="Skip so many names.")]
Limit = Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="So many names at most.")]


class Listed(BaseModel):
    """One name in a folder; `size` is in bytes. Without `href` it is not served."""

    name: str
    type: EntryKind
    size: int | None
    modified: datetime | None
    href: str | None


class Listing(BaseModel):
    """A page of a folder. `complete` false: it holds even more names than `total`."""

    path: str
    type: Literal["folder"] = "folder"
    entries: list[Listed]
    total: int
    offset: int
    limit: int
    complete: bool


@router.get(
    "/workspace",
    operation_id="list_workspace",
    summary="List the workspace",
    response_model=Listing,
)
async def top(world: TheWorld, offset: Offset = 0, limit: Limit = MOST_ENTRIES) -> Any:
    """List the workspace, in which every run has its folder below `runs`."""
    return await _look(world, (), offset, limit)


@router.get(
    "/workspace/{path:path}",
    operation_id="browse_workspace",
    summary="Look into the workspace",
    response_model=Listing,
    responses={
        200: {
            "description": "A listing, or the file itself: as text or picture where it is one, "
            "else as bytes to save.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        }
    },
)
async def below(
    path: str, request: Request, world: TheWorld, offset: Offset = 0, limit: Limit = MOST_ENTRIES
) -> Any:
    """List a folder of the workspace, or send a file of it. Links are not followed."""
    del path  # decoded as a whole: a name could hold a slash that was none
    raw: bytes = request.scope["raw_path"]
    _, first, *rest = raw.partition(b"?")[0].split(b"/", 2)
    # With a slash inside the first part there is no rest, and nothing to show.
    names = names_of(rest[0] if rest and b"%2" not in first.lower() else b"..")
    return await _look(world, names, offset, limit)


async def _look(world: World, names: tuple[str, ...], offset: int, limit: int) -> Any:
    found = await asyncio.to_thread(world.workspace.look, names, offset=offset, limit=limit)
    if not isinstance(found, Folder):
        return FileResponse(found)
    return Listing(
        path=found.path,
        entries=[
            Listed(
                name=one.name,
                type=one.kind,
                size=one.size,
                modified=one.modified,
                href=one.href,
            )
            for one in found.entries
        ],
        total=found.total,
        offset=offset,
        limit=limit,
        complete=found.complete,
    )
