"""The last task: rank all agents by what was measured, a judge where that leaves a tie (F5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from mas.core.language import Language
from mas.core.ports import Work
from mas.core.run import TaskOutcome
from mas.core.values import JsonObject, JsonValue
from mas.teams.fanout.checking import Judged
from mas.teams.fanout.checks.model import CheckRun
from mas.teams.fanout.judging import Solution, judge
from mas.teams.fanout.ranking import Candidate, Preference, Ranked, rank, tied
from mas.teams.fanout.ranking_wording import say
from mas.teams.fanout.results import AgentOutcome, Placed, Prepared, Ranking, ShownCheck
from mas.teams.fanout.wording import say as told
from mas.teams.fanout.workplace import Workplace


async def do_choosing(work: Work, place: Workplace) -> TaskOutcome:
    """Rank the agents; those that failed and did work are in it."""
    numbers = range(1, place.order.agents + 1)
    outcomes = [msgspec.convert(work.inputs[f"agent-{one}"], AgentOutcome) for one in numbers]
    judged = {one: msgspec.convert(work.inputs[f"check-{one}"], Judged) for one in numbers}
    candidates = [_candidate(one, judged[one.agent_id]) for one in outcomes]
    preference = await _preference(work, place, outcomes, candidates)
    language = work.run.language

    async def placed() -> Ranking:
        by_id = {one.agent_id: one for one in outcomes}
        return Ranking(
            ranking=tuple(
                _placed(one, by_id[one.agent_id], judged[one.agent_id], language)
                for one in rank(candidates, preference=preference)
            ),
            judge=preference.by if preference else "",
        )

    def line(value: JsonValue) -> str:
        return _line(value) or told("rank.nobody", language)

    done = await work.record("validate", "stage", placed, summary=line)
    return TaskOutcome(result=done, summary=line(done))


async def _preference(
    work: Work, place: Workplace, outcomes: Sequence[AgentOutcome], candidates: Sequence[Candidate]
) -> Preference | None:
    """What the judge says of those that evidence cannot tell apart; None without a judge."""
    groups = tied(candidates)
    if place.judge is None or not groups:
        return None
    prepared = msgspec.convert(work.inputs["prepare"], Prepared)
    wanted = {number for group in groups for number in group}
    solutions = {
        one.agent_id: Solution(
            agent_id=one.agent_id,
            diff=(await place.repository.diff(prepared.commit, one.commit)).text,
        )
        for one in outcomes
        if one.agent_id in wanted
    }
    return await judge(work, place.judge, work.run.request, groups, solutions)


def _candidate(outcome: AgentOutcome, judged: Judged) -> Candidate:
    stat = outcome.diff_stat
    return Candidate(
        agent_id=outcome.agent_id,
        status=outcome.status,
        net_change=outcome.net_change,
        files=stat.files,
        additions=stat.additions,
        deletions=stat.deletions,
        checks=judged.checked.runs,
        regressions=judged.checked.regressions,
        regression_count=judged.checked.regression_count,
        edits=judged.edits,
    )


def _placed(ranked: Ranked, outcome: AgentOutcome, judged: Judged, language: Language) -> Placed:
    return Placed(
        agent_id=ranked.agent_id,
        place=ranked.place,
        score=ranked.score,
        status=outcome.status,
        checks=tuple(_shown(run, language) for run in ranked.checks),
        regressions=ranked.regressions,
        edited_checks=tuple(edit.path for edit in judged.edits),
        reasons=tuple(say(reason, language) for reason in ranked.reasons),
    )


def _shown(run: CheckRun, language: Language) -> ShownCheck:
    return ShownCheck(
        id=run.id,
        command=run.command,
        passed=run.passed,
        exit_code=run.exit_code,
        ended=run.ended,
        reason=say(run.reason, language),
        tests=run.tests,
        failed_tests=run.failed_tests,
        restored=run.restored,
        output=run.output,
        seconds=run.seconds,
    )


def _line(value: JsonValue) -> str:
    """The agents that have a place, best first; empty: none has."""
    ranking = cast("list[JsonObject]", cast("JsonObject", value)["ranking"])
    return " > ".join(f"agent-{one['agent_id']}" for one in ranking if one["place"] is not None)
