"""Everything that MAS says of an error or a check is there in Korean for whoever reads Korean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest

from mas.app.diagnosis import Check
from mas.core.coding import AgentStatus
from mas.core.errors import UserError
from mas.core.events import Event, RunFinished, TaskFailed
from mas.core.failure import Failure
from mas.core.run import RunStatus, RunSummary, TaskState
from mas.web.views.checkup import to_looked
from mas.web.views.events import Names, row_of
from mas.web.views.faults import fault_of, told_failure
from mas.web.views.graph import graph_of
from mas.web.views.lanes import lanes_of
from mas.web.views.outcomes import outcome_of
from mas.web.views.run_notices import notices_of
from mas.web.wording import checks
from mas.web.wording.failures import KOREAN, TOPICS
from support.error_codes import Code, codes_of
from support.run_details import RUN, at, make_detail, make_task

_ELSEWHERE = ("api/", "cli/", "mcp_servers/", "testing/")
"""Faces of their own: what they alone say is answered to programs and on the command line."""

_NOT_TOLD: Mapping[str, str] = {
    "budget_reached": "the gateway says it to a coder, never to a person",
    "missing_component": "a finding about a tool in a cluster, worded as `cluster.fault.`",
    "not_ready": "the same",
    "zero_replicas": "the same",
}
_BUILT: Mapping[str, tuple[str, ...]] = {
    "{}_too_long": ("request_too_long", "comment_too_long"),
    "{}_not_text": ("request_not_text", "comment_not_text"),
    "sandbox_{}": (
        "sandbox_bubblewrap",
        "sandbox_landlock",
        "sandbox_none",
        "sandbox_own_user",
    ),
    "cluster_{}": ("cluster_live", "cluster_snapshot"),
}
"""Codes that are put together, and what becomes of them."""

_SAYS_ENOUGH: Mapping[str, str] = {
    "all_failed": "the value is the run, whose page it stands on",
    "former_token": "the value is a name, which the Korean sentence says, too",
    "nobody_listens": "the value is the run, whose page the form is on",
    "not_found": "the sentences differ, and each says just that",
}
"""Codes whose English sentence holds a value and is still not shown beside the Korean one."""

_AGENTS = frozenset(get_args(AgentStatus)) - {"success"}
"""Also codes of failures: how an agent's work ended."""


def _met() -> list[Code]:
    return [one for one in codes_of() if not one.place.startswith(_ELSEWHERE)]


def _codes() -> set[str]:
    built = {code for one in _met() for code in _BUILT.get(one.code, (one.code,))}
    return (built | _AGENTS) - set(_NOT_TOLD)


def test_u2_every_code_that_a_person_may_meet_has_a_korean_sentence() -> None:
    missing = {
        one.code: one.place
        for one in _met()
        for code in _BUILT.get(one.code, (one.code,))
        if code not in KOREAN and code not in checks.KOREAN and code not in _NOT_TOLD
    }
    assert not missing, missing
    assert set(KOREAN) >= _AGENTS


def test_u2_no_korean_sentence_and_no_exception_is_left_over() -> None:
    in_source = {one.code for one in _met()}
    assert set(KOREAN) | set(checks.KOREAN) <= _codes(), "no such code is left"
    assert set(_NOT_TOLD) | set(_BUILT) <= in_source
    assert set(_SAYS_ENOUGH) <= set(KOREAN)
    assert sum(map(len, TOPICS)) == len(KOREAN), "a code stands in two topics"


def test_u2_where_an_english_sentence_holds_values_it_stands_beside_the_korean_one() -> None:
    lost = {
        one.code: one.place
        for one in _met()
        for code in _BUILT.get(one.code, (one.code,))
        if code in KOREAN
        and KOREAN[code].beside == "nothing"
        and not (one.constant or code in _SAYS_ENOUGH or one.code in _BUILT)
    }
    assert not lost, lost


@pytest.mark.parametrize("code", sorted(KOREAN))
def test_u2_a_korean_entry_is_a_sentence_and_a_step_in_one_style(code: str) -> None:
    sentence, step, _ = KOREAN[code]
    assert sentence.endswith("다."), sentence
    assert re.search(r"(십시오|다)\.", step), step
    assert "`" not in sentence, "a sentence stands where no code can be marked"
    for text in (sentence, step):
        assert re.search("[가-힣]", text)
        assert not re.search(r"[!]|해요|세요|\([가-힣]{1,2}\)", text), text
        assert text.count("`") % 2 == 0


def test_u2_a_readers_language_decides_what_an_error_says() -> None:
    error = UserError("There is no run 'x'.", hint="See: mas runs list", code="unknown_run")
    english, korean = (fault_of(error, field="", reader=one) for one in ("en", "ko"))
    assert (english.sentence, english.original, english.hint) == (error.message, "", error.hint)
    assert english.language == english.hint_language == "en"
    assert korean.sentence == "그런 실행이 없습니다."
    assert korean.original == error.message
    assert korean.hint == KOREAN["unknown_run"].step
    assert korean.language == korean.hint_language == "ko"


def test_u2_an_error_of_a_plugin_is_told_in_its_own_words() -> None:
    told = told_failure(
        Failure(kind="user", code="of_a_plugin", message="It is odd.", hint="Mend it."), "ko"
    )
    assert (told.sentence, told.language, told.original) == ("It is odd.", "en", "")
    assert (told.hint, told.hint_language) == ("Mend it.", "en")


def test_f2_what_a_team_says_in_the_language_of_its_run_is_not_said_again() -> None:
    late = Failure(kind="permanent", code="timeout", message="에이전트를 9초 뒤에 멈췄습니다.")
    assert told_failure(late, "ko").sentence == late.message
    assert told_failure(late, "en").language == "ko"
    english = Failure(kind="permanent", code="timeout", message="It was stopped after 9 seconds.")
    told = told_failure(english, "ko")
    assert (told.sentence, told.language) == (KOREAN["timeout"].sentence, "ko")
    assert told.original == english.message


def test_u2_a_failed_run_is_told_in_korean_wherever_its_page_says_why(
    make_summary: RunSummary,
) -> None:
    why = Failure(
        kind="user", code="model_key", message="The key in K is refused.", hint="Set K anew."
    )
    said = KOREAN["model_key"]
    task = replace(make_task("build", state=TaskState.FAILED), failure=why)
    detail = make_detail((task,), status=RunStatus.FAILED, failure=why, stop_reason="error")
    (notice,) = notices_of(detail, "ko")
    assert (notice.title, notice.title_language) == (said.sentence, "ko")
    assert notice.original == f"{why.message} {why.hint}"
    assert (notice.hint, notice.hint_language) == (said.step, "ko")
    assert notice.details[0].told is not None
    assert notice.details[0].told.sentence == said.sentence
    assert outcome_of(detail.run, reader="ko").text == said.sentence
    (row,) = graph_of((task,), language="ko", now=at(100)).rows
    assert row.failure is not None
    assert row.failure.sentence == said.sentence
    lanes = lanes_of(detail, language="ko", now=at(100))
    assert said.sentence in str(lanes)
    names = Names(roles={}, titles={})
    for body in (
        TaskFailed(task="build", attempt=1, failure=why),
        RunFinished(status=RunStatus.FAILED, stop_reason="error", failure=why),
    ):
        text = str(row_of(Event(run_id=RUN, number=1, at=at(1), body=body), names, "ko").text)
        assert said.sentence in text
        assert why.message not in text


@pytest.mark.parametrize("code", sorted(checks.KOREAN))
def test_u5_a_check_is_told_with_its_values_in_korean(code: str) -> None:
    class Any(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return f"<{key}>"

    found, mend = checks.KOREAN[code]
    check = Check(name="x", ok=False, found="It is odd.", mend="Mend it.", code=code, values=Any())
    korean = to_looked(check, "ko").told
    assert korean.sentence == re.sub(r"\{(\w+)\}", r"<\1>", found)
    assert korean.hint == re.sub(r"\{(\w+)\}", r"<\1>", mend)
    assert (korean.language, korean.original) == ("ko", "")
    english = to_looked(check, "en").told
    assert (english.sentence, english.hint) == ("It is odd.", "Mend it.")


def test_u5_a_check_that_ended_with_an_error_is_told_by_its_code() -> None:
    check = Check(
        name="git", ok=False, found="/x/git is too old.", mend="Newer!", code="git_too_old"
    )
    told = to_looked(check, "ko").told
    assert told.sentence == KOREAN["git_too_old"].sentence
    assert told.original == check.found
    assert told.hint == KOREAN["git_too_old"].step
