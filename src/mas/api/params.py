"""Parameters that several addresses share; what does not fit never reaches the service (U3)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Path, Query

from mas.app.bounds import MOST_EVENT_NUMBER

RunId = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        description="Whole id of a run.",
        examples=["20260131-120000-1a2b3c4d"],
    ),
]
ApprovalId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Id of an approval.", examples=["a1"]),
]
AgentName = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="Name of an agent, which is that of its role.",
        examples=["researcher"],
    ),
]
LessonId = Annotated[
    str,
    Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", description="Id of a lesson.", examples=["l-1a2b3c"]),
]
ToolId = Annotated[
    str,
    Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$", description="Id in the catalog."),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Chosen by the client: the same key with the same body gives the same run "
        "again, however often it is sent.",
        examples=["9f1c0c3e-6c7e-4b8e-8d6f-6f9f6d1b2a3c"],
    ),
]
After = Annotated[
    int,
    Query(ge=0, le=MOST_EVENT_NUMBER, description="Number of the last event that is known."),
]
Limit = Annotated[int, Query(ge=1, le=500, description="So many at most.")]

LOCATION = {"Location": {"description": "Where the run is.", "schema": {"type": "string"}}}
"""The headers of an answer that has made a run."""
