"""Every error of the tree has one HTTP status and one shape (U3, Q1)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from mas.core.errors import (
    Blocked,
    BudgetReached,
    Bug,
    MasError,
    Permanent,
    Refused,
    Transient,
    UserError,
)
from mas.http.problems import PROBLEM_JSON, problem, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("x"), 422),
        (UserError("x", code="unknown_run"), 404),
        (UserError("x", code="run_ended"), 409),
        (UserError("x", code="bad_json"), 400),
        (UserError("x", code="no_docker"), 503),
        (UserError("x", code="store_read_only"), 503),
        (Refused("x"), 403),
        (Refused("x", code="not_found"), 403),
        (BudgetReached("x"), 402),
        (Transient("x"), 503),
        (Permanent("x"), 500),
        (Blocked("x"), 500),
        (Bug("x"), 500),
        (MasError("x"), 500),
    ],
)
def test_q1_each_branch_of_the_error_tree_has_a_status(error: MasError, status: int) -> None:
    assert status_of(error) == status
    assert problem(error).status_code == status


def test_u3_a_problem_says_what_happened_and_what_to_do() -> None:
    answer = problem(UserError("There is no run 'x'.", hint="List them.", code="unknown_run"))
    assert answer.media_type == PROBLEM_JSON
    assert json.loads(bytes(answer.body)) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no run 'x'.",
        "code": "unknown_run",
        "hint": "List them.",
    }


@pytest.mark.parametrize(
    ("after", "told"), [(None, "5"), (timedelta(seconds=1.2), "2"), (timedelta(0), "1")]
)
def test_u3_what_may_be_tried_again_says_when(after: timedelta | None, told: str) -> None:
    assert problem(Transient("x", retry_after=after)).headers["retry-after"] == told


def test_q1_text_that_is_half_a_character_or_very_long_does_not_break_a_problem() -> None:
    body = bytes(problem(UserError("\ud800" + "x" * 100_000 + "\x1b[31m")).body)
    assert len(body) < 4000
    assert b"\x1b" not in body
