"""One sentence for how each run came out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mas.core.failure import Failure
from mas.core.overview import WorkingTask
from mas.core.run import Run, RunStatus, RunSummary, TaskState
from mas.web.views.outcomes import first_sentence, outcome_of


def _ended(summary: RunSummary, **more: object) -> Run:
    given = {field: getattr(summary, field) for field in summary.__dataclass_fields__}
    return Run(**{**given, "status": RunStatus.SUCCEEDED, **more})  # type: ignore[arg-type]


def _task(role: str, state: TaskState) -> WorkingTask:
    return WorkingTask(run_id="r", id="t", role=role, title="Write the note", state=state)


def test_u2_a_decision_is_told_by_its_verdict_and_weightiest_reason(
    make_summary: RunSummary,
) -> None:
    result = {
        "verdict": "do_not_recommend",
        "reasons": [
            {"stance": "for", "text": "There is room."},
            {"stance": "against", "text": "Gitea Actions does the same."},
        ],
    }
    told = outcome_of(_ended(make_summary, result=result), reader="ko")
    assert told.text == "Not recommended. Gitea Actions does the same."
    assert told.language == "en"
    korean = outcome_of(_ended(make_summary, result=result, language="ko"), reader="en")
    assert korean.text.startswith("권장하지 않음.")
    assert korean.language == "ko"


@pytest.mark.parametrize(
    "verdict", ["recommend", "do_not_recommend", "already_installed", "undetermined"]
)
def test_u2_every_verdict_has_its_word(make_summary: RunSummary, verdict: str) -> None:
    told = outcome_of(_ended(make_summary, result={"verdict": verdict, "reasons": []}), reader="en")
    assert told.text
    assert verdict not in told.text


def test_u2_fanout_is_told_by_who_ranks_first(make_summary: RunSummary) -> None:
    passed, failed = {"passed": True}, {"passed": False}
    result = {
        "results": [{"agent_id": 1}, {"agent_id": 3}],
        "ranking": [
            {"agent_id": 3, "place": 1, "checks": [passed, passed, failed]},
            {"agent_id": 1, "place": None, "checks": []},
        ],
    }
    run = _ended(make_summary, team="fanout", result=result)
    assert outcome_of(run, reader="en").text == "Agent 3 ranks first: 2 of 3 checks pass."
    assert "3번" in outcome_of(run, reader="ko").text
    nobody = {**result, "ranking": [{"agent_id": 1, "place": None}]}
    told = outcome_of(_ended(make_summary, team="fanout", result=nobody), reader="en")
    assert told.text == "None of 2 agents changed anything."


def test_u2_a_failed_run_says_why_in_the_words_of_the_program(make_summary: RunSummary) -> None:
    failure = Failure(kind="permanent", code="x", message="The subnet\x1b[31m needs two zones.")
    run = _ended(make_summary, status=RunStatus.FAILED, failure=failure)
    told = outcome_of(run, reader="ko")
    assert told.text == "The subnet [31m needs two zones."
    assert told.language == "en"
    assert outcome_of(replace(run, failure=None), reader="en").text.startswith("Failed")


def test_u2_a_run_under_way_says_what_it_waits_for(make_summary: RunSummary) -> None:
    running = _task("coder", TaskState.RUNNING)
    asking = _task("devops", TaskState.AWAITING)
    told = outcome_of(make_summary, reader="en", working=(running, asking))
    assert told.text == "The devops agent asks for approval: Write the note"
    assert "coder" in outcome_of(make_summary, reader="en", working=(running,)).text
    several = outcome_of(make_summary, reader="en", working=(running, _task("sre", running.state)))
    assert several.text == "2 tasks run: coder, sre."
    for status in (RunStatus.QUEUED, RunStatus.PLANNING, RunStatus.RUNNING):
        assert outcome_of(replace(make_summary, status=status), reader="ko").text


def test_u2_a_cancelled_run_and_a_plan_are_told(make_summary: RunSummary) -> None:
    assert outcome_of(replace(make_summary, status=RunStatus.CANCELLED), reader="en").text
    plan = _ended(make_summary, team="build", result={"plan": [{}, {}]})
    assert outcome_of(plan, reader="en").text == "Plan of 2 tasks; nothing was done."


def test_u2_results_of_any_shape_never_break_a_list(make_summary: RunSummary) -> None:
    for result in (None, 1, "x", [], [1], {"verdict": None}, {"ranking": 1, "results": "x"}):
        run = _ended(make_summary, team="fanout", result=result)
        assert outcome_of(run, reader="en").text


def test_u2_the_first_sentence_passes_headings_tables_and_code_by() -> None:
    report = "# Title\n\n```\ncode\n```\n| a | b |\n\n- **Done** with `pytest`.\n"
    assert first_sentence(report) == "Done with pytest."
    assert first_sentence("") == ""
