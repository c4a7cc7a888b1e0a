"""What the panel of a fan-out says of runs without a ranking, and of how long agents worked."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mas.core.language import Language
from mas.core.plan import Plan
from mas.core.run import Run, RunStatus, Task, TaskState
from mas.teams.fanout.order import Order
from mas.web.answers import panel_of
from mas.web.rendering import fragment
from mas.web.views.outcomes import outcome_of
from mas.web.views.ranking import ranking_view
from mas.web.wording import Wording
from support.markup import read_markup
from support.run_details import RUN, START, at, make_task

ORDER = Order(agents=2, coders=("script:x",), checks=("pytest -q",))


def outcome(number: int, status: str, *, changed: bool, seconds: float = 0.0) -> dict[str, Any]:
    return {
        "agent_id": number,
        "status": status,
        "coder": "script:x",
        "workspace": {"worktree_path": "w", "branch_name": f"agent-{number}"},
        "net_change": changed,
        "diff_stat": {"files": int(changed), "additions": int(changed), "deletions": 0},
        "usage": {"seconds": seconds},
    }


def place(number: int, at_: int | None) -> dict[str, Any]:
    return {"agent_id": number, "place": at_, "score": 1.0, "status": "success"}


def ended(status: RunStatus, results: list[Any], ranking: list[Any]) -> Run:
    result = {
        "run_info": {
            "run_id": RUN,
            "run_dir": "r",
            "git_initialized": True,
            "base": {"branch": "main", "commit": "a" * 40},
        },
        "results": results,
        "ranking": ranking,
        "checks": [{"id": "c", "command": "pytest -q"}],
    }
    return Run(
        id=RUN,
        request="Fix it",
        team="fanout",
        language="en",
        status=status,
        created_at=START,
        options=ORDER.to_options(),
        result=result,
    )


def shown(run: Run, language: Language, tasks: tuple[Task, ...] = ()) -> str:
    panel = panel_of(run, language, tasks=tasks)
    assert panel is not None
    return fragment(language, panel.template, **panel.context)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_f5_a_cancelled_run_shows_its_changes_and_claims_no_ranking(language: Language) -> None:
    results = [outcome(1, "success", changed=True), outcome(2, "cancelled", changed=True)]
    t, run = Wording(language), ended(RunStatus.CANCELLED, results, [])
    text = read_markup(shown(run, language)).text
    assert t("fanout.ended_first") in text
    for wrong in ("fanout.nobody", "fanout.nobody_hint", "fanout.how", "fanout.how_no_checks"):
        assert t(wrong) not in text, wrong
    assert f'<h2 id="r-h">{t("fanout.agents")}</h2>' in shown(run, language)


def test_f5_another_request_is_advised_only_where_agents_found_nothing_to_do() -> None:
    idle = [outcome(1, "no_changes", changed=False), outcome(2, "failed", changed=False)]
    stopped = [outcome(1, "cancelled", changed=False), outcome(2, "cancelled", changed=False)]
    nobody = [place(1, None), place(2, None)]
    t = Wording("en")
    advised = read_markup(shown(ended(RunStatus.FAILED, idle, nobody), "en")).text
    assert t("fanout.nobody") in advised
    assert t("fanout.nobody_hint") in advised
    assert t("fanout.unranked") in advised
    text = read_markup(shown(ended(RunStatus.CANCELLED, stopped, []), "en")).text
    assert t("fanout.nobody") in text
    assert t("fanout.nobody_hint") not in text


def test_f5_where_all_have_failed_the_page_leads_to_what_each_has_done() -> None:
    failed = [outcome(1, "failed", changed=False), outcome(2, "failed", changed=False)]
    html = shown(ended(RunStatus.FAILED, failed, [place(1, None), place(2, None)]), "en")
    assert '<a href="#work">What each agent did</a>' in html
    done = [outcome(1, "success", changed=True), outcome(2, "failed", changed=False)]
    ranked = ended(RunStatus.SUCCEEDED, done, [place(1, 1), place(2, None)])
    assert '<a href="#work">' not in shown(ranked, "en")
    assert '<h2 id="r-h">Ranking</h2>' in shown(ranked, "en")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_u2_changes_that_were_never_ranked_are_not_told_as_none(language: Language) -> None:
    results = [outcome(1, "success", changed=True), outcome(2, "error", changed=False)]
    told = outcome_of(ended(RunStatus.FAILED, results, []), reader=language)
    assert told.text == Wording(language)("outcome.unranked")


def timed(name: str, state: TaskState, start: float, end: float | None = None) -> Task:
    return make_task(name, state=state, start=start, end=end)


def test_f5_the_ranking_tells_the_time_of_an_agents_tasks() -> None:
    """A coder that was stopped tells no time of its own."""
    results = [outcome(1, "success", changed=True, seconds=1), outcome(2, "killed", changed=True)]
    run = ended(RunStatus.SUCCEEDED, results, [place(1, 1), place(2, 2)])
    tasks = (
        timed("agent-1", TaskState.SUCCEEDED, 0, 100),
        timed("check-1", TaskState.SUCCEEDED, 130, 150),
        timed("agent-2", TaskState.FAILED, 0, 180),
    )
    took = [one.took for one in ranking_view(run, tasks, "en").agents]
    assert took == [timedelta(seconds=120), timedelta(seconds=180)]
    untold = [one.took for one in ranking_view(run, (), "en").agents]
    assert untold == [timedelta(seconds=1), None]


def test_u2_an_agent_at_work_shows_how_long_and_goes_on_while_it_is_checked() -> None:
    now = datetime.now(UTC)
    run = replace(ended(RunStatus.RUNNING, [], []), result=None, plan=Plan(reason="", tasks=()))
    first = replace(
        timed("agent-1", TaskState.SUCCEEDED, 0, 100), result=outcome(1, "success", changed=True)
    )
    tasks = (
        first,
        timed("check-1", TaskState.RUNNING, 130),
        timed("agent-2", TaskState.RUNNING, 20),
    )
    view = ranking_view(run, tasks, "en", now=at(150))
    assert [one.since for one in view.agents] == [at(30), at(20)]
    assert [one.took for one in view.agents] == [timedelta(seconds=120), timedelta(seconds=130)]
    fresh = replace(timed("agent-2", TaskState.RUNNING, 0), started_at=now)
    [word] = re.findall(r'data-since="[^"]*">([^<]*)<', shown(run, "en", (fresh,)))
    assert re.fullmatch(r"[\d.]+ s", word), "a time of day stands where a duration belongs"
