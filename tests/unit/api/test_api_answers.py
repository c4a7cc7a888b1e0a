"""The answer of `POST /orchestrate`, made of what a run has given (F6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from mas.api.orchestrate import Orchestrate, answer_of
from mas.core.errors import Permanent, UserError
from mas.core.failure import Failure
from mas.core.run import Run, RunStatus
from mas.core.values import JsonValue


def result(agent: int, status: str, error: str | None = None) -> dict[str, JsonValue]:
    branch = f"agent-{agent}"
    return {
        "agent_id": agent,
        "status": status,
        "coder": "script",
        "output": f"I am agent {agent}.",
        "error": error,
        "workspace": {"worktree_path": f"runs/run_r1/worktrees/{branch}", "branch_name": branch},
        "messages": [{"kind": "text", "text": "Hello."}],
        "commit": "c0ffee",
    }


def ended(
    *results: dict[str, JsonValue],
    status: RunStatus = RunStatus.SUCCEEDED,
    failure: Failure | None = None,
) -> Run:
    info: dict[str, JsonValue] = {
        "run_id": "r1",
        "run_dir": "runs/run_r1",
        "git_initialized": True,
        "base": {"branch": "main", "commit": "c0ffee"},
    }
    given: JsonValue = {"run_info": info, "results": list(results), "ranking": []}
    return Run(
        id="r1",
        request="Do it.",
        team="fanout",
        status=status,
        language="en",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        result=given if results else None,
        failure=failure,
    )


def test_f6_the_answer_has_exactly_the_shape_of_the_contract() -> None:
    run = ended(result(1, "success"), result(2, "failed", "It exited with 1."))
    assert answer_of(run).model_dump(exclude_unset=True) == {
        "status": "completed",
        "run_info": {"run_id": "r1", "run_dir": "runs/run_r1", "git_initialized": True},
        "summary": {"total_agents": 2, "successful": 1, "failed": 1},
        "results": [
            {
                "agent_id": 1,
                "status": "success",
                "output": "I am agent 1.",
                "workspace": {
                    "worktree_path": "runs/run_r1/worktrees/agent-1",
                    "branch_name": "agent-1",
                },
                "messages": [{"kind": "text", "text": "Hello."}],
            },
            {
                "agent_id": 2,
                "status": "error",
                "output": "I am agent 2.",
                "workspace": {
                    "worktree_path": "runs/run_r1/worktrees/agent-2",
                    "branch_name": "agent-2",
                },
                "messages": [{"kind": "text", "text": "Hello."}],
                "error": "It exited with 1.",
            },
        ],
    }


@pytest.mark.parametrize(
    "status", ["no_changes", "failed", "error", "timeout", "killed", "cancelled"]
)
def test_f6_all_but_success_is_an_error_that_says_why(status: str) -> None:
    answer = answer_of(ended(result(1, status), status=RunStatus.FAILED))
    assert answer.status == "failed"
    assert answer.results[0].status == "error"
    assert answer.results[0].error


def test_f6_a_cancelled_run_keeps_what_its_agents_have_done() -> None:
    run = ended(
        result(1, "success"), result(2, "cancelled", "Stopped."), status=RunStatus.CANCELLED
    )
    assert answer_of(run).status == "completed"


def test_f6_a_run_that_ended_without_results_is_an_error() -> None:
    failure = Failure(kind="permanent", code="no_git", message="There is no git.")
    with pytest.raises(Permanent, match="There is no git"):
        answer_of(ended(status=RunStatus.FAILED, failure=failure))
    with pytest.raises(UserError) as cancelled:
        answer_of(ended(status=RunStatus.CANCELLED))
    assert cancelled.value.code == "run_cancelled"


@pytest.mark.parametrize("count", [0, 11, -1, "x", "3", 1.5, 2.0, True, None, [], 10**30])
def test_q1_an_agent_count_that_is_no_number_from_1_to_10_is_refused(count: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Orchestrate.model_validate({"prompt": "Do it.", "agent_count": count})
    assert [error["loc"] for error in caught.value.errors()] == [("agent_count",)]


@pytest.mark.parametrize(
    "prompt", ["", " ", "\n\t\u3000", "x" * 100_001, "\ud800", None, 7, ["Do it."]]
)
def test_q1_a_prompt_that_says_nothing_or_too_much_is_refused(prompt: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Orchestrate.model_validate({"prompt": prompt})
    assert [error["loc"] for error in caught.value.errors()] == [("prompt",)]


@pytest.mark.parametrize("prompt", ["x", " x ", "가" * 100_000, "\n# Title\n"])
def test_f6_a_prompt_is_handed_on_byte_for_byte(prompt: str) -> None:
    wish = Orchestrate.model_validate({"prompt": prompt}).to_ask()
    assert wish.text == prompt
    assert (wish.team, wish.fanout.agents) == ("fanout", 1)


def test_f6_wishes_of_a_request_become_those_of_the_run() -> None:
    wish = Orchestrate.model_validate(
        {
            "prompt": "Do it.",
            "agent_count": 10,
            "coder": "script:/tmp/x.json",
            "repo": "/tmp/repo",
            "ref": "main",
            "checks": ["pytest -q"],
            "task_seconds": 5,
            "executor": "docker",
            "model": "anthropic:claude",
            "language": "ko",
        }
    ).to_ask()
    assert (wish.model, wish.language) == ("anthropic:claude", "ko")
    fanout = wish.fanout
    assert (fanout.agents, fanout.coders) == (10, ("script:/tmp/x.json",))
    assert (fanout.repo, fanout.ref, fanout.checks) == ("/tmp/repo", "main", ("pytest -q",))
    assert (fanout.task_seconds, fanout.executor) == (5.0, "docker")
    assert not fanout.unsafe_local


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_seconds", 0),
        ("task_seconds", float("nan")),
        ("task_seconds", float("inf")),
        ("task_seconds", "5"),
        ("task_seconds", 10**9),
        ("executor", "ssh"),
        ("language", "de"),
        ("checks", [""]),
        ("checks", ["x"] * 21),
        ("coder", ""),
        ("unsafe_local", True),
        ("agents", 3),
    ],
)
def test_q1_a_wish_that_cannot_be_met_or_is_unknown_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        Orchestrate.model_validate({"prompt": "Do it.", field: value})
    assert caught.value.errors()[0]["loc"][0] == field
