"""`/api/catalog`: what MAS knows about tools (U3, D2)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from mas.api.answers import as_json
from mas.api.params import ToolId
from mas.api.roles import READS
from mas.api.shapes import Shape
from mas.catalog.loader import load_catalog
from mas.core.errors import UserError
from mas.core.tools import Text
from mas.http.problems import PROBLEMS

router = APIRouter(prefix="/api/catalog", tags=["catalog"], responses=PROBLEMS)


class InTwo(Shape):
    """A phrase in both languages."""

    en: str
    ko: str


class ToolShort(Shape):
    """A tool in a list."""

    id: str
    name: str
    category: str
    summary: InTwo
    latest: str | None
    lifecycle: str
    """`active`, `maintenance`, `retired` or `archived`."""
    primary: list[str]
    """Ids of what it gives."""
    secondary: list[str]


class Tools(Shape):
    """Tools by id."""

    items: list[ToolShort]


@router.get(
    "/tools",
    operation_id="list_tools",
    dependencies=READS,
    summary="List known tools",
    response_model=Tools,
)
async def tools(
    capability: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=100)] | None,
        Query(description="Only those that give this.", examples=["ci-pipelines"]),
    ] = None,
) -> Any:
    """The tools of the catalog, or those that give one capability."""
    catalog = load_catalog()
    if capability is not None and capability not in catalog.capabilities:
        raise UserError(
            f"There is no capability called {capability!r}.",
            hint=f"Known ones: {', '.join(sorted(catalog.capabilities))}.",
            code="unknown_capability",
        )
    return Tools(
        items=[
            ToolShort(
                id=one.id,
                name=one.name,
                category=one.category,
                summary=_in_two(one.summary),
                latest=one.latest.value if one.latest else None,
                lifecycle=one.lifecycle.status,
                primary=list(one.capabilities.primary),
                secondary=list(one.capabilities.secondary),
            )
            for one in catalog.tools.values()
            if capability is None
            or capability in (*one.capabilities.primary, *one.capabilities.secondary)
        ]
    )


@router.get(
    "/tools/{tool_id}",
    operation_id="show_tool",
    dependencies=READS,
    summary="Show a known tool",
    responses={
        200: {
            "description": "As its file in the catalog, with the source of each fact.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tool"}}},
        }
    },
)
async def tool(tool_id: ToolId) -> Any:
    """Everything that is known about a tool."""
    found = load_catalog().tools.get(tool_id)
    if found is None:
        raise UserError(
            f"The catalog has no tool called {tool_id!r}.",
            hint="GET /api/catalog/tools lists them.",
            code="unknown_tool",
        )
    return as_json(found)


def _in_two(text: Text) -> InTwo:
    return InTwo(en=text.en, ko=text.ko)
