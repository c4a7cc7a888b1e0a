"""The task of one agent: seat it, run its coder, take its work in, say how it ended (F2, F4).

How it ended is read from its process and from git, never from what it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from mas.core.errors import MasError, UserError
from mas.core.failure import Failure
from mas.core.finishing import to_the_end
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.stages import (
    Acting,
    ActionTaken,
    Observation,
    PlannedStep,
    Reasoning,
    StagePlan,
    Validation,
)
from mas.core.values import JsonObject, JsonValue
from mas.repositories.changes import Taken
from mas.teams.fanout.ending import Ended, Ran, error_of, status_of
from mas.teams.fanout.process import AgentProcess
from mas.teams.fanout.results import (
    AgentOutcome,
    ChangedFile,
    CommitLine,
    DiffStat,
    Prepared,
    Seated,
)
from mas.teams.fanout.wording import say, told_status
from mas.teams.fanout.workplace import Workplace

_SALVAGE_SECONDS = 15.0
"""For taking in what an agent has left when the run is being stopped."""
_SHOWN_FILES = 200
_SHOWN_COMMITS = 50


class _Acted(Acting, frozen=True, kw_only=True):
    """The stage in which the work was done, with what git holds of it."""

    taken: Taken


async def do_agent(work: Work, place: Workplace) -> TaskOutcome:
    """Do one agent's task; it reports a failure as a result, which its check and rank go on with.

    Raises:
        MasError: MAS itself could not do its part (no disk, no executor).
    """
    agent = _Agent(work, place)
    try:
        return await agent.do()
    except asyncio.CancelledError:
        await to_the_end(agent.cut_short())
        raise


async def clear_up(run_id: str, place: Workplace) -> None:
    """End what a dead MAS has left of a run, and bring the agents' work to their branches.

    Only for a run on which nobody works any more.

    Raises:
        UserError, Transient: What runs the agents is not there, or out of reach.
    """
    await place.executor.sweep({"mas.run": run_id})
    if await place.repository.base() is None:
        return
    for number in range(1, place.order.agents + 1):
        if place.folder.worktree(number).is_dir():
            await place.repository.take_in(number, reason=say("salvage.cut", "en"))


class _Agent:
    """One attempt at one agent's task."""

    def __init__(self, work: Work, place: Workplace) -> None:
        inputs = work.task.spec.inputs
        self._work = work
        self._place = place
        self._number = cast("int", inputs["agent"])
        self._coder = str(inputs["coder"])
        self._shown = place.order.coder_shown(self._number)
        self._prepared = msgspec.convert(work.inputs["prepare"], Prepared)
        self._seat = place.seat(self._number, base=self._prepared.branch)
        self._process = AgentProcess(work, place, self._seat, self._coder)
        self._seated = False
        self._language = work.run.language

    async def do(self) -> TaskOutcome:
        """The five stages: look, think, plan, let the coder work, measure."""
        await self._place.repository.seat(self._number)
        self._seated = True
        await self._look_and_plan()
        ran = await self._worked()
        late = ran.ended.kind == "deadline"
        reason = say("salvage.timeout" if late else "salvage.end", "en")
        acted = await self._work.record(
            "act", "stage", lambda: self._take_in(ran, reason), summary=_summary
        )
        outcome = self._outcome(ran, msgspec.convert(acted, _Acted).taken)
        await self._work.record("validate", "stage", lambda: self._judge(outcome), summary=_summary)
        return self._reported(outcome, ran)

    async def cut_short(self) -> None:
        """Take in what there is when the attempt is stopped; it may be gone on with later."""
        if not self._seated:
            return
        try:
            async with asyncio.timeout(_SALVAGE_SECONDS):
                taken = await self._place.repository.take_in(
                    self._number, reason=say("salvage.cut", "en")
                )
        except (MasError, TimeoutError):
            return
        outcome = self._outcome(Ran(ended=Ended(kind="cancelled")), taken)
        self._work.leave(cast("JsonObject", msgspec.to_builtins(outcome)))

    async def _worked(self) -> Ran:
        try:
            await self._process.set_up()
            done = await self._work.record("process", "action", self._process.run, summary=_ran)
        except UserError as exc:
            return Ran(ended=Ended(kind="error", sentence=str(exc)))
        return msgspec.convert(done, Ran)

    async def _look_and_plan(self) -> None:
        language, seat, prepared = self._language, self._seat, self._prepared
        thought = say("thought", language, coder=self._shown)
        criterion = say("criterion", language)
        seen = say(
            "observe",
            language,
            worktree=self._place.worktree_shown(self._number),
            branch=seat.branch,
            commit=prepared.commit[:10],
        )
        planned = say("planned", language, coder=self._shown, executor=self._place.executor.kind)
        step = PlannedStep(
            action="code", target=seat.branch, method=self._shown, expected=criterion
        )
        stages = {
            "observe": Observation(summary=seen, facts=(seen,), findings=prepared.notes),
            "reason": Reasoning(
                summary=thought,
                problem=say("problem", language),
                approach=thought,
                success_criteria=(criterion,),
                conclusion=thought,
            ),
            "plan": StagePlan(
                summary=planned,
                steps=(step,),
                estimated_seconds=self._place.order.task_seconds,
                confidence=0.5,
            ),
        }
        for key, stage in stages.items():
            await self._work.record(key, "stage", _given(stage), summary=_summary)

    async def _take_in(self, ran: Ran, reason: str) -> _Acted:
        taken = await self._place.repository.take_in(self._number, reason=reason)
        status = status_of(ran, net_change=taken.net_change)
        line = (
            f"{self._shown}: {told_status(status, self._language)}, "
            f"+{taken.additions} -{taken.deletions}, commits: {taken.commits}"
        )
        action = ActionTaken(
            action=self._shown, success=status in ("success", "no_changes"), output=line
        )
        return _Acted(summary=line, actions=(action,), taken=taken)

    async def _judge(self, outcome: AgentOutcome) -> Validation:
        language = self._language
        stat = outcome.diff_stat
        output = f"+{stat.additions} -{stat.deletions}, files: {stat.files}"
        return Validation(
            summary=f"{told_status(outcome.status, language)}: {output}",
            valid=outcome.status == "success",
            check=say("criterion", language),
            output=outcome.error or output,
        )

    def _outcome(self, ran: Ran, taken: Taken) -> AgentOutcome:
        status = status_of(ran, net_change=taken.net_change)
        seconds = self._place.order.task_seconds
        return AgentOutcome(
            agent_id=self._number,
            status=status,
            coder=self._coder,
            workspace=Seated(
                worktree_path=self._place.worktree_shown(self._number),
                branch_name=self._seat.branch,
            ),
            output=_last_words(ran),
            output_bytes=ran.output_bytes,
            error=error_of(status, ran, self._language, seconds=seconds),
            exit_code=ran.ended.exit_code,
            commit=taken.commit,
            commits=tuple(
                CommitLine(sha=one.sha, subject=one.subject) for one in taken.log[:_SHOWN_COMMITS]
            ),
            commit_count=taken.commits,
            salvaged=taken.salvaged,
            net_change=taken.net_change,
            diff_stat=DiffStat(
                files=taken.file_count, additions=taken.additions, deletions=taken.deletions
            ),
            files=tuple(
                ChangedFile(
                    path=one.path,
                    change=one.change,
                    additions=one.additions,
                    deletions=one.deletions,
                )
                for one in taken.files[:_SHOWN_FILES]
            ),
            denied=ran.report.denied,
            messages=ran.report.messages,
            notes=taken.notes,
            usage=ran.usage,
            budget_reached=ran.refused is not None and ran.refused.kind == "budget",
            restarts=max(self._work.task.attempt - 1, 0),
        )

    def _reported(self, outcome: AgentOutcome, ran: Ran) -> TaskOutcome:
        """A failure of the agent is one of the task; its result is there for check and rank."""
        summary = f"{told_status(outcome.status, self._language)}, commits: {outcome.commit_count}"
        failure = None
        if outcome.status not in ("success", "no_changes"):
            failure = ran.refused or Failure(
                kind="permanent", code=outcome.status, message=outcome.error or outcome.status
            )
        return TaskOutcome(
            result=cast("JsonObject", msgspec.to_builtins(outcome)),
            summary=outcome.error or summary,
            failure=failure,
        )


def _last_words(ran: Ran) -> str:
    """What there is to read of an agent: its answer, else what it said, else its whole output."""
    said = "\n".join(one.text for one in ran.report.messages if one.kind in ("text", "result"))
    return ran.report.text or said or ("" if ran.report.messages else ran.output)


def _given(stage: object) -> Callable[[], Awaitable[object]]:
    async def body() -> object:
        return stage

    return body


def _summary(value: JsonValue) -> str:
    return str(cast("JsonObject", value)["summary"])


def _ran(value: JsonValue) -> str:
    ended = cast("JsonObject", cast("JsonObject", value)["ended"])
    return f"{ended['kind']} {ended['exit_code']}"
