"""Reports as resources: `mas://runs/{run_id}/report`, the newest ones listed, ids completed."""

from __future__ import annotations

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    Annotations,
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    Resource,
    ResourceTemplateReference,
)

from mas.core.errors import MasError
from mas.core.language import plain
from mas.core.run import RunFilter, RunPage, RunStatus
from mas.mcp_servers.mas.door import Door

TEMPLATE = "mas://runs/{run_id}/report"
MARKDOWN = "text/markdown"
MOST_LISTED = 50
MOST_COMPLETED = 100
MOST_LOOKED_THROUGH = 500
"""Newest runs among which a typed id is looked for."""

_WITH_REPORT = RunFilter(statuses=(RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED))


class Reports:
    """The reports of runs."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def read(self, run_id: str, ctx: Context) -> str:
        """The report of one run, whole."""
        try:
            service = self._door.acting_for(ctx, "viewer")
            run = await service.get(run_id)
        except MasError as error:
            if error.code == "unknown_run":
                raise ResourceNotFoundError(f"There is no run {run_id}.") from error
            raise ResourceError(str(error)) from error
        if run.report is None:
            raise ResourceNotFoundError(
                f"Run {run_id} is {run.status.value} and has no report"
                + ("." if run.status.ended else " yet.")
            )
        return run.report

    async def newest(self) -> list[Resource]:
        """The reports of the runs that were asked for last."""
        page = await self._page(MOST_LISTED)
        return [
            Resource(
                uri=TEMPLATE.format(run_id=run.id),
                name=run.id,
                title=plain(run.request, limit=100),
                description=f"Report of a run of the team {run.team}, {run.status.value}",
                mime_type=MARKDOWN,
                annotations=Annotations(audience=["user", "assistant"]),
            )
            for run in page.runs
        ]

    async def _page(self, limit: int) -> RunPage:
        try:
            return await self._door.service.page(_WITH_REPORT, limit=limit)
        except MasError as error:
            raise MCPError(code=INTERNAL_ERROR, message=str(error)) from error

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _context: CompletionContext | None,
    ) -> Completion:
        """Ids of runs that begin or end with what was typed."""
        ours = isinstance(ref, ResourceTemplateReference) and ref.uri == TEMPLATE
        if not ours or argument.name != "run_id":
            return Completion(values=[], total=0, has_more=False)
        page = await self._page(MOST_LOOKED_THROUGH)
        typed = argument.value
        fits = [run.id for run in page.runs if run.id.startswith(typed) or run.id.endswith(typed)]
        return Completion(
            values=fits[:MOST_COMPLETED], total=len(fits), has_more=len(fits) > MOST_COMPLETED
        )
