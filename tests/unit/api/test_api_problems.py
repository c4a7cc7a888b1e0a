"""Every error of the tree has one HTTP status and one shape (U3, Q1)."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

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
from mas.http.problems import PROBLEM_JSON, install, of_body, problem, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("x"), 422),
        (UserError("x", code="unknown_run"), 404),
        (UserError("x", code="unknown_approval"), 404),
        (UserError("x", code="run_ended"), 409),
        (UserError("x", code="idempotency_conflict"), 409),
        (UserError("x", code="nothing_to_retry"), 409),
        (UserError("x", code="forbidden"), 403),
        (UserError("x", code="wrong_token"), 401),
        (Transient("x", code="too_many_attempts"), 429),
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


def test_u3_what_a_body_names_and_is_not_there_makes_the_body_unfit() -> None:
    for code, model, status in (
        ("unknown_run", None, 422),
        ("unknown_role", None, 422),
        ("model_setting", "none:such", 422),
        ("model_setting", None, 503),
        ("run_ended", None, 409),
    ):
        with pytest.raises(UserError) as told, of_body(model=model):
            raise UserError("x", code=code)
        assert status_of(told.value) == status


def test_u3_a_wrong_method_is_told_all_the_right_ones() -> None:
    app = FastAPI()
    install(app)

    @app.get("/things")
    async def show() -> None: ...

    @app.post("/things")
    async def make() -> None: ...

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.delete("/things")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert "GET, POST" in answer.json()["hint"]
