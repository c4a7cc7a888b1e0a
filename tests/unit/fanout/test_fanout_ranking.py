"""Places of agents: by evidence, whoever was handed in first, and with reasons (F5)."""

from __future__ import annotations

from itertools import pairwise
from string import Formatter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.coding import AgentStatus
from mas.teams.fanout import ranking_wording
from mas.teams.fanout.checks import wording
from mas.teams.fanout.checks.model import CheckRun, JudgingEdit, Reason, TestCounts
from mas.teams.fanout.ranking import Candidate, Preference, rank, tied

STATUSES: tuple[AgentStatus, ...] = ("success", "failed", "error", "timeout", "killed", "cancelled")
EDIT = JudgingEdit(
    path="tests/test_a.py",
    change="M",
    reason=Reason(key="edit.test", params={"path": "tests/test_a.py"}),
)


def run(passed: bool, *, failed: int = 0, ok: int = 3, missing: int = 0) -> CheckRun:
    return CheckRun(
        id="check-1",
        command="pytest",
        kind="pytest",
        passed=passed,
        exit_code=0 if passed else 1,
        ended="exit",
        reason=Reason(key="check.passed", params={"passed": ok}),
        tests=TestCounts(passed=ok, failed=failed),
        missing=missing,
    )


def agent(
    number: int, *checks: CheckRun, status: AgentStatus = "success", **more: object
) -> Candidate:
    given = {"net_change": True, "additions": 10, "deletions": 2, "files": 1, **more}
    return Candidate(agent_id=number, status=status, checks=checks, **given)  # type: ignore[arg-type]


def order(*candidates: Candidate, preference: Preference | None = None) -> list[int]:
    return [one.agent_id for one in rank(candidates, preference=preference)]


def why(*candidates: Candidate, preference: Preference | None = None) -> str:
    """What is said of the first."""
    first = rank(candidates, preference=preference)[0]
    return " ".join(ranking_wording.say(reason, "en") for reason in first.reasons)


GOOD, BAD = run(True), run(False, failed=1)


@pytest.mark.parametrize(
    ("better", "worse", "said"),
    [
        (agent(2, BAD), agent(1, GOOD, net_change=False), "changed nothing"),
        (agent(2, BAD), agent(1, GOOD, edits=(EDIT,)), "edited files that judge"),
        (agent(2, GOOD, BAD), agent(1, BAD, BAD), "1 of 2 against 0 of 2"),
        (agent(2, BAD), agent(1, run(False, failed=2)), "1 against 2"),
        (agent(2, BAD), agent(1, run(False, failed=1, missing=4)), "1 against 5"),
        (agent(2, BAD), agent(1, run(False, ok=0)), "told nothing of single tests"),
        (agent(2, GOOD), agent(1, GOOD, regressions=("t",), regression_count=1), "0 against 1"),
        (agent(2, GOOD), agent(1, GOOD, status="timeout"), "did not finish"),
        (agent(2, GOOD, additions=1), agent(1, GOOD), "3 lines against 12"),
        (agent(2, GOOD, files=1), agent(1, GOOD, files=2), "1 against 2"),
        (agent(1, GOOD), agent(2, GOOD), "lower number"),
    ],
)
def test_f5_each_rule_of_the_ranking_puts_the_better_first_and_says_why(
    better: Candidate, worse: Candidate, said: str
) -> None:
    assert order(worse, better) == [better.agent_id, worse.agent_id]
    assert said in why(worse, better)


def test_f5_a_judge_decides_before_size_and_never_before_a_check() -> None:
    small, large, failed = agent(1, GOOD), agent(2, GOOD, additions=90), agent(3, BAD)
    prefers = Preference(positions={1: 1, 2: 0, 3: -5}, by="test:judge")
    assert tied([failed, large, small]) == ((1, 2),)
    assert order(small, large, failed) == [1, 2, 3]
    assert order(small, large, failed, preference=prefers) == [2, 1, 3]
    assert "the judging model prefers" in why(small, large, preference=prefers)


def test_f5_a_judge_that_has_not_placed_all_of_a_tie_is_left_out() -> None:
    prefers = Preference(positions={2: 0}, by="test:judge")
    assert order(agent(1, GOOD), agent(2, GOOD, additions=90), preference=prefers) == [1, 2]


def test_f5_agents_without_a_change_come_last_and_have_no_place() -> None:
    ranked = rank([agent(1, net_change=False, status="no_changes"), agent(2, BAD)])
    assert [(one.agent_id, one.place) for one in ranked] == [(2, 1), (1, None)]
    assert ranked[-1].score == 0
    assert ranked[-1].checks == ()


_runs = st.builds(
    run,
    st.booleans(),
    failed=st.integers(0, 3),
    ok=st.integers(0, 3),
    missing=st.integers(0, 2),
)


@st.composite
def _fields(draw: st.DrawFn) -> list[Candidate]:
    many = draw(st.integers(1, 10))
    checks = draw(st.integers(0, 2))
    return [
        Candidate(
            agent_id=number,
            status=draw(st.sampled_from(STATUSES)),
            net_change=draw(st.booleans()),
            additions=draw(st.integers(0, 3)),
            files=draw(st.integers(0, 2)),
            checks=tuple(draw(_runs) for _ in range(checks)),
            regression_count=draw(st.integers(0, 2)),
            edits=(EDIT,) if draw(st.booleans()) else (),
        )
        for number in range(1, many + 1)
    ]


_preferences = st.none() | st.dictionaries(st.integers(1, 10), st.integers(-3, 3)).map(
    lambda positions: Preference(positions=positions, by="test:judge")
)


@given(_fields(), _preferences, st.randoms(use_true_random=False))
def test_f5_places_do_not_depend_on_the_order_in_which_agents_are_handed_in(
    candidates: list[Candidate], preference: Preference | None, random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(candidates, preference=preference) == rank(shuffled, preference=preference)


@given(_fields(), _preferences)
def test_f5_every_agent_is_ranked_once_and_evidence_goes_before_preference(
    candidates: list[Candidate], preference: Preference | None
) -> None:
    ranked = rank(candidates, preference=preference)
    by_id = {one.agent_id: one for one in candidates}
    assert sorted(one.agent_id for one in ranked) == sorted(by_id)
    placed = [one for one in ranked if one.place is not None]
    assert [one.place for one in placed] == list(range(1, len(placed) + 1))
    assert ranked[: len(placed)] == tuple(placed)
    scores = [one.score for one in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)
    inside = [by_id[one.agent_id] for one in placed]
    for ahead, behind in pairwise(inside):
        assert (bool(ahead.edits), -ahead.checks_passed) <= (
            bool(behind.edits),
            -behind.checks_passed,
        )
    for group in tied(candidates):
        places = [place for place, one in enumerate(ranked) if one.agent_id in group]
        assert places == list(range(places[0], places[0] + len(group)))


@given(_fields(), _preferences)
def test_f5_every_reason_can_be_said_in_both_languages(
    candidates: list[Candidate], preference: Preference | None
) -> None:
    for one in rank(candidates, preference=preference):
        for reason in one.reasons:
            back = msgspec.json.decode(msgspec.json.encode(reason), type=Reason)
            assert ranking_wording.say(back, "en") != ranking_wording.say(back, "ko")


@pytest.mark.parametrize("texts", [wording.TEXTS, ranking_wording.TEXTS], ids=["checks", "places"])
def test_f5_both_languages_say_the_same_things(texts: dict[str, tuple[str, str]]) -> None:
    for key, pair in texts.items():
        english, korean = (
            {name for _, name, _, _ in Formatter().parse(one) if name} for one in pair
        )
        assert english == korean, key


def test_f5_places_are_ranked_by_full_share_of_checks() -> None:
    assert order(agent(1, GOOD, BAD), agent(2, GOOD, GOOD), agent(3, BAD, BAD)) == [2, 1, 3]
