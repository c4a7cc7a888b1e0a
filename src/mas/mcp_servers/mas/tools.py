"""The tools: each parses, calls the service, and answers.

A request that is cancelled, or whose client goes away, leaves its run alone: only `cancel` ends
one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field, StringConstraints

from mas.app import bounds
from mas.app.asking import budget_of
from mas.app.fanout import MAX_PROMPT, FanoutAsk
from mas.app.service import Ask, Service
from mas.core.errors import UserError
from mas.core.executors import ExecutorKind
from mas.core.language import Language, plain
from mas.core.run import Run, RunFilter, RunStatus
from mas.mcp_servers.mas import shapes
from mas.mcp_servers.mas.door import Door, answering, told
from mas.mcp_servers.mas.following import followed
from mas.teams.fanout.order import MOST_AGENTS

LONGEST_WAIT_SECONDS = 3600
WAIT_SECONDS = 50.0
"""Many clients give a call up after a minute."""
MOST_TEXT = 4000
"""Characters of a report in the words of an answer."""
MOST_EVENTS = 500
MOST_RUNS = 100

_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_STARTS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
_LETS_ACT = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
_ENDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)

Name = Annotated[str, StringConstraints(min_length=1, max_length=bounds.LONGEST_NAME)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=bounds.LONGEST_WORDS)]

RunId = Annotated[
    str,
    Field(
        description="Id of a run, or enough of its start or end.", max_length=bounds.LONGEST_NAME
    ),
]
Wait = Annotated[
    float,
    Field(
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="Wait at most so long for the run to end; it goes on afterwards all the same.",
    ),
]
Cluster = Annotated[
    Short | None,
    Field(description="Kubeconfig context, or snapshot file on the machine of MAS."),
]
Text = Annotated[
    str,
    Field(description="The request, in Korean or English.", min_length=1, max_length=MAX_PROMPT),
]
AnswerLanguage = Annotated[
    Language | None, Field(description="Language of the answer; default: that of the request.")
]
Key = Annotated[
    str | None,
    Field(description="The same key and request again give the same run and no second one."),
]
Usd = Annotated[
    Annotated[float, Field(gt=0, le=bounds.MOST_USD)] | None,
    Field(description="Most that it costs."),
]
Tokens = Annotated[
    Annotated[int, Field(ge=1, le=bounds.MOST_TOKENS)] | None, Field(description="Most tokens.")
]
Seconds = Annotated[
    Annotated[float, Field(gt=0, le=bounds.MOST_SECONDS)] | None,
    Field(description="Most wall time."),
]
Search = Annotated[str, StringConstraints(min_length=1, max_length=bounds.LONGEST_SEARCH)]
Cursor = Annotated[str, StringConstraints(pattern=bounds.RUN_CURSOR)]


class Tools:
    """What the door offers to do."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @answering
    async def ask(
        self,
        ctx: Context,
        text: Text,
        team: Annotated[
            bounds.Team | None,
            Field(description="Who answers; default: chosen by the request."),
        ] = None,
        role: Annotated[
            Name | None, Field(description="One agent alone, by name: instead of team and fanout.")
        ] = None,
        language: AnswerLanguage = None,
        cluster: Cluster = None,
        model: Annotated[Name | None, Field(description="`provider:name` of every agent.")] = None,
        no_model: Annotated[bool, Field(description="Rules alone, without any model.")] = False,
        dry_run: Annotated[bool, Field(description="Stop after the plan.")] = False,
        after: Annotated[Name | None, Field(description="Go on from this run's context.")] = None,
        agents: Annotated[
            Annotated[int, Field(ge=1, le=MOST_AGENTS)] | None,
            Field(description="fanout: how many agents work side by side, 1 to 10."),
        ] = None,
        repo: Annotated[
            Short | None, Field(description="fanout: folder or address of the git repository.")
        ] = None,
        ref: Annotated[Short | None, Field(description="fanout: branch, tag or commit.")] = None,
        coders: Annotated[
            Annotated[list[Short], Field(max_length=MOST_AGENTS)] | None,
            Field(description="fanout: coding agents, such as claude or mas."),
        ] = None,
        checks: Annotated[
            Annotated[list[Short], Field(max_length=bounds.MOST_CHECKS)] | None,
            Field(description="fanout: commands that judge the results."),
        ] = None,
        executor: Annotated[
            ExecutorKind | None, Field(description="fanout: where agents run.")
        ] = None,
        budget_usd: Usd = None,
        budget_tokens: Tokens = None,
        budget_seconds: Seconds = None,
        idempotency_key: Key = None,
        wait: Annotated[bool, Field(description="Wait for the answer, see wait_seconds.")] = True,
        wait_seconds: Wait = WAIT_SECONDS,
    ) -> Annotated[CallToolResult, shapes.RunShown]:
        """Ask MAS for a decision or for work. Starts a durable run and waits for its answer.

        When the wait is over before the run is, the answer says so: ask run_status later.
        Cancelling this request does not cancel the run. Calls of agents that change something
        may wait for a person; then `waiting` lists them, and approve answers them.
        """
        service = self._door.acting_for(ctx, "operator")
        run = await self._door.driving.start(
            Ask(
                text=text,
                team=team,
                role=role,
                language=language,
                cluster=cluster,
                model=model,
                no_model=no_model,
                dry_run=dry_run,
                after=after,
                budget=budget_of(tokens=budget_tokens, usd=budget_usd, seconds=budget_seconds),
                fanout=FanoutAsk(
                    agents=agents,
                    repo=repo,
                    ref=ref,
                    coders=tuple(coders or ()),
                    checks=tuple(checks or ()),
                    executor=executor,
                ),
            ),
            service=service,
            idempotency_key=idempotency_key,
        )
        run = await self._followed(ctx, service, run, wait_seconds if wait else 0)
        return await _shown(service, run)

    @answering
    async def decide(
        self,
        ctx: Context,
        question: Annotated[
            str,
            Field(
                description="Such as: Should we adopt Tekton? In Korean or English.",
                min_length=1,
                max_length=MAX_PROMPT,
            ),
        ],
        cluster: Cluster = None,
        language: AnswerLanguage = None,
        no_model: Annotated[bool, Field(description="Rules alone, without any model.")] = False,
        idempotency_key: Key = None,
        wait_seconds: Wait = WAIT_SECONDS,
    ) -> Annotated[CallToolResult, shapes.Decided]:
        """Decide by rules over evidence whether a Kubernetes cluster should adopt a tool.

        Reads the cluster, and changes nothing in it. Gives the verdict, each reason with the
        values that carry it, alternatives, and the conclusion. Cancelling this request does not
        cancel the run.
        """
        service = self._door.acting_for(ctx, "operator")
        run = await self._door.driving.start(
            Ask(
                text=question, team="decide", language=language, cluster=cluster, no_model=no_model
            ),
            service=service,
            idempotency_key=idempotency_key,
        )
        run = await self._followed(ctx, service, run, wait_seconds)
        shape = shapes.decided(run, await service.approvals(run.id))
        if shape.verdict is None:
            return told(shape, f"{_standing(run)} {shape.next_step}")
        reasons = "".join(f"\n- {one.kind}, {one.stance}: {one.text}" for one in shape.reasons)
        return told(
            shape, f"{shape.verdict}: {shape.conclusion}{reasons}\nReport: {shape.report_uri}"
        )

    @answering
    async def run_status(
        self, ctx: Context, run_id: RunId, wait_seconds: Wait = 0.0
    ) -> Annotated[CallToolResult, shapes.RunShown]:
        """How a run stands: its tasks, what waits for a person, usage, and its report at the end.

        With wait_seconds this waits for the end of the run, or for a call that wants an answer.
        """
        service = self._door.acting_for(ctx, "viewer")
        run = await service.get(await service.find(run_id))
        run = await self._followed(ctx, service, run, wait_seconds)
        return await _shown(service, run)

    @answering
    async def run_events(
        self,
        ctx: Context,
        run_id: RunId,
        after: Annotated[
            int,
            Field(ge=0, le=bounds.MOST_EVENT_NUMBER, description="Only events behind this number."),
        ] = 0,
        limit: Annotated[int, Field(ge=1, le=MOST_EVENTS, description="At most so many.")] = 100,
    ) -> Annotated[CallToolResult, shapes.EventsShown]:
        """What has happened in a run, event by event, oldest first."""
        service = self._door.acting_for(ctx, "viewer")
        run = await service.get(await service.find(run_id))
        shape = shapes.events_shown(
            run, await service.events(run.id, after=after, limit=limit), after
        )
        more = f"; more with after={shape.next_after}" if shape.more else ""
        return told(shape, f"{len(shape.events)} events of run {run.id}{more}.")

    @answering
    async def approve(
        self,
        ctx: Context,
        run_id: RunId,
        approved: Annotated[bool, Field(description="true: make the call; false: do not.")],
        approval: Annotated[
            Annotated[str, Field(max_length=bounds.LONGEST_NAME)] | None,
            Field(description="Such as a1; default: the only one that waits."),
        ] = None,
        comment: Annotated[
            str,
            Field(
                description="What the agent should know, above all with a no.",
                max_length=bounds.LONGEST_COMMENT,
            ),
        ] = "",
    ) -> Annotated[CallToolResult, shapes.Answered]:
        """Answer a call that waits for a person: show the person the exact call before.

        An approved call is made at once, as it stands, and may not be possible to undo.
        """
        service = self._door.acting_for(ctx, "operator")
        if approval is not None and not approval.strip():
            raise UserError(
                "The name of the approval is empty.",
                hint="run_status lists what waits.",
                code="no_approval_named",
            )
        found = await service.find(run_id)
        answer = await service.decide(found, approval, approved=approved, comment=comment)
        # The process that had worked on the run may be gone.
        await self._door.driving.take_over(found)
        shape = shapes.answered(answer)
        return told(shape, f"{shape.approval} of run {found} is {shape.state}. {shape.next_step}")

    @answering
    async def list_runs(
        self,
        ctx: Context,
        team: Annotated[bounds.AnyTeam | None, Field(description="Only runs of this team.")] = None,
        status: Annotated[
            list[RunStatus] | None, Field(description="Only runs with one of these.")
        ] = None,
        text: Annotated[
            Search | None, Field(description="Only requests that contain this.")
        ] = None,
        before: Annotated[Cursor | None, Field(description="`next` of the page before.")] = None,
        limit: Annotated[int, Field(ge=1, le=MOST_RUNS, description="At most so many.")] = 20,
    ) -> Annotated[CallToolResult, shapes.RunsShown]:
        """List runs, newest first."""
        service = self._door.acting_for(ctx, "viewer")
        page = await service.page(
            RunFilter(team=team, statuses=tuple(status or ()), text=text),
            before=before,
            limit=limit,
        )
        shape = shapes.RunsShown(runs=[shapes.run_line(run) for run in page.runs], next=page.next)
        lines = [f"{run.run_id} {run.status}: {plain(run.request, limit=80)}" for run in shape.runs]
        return told(shape, "\n".join(lines) or "No run fits.")

    @answering
    async def cancel(
        self, ctx: Context, run_id: RunId
    ) -> Annotated[CallToolResult, shapes.RunShown]:
        """Ask a run to stop. What it has done stays done, and its records are kept."""
        service = self._door.acting_for(ctx, "operator")
        run = await service.cancel(await service.find(run_id))
        return await _shown(service, run)

    async def _followed(self, ctx: Context, service: Service, run: Run, seconds: float) -> Run:
        if not seconds or run.status.ended:
            return run
        return await followed(
            service,
            self._door.driving,
            run.id,
            limit=timedelta(seconds=seconds),
            tell=ctx.report_progress,
        )

    def all(self) -> tuple[tuple[Callable[..., Any], str, ToolAnnotations], ...]:
        """Each tool with its title and what clients are told of it."""
        return (
            (self.ask, "Ask MAS", _LETS_ACT),
            (self.decide, "Decide on a tool for a cluster", _STARTS),
            (self.run_status, "See how a run stands", _READS),
            (self.run_events, "Read the events of a run", _READS),
            (self.approve, "Answer a call that waits", _LETS_ACT),
            (self.list_runs, "List runs", _READS),
            (self.cancel, "Cancel a run", _ENDS),
        )


async def _shown(service: Service, run: Run) -> CallToolResult:
    detail = await service.detail(run.id)
    waiting = tuple(one for one in detail.approvals if one.state == "waiting")
    shape = shapes.run_shown(detail.run, detail.tasks, waiting)
    return told(shape, f"{_standing(detail.run)} {shape.next_step}{_beginning(shape)}")


def _beginning(shape: shapes.RunShown) -> str:
    """The report for clients that read no structure; the rest of a long one is a resource."""
    if not shape.report:
        return ""
    if len(shape.report) <= MOST_TEXT:
        return f"\n\n{shape.report}"
    return f"\n\n{shape.report[:MOST_TEXT]}\n\n[Cut here; all of it: {shape.report_uri}]"


def _standing(run: Run) -> str:
    why = f" ({run.failure.message})" if run.failure is not None else ""
    return f"Run {run.id} is {run.status.value}{why}."
