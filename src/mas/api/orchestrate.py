"""`POST /orchestrate`, and the address at which a run is asked after (F6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Response, status
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, field_validator

from mas.api.params import IdempotencyKey
from mas.api.roles import READS, STEERS
from mas.app.fanout import MAX_PROMPT, FanoutAsk
from mas.app.service import Ask
from mas.core.coding import AgentStatus
from mas.core.errors import MasError, UserError
from mas.core.executors import ExecutorKind
from mas.core.language import Language
from mas.core.run import Run, RunStatus
from mas.http.problems import PROBLEMS, of_body
from mas.http.world import TheService, TheWorld
from mas.teams.fanout.order import MOST_AGENTS

_WEEK_SECONDS = 7 * 24 * 3600

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

router = APIRouter(tags=["orchestrate"], responses=PROBLEMS)
Short = Annotated[str, StringConstraints(min_length=1, max_length=4096)]


class Orchestrate(BaseModel):
    """One prompt for one to ten coding agents; what is left out is taken from the settings."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PROMPT)]
    """Handed to every agent as it is."""
    agent_count: Annotated[StrictInt, Field(ge=1, le=MOST_AGENTS)] = 1
    coder: Short | None = None
    """As `mas ask --coder`."""
    repo: Short | None = None
    """Folder on the server or address of a git repository; none: a fresh one."""
    ref: Short | None = None
    """Branch, tag or commit of `repo`."""
    checks: Annotated[list[Short], Field(max_length=20)] | None = None
    """Command lines that judge the results; none: they are detected."""
    task_seconds: Annotated[float, Field(gt=0, le=_WEEK_SECONDS, strict=True)] | None = None
    """Time of each agent."""
    executor: ExecutorKind | None = None
    model: Short | None = None
    """`provider:name`."""
    language: Language | None = None

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty")
        return prompt

    def to_ask(self) -> Ask:
        """The request in the words of the service."""
        return Ask(
            text=self.prompt,
            team="fanout",
            model=self.model,
            language=self.language,
            fanout=FanoutAsk(
                agents=self.agent_count,
                coders=() if self.coder is None else (self.coder,),
                repo=self.repo,
                ref=self.ref,
                checks=tuple(self.checks or ()),
                task_seconds=self.task_seconds,
                executor=self.executor,
            ),
        )


class RunInfo(BaseModel):
    """Where the run keeps its repository; `run_dir` is relative to the workspace."""

    run_id: str
    run_dir: str
    git_initialized: bool


class Summary(BaseModel):
    """How many agents did the task."""

    total_agents: int
    successful: int
    failed: int


class Seat(BaseModel):
    """Where an agent worked; the path is relative to the workspace."""

    worktree_path: str
    branch_name: str


class Said(BaseModel):
    """Something that an agent said or did."""

    kind: str
    text: str


class AgentResult(BaseModel):
    """One agent's work."""

    agent_id: int
    status: Literal["success", "error"]
    output: str
    workspace: Seat
    messages: list[Said]
    error: str | None = None
    """Why it is no success; only then."""


class Orchestrated(BaseModel):
    """What became of a run. `completed`: at least one agent did the task."""

    status: Literal["completed", "failed"]
    run_info: RunInfo
    summary: Summary
    results: list[AgentResult]


class RunError(BaseModel):
    """Why a run failed."""

    code: str
    message: str
    hint: str


class RunState(BaseModel):
    """A run on its way, or one that has another kind of answer."""

    run_id: str
    status: str
    """`queued`, `planning`, `running`, `awaiting_approval`, `succeeded`, `failed`, `cancelled`."""
    team: str
    language: Language
    result: Any = None
    report: str | None = None
    error: RunError | None = None


@router.post(
    "/orchestrate",
    operation_id="orchestrate",
    dependencies=STEERS,
    summary="Give one prompt to coding agents",
    response_model=Orchestrated,
    response_model_exclude_unset=True,
    responses={202: {"model": RunState, "description": "With `Prefer: respond-async`: under way."}},
)
async def orchestrate(
    wish: Orchestrate,
    world: TheWorld,
    service: TheService,
    prefer: Annotated[list[str] | None, Header()] = None,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Let agents work on one prompt, each in a clone of its own, and answer when all have ended.

    A client that goes away does not stop the run. With `Prefer: respond-async` the answer is
    202 at once, with the address to ask for the result. The same `Idempotency-Key` again gives the
    answer of the same run.
    """
    with of_body(model=wish.model):
        run = await world.driving.start(
            wish.to_ask(), service=service, idempotency_key=idempotency_key
        )
    if _wants_no_wait(prefer):
        return Response(
            _state_of(run).model_dump_json(exclude_unset=True),
            status.HTTP_202_ACCEPTED,
            {"Location": f"/runs/{run.id}", "Preference-Applied": "respond-async"},
            "application/json",
        )
    return answer_of(await world.driving.ended(run.id))


@router.get(
    "/runs/{run_id}",
    operation_id="look_after_run",
    dependencies=READS,
    summary="Ask after an orchestrated run",
    response_model=Orchestrated | RunState,
    response_model_exclude_unset=True,
)
async def look_after(run_id: str, world: TheWorld) -> Any:
    """How a run stands: its status while it is under way, its whole answer afterwards."""
    if not _RUN_ID.fullmatch(run_id):
        raise UserError("There is no such run.", hint="See: mas runs list", code="unknown_run")
    run = await world.service.get(run_id)
    if run.status.ended and _has_results(run):
        return answer_of(run)
    return _state_of(run)


def answer_of(run: Run) -> Orchestrated:
    """The answer of a run that has ended.

    Raises:
        MasError: It has ended without results: why.
    """
    if not _has_results(run):
        raise _no_answer(run)
    told: Any = run.result
    results = [_result(one) for one in told["results"]]
    successful = sum(one.status == "success" for one in results)
    info = told["run_info"]
    return Orchestrated(
        status="completed" if successful else "failed",
        run_info=RunInfo(
            run_id=run.id, run_dir=info["run_dir"], git_initialized=info["git_initialized"]
        ),
        summary=Summary(
            total_agents=len(results), successful=successful, failed=len(results) - successful
        ),
        results=results,
    )


def _result(told: Mapping[str, Any]) -> AgentResult:
    ended: AgentStatus = told["status"]
    seat = told["workspace"]
    shown = AgentResult(
        agent_id=told["agent_id"],
        status="success" if ended == "success" else "error",
        output=told["output"],
        workspace=Seat(worktree_path=seat["worktree_path"], branch_name=seat["branch_name"]),
        messages=[Said(kind=one["kind"], text=one["text"]) for one in told["messages"]],
    )
    if ended != "success":
        shown.error = told["error"] or f"The agent ended as {ended}."
    return shown


def _has_results(run: Run) -> bool:
    return run.team == "fanout" and isinstance(run.result, dict) and "results" in run.result


def _no_answer(run: Run) -> MasError:
    if run.status is RunStatus.CANCELLED:
        return UserError(
            f"Run {run.id} was cancelled before there was any result.",
            hint="Ask again.",
            code="run_cancelled",
        )
    if run.failure is not None:
        return run.failure.to_error()
    return UserError(
        f"Run {run.id} has ended without results.",
        hint=f"See: mas runs show {run.id}",
        code="no_answer",
    )


def _state_of(run: Run) -> RunState:
    state = RunState(run_id=run.id, status=run.status.value, team=run.team, language=run.language)
    if run.status.ended:
        state.result = msgspec.to_builtins(run.result)
        state.report = run.report
        if run.failure is not None and run.status is not RunStatus.SUCCEEDED:
            failure = run.failure
            state.error = RunError(code=failure.code, message=failure.message, hint=failure.hint)
    return state


def _wants_no_wait(prefer: list[str] | None) -> bool:
    """Whether the header, in however many lines, asks for an answer at once (RFC 7240)."""
    wishes = (wish.partition(";")[0].strip().lower() for wish in ",".join(prefer or ()).split(","))
    return "respond-async" in wishes
