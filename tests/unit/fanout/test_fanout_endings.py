"""What an agent's end makes of its work: by its process and by git, never by its words (F2)."""

from __future__ import annotations

import pytest

from mas.core.coding import AgentStatus, CoderReport
from mas.core.executors import Ending
from mas.core.failure import Failure
from mas.teams.fanout.ending import Ended, Ran, error_of, status_of

OVER = Failure(kind="budget", code="budget", message="The budget is used up.", hint="Raise it.")


def ran(
    kind: Ending = "exit",
    code: int | None = 0,
    *,
    report: CoderReport | None = None,
    refused: Failure | None = None,
) -> Ran:
    ended = Ended(kind=kind, exit_code=code)
    return Ran(ended=ended, report=report or CoderReport(), refused=refused)


@pytest.mark.parametrize(
    ("how", "net_change", "status"),
    [
        (ran(), True, "success"),
        (ran(), False, "no_changes"),
        (ran(code=3), True, "failed"),
        (ran("signal", 137), True, "killed"),
        (ran("oom", 137), True, "killed"),
        (ran("deadline", None), True, "timeout"),
        (ran(report=CoderReport(failure="The model said no.")), True, "failed"),
        (ran(refused=OVER), True, "failed"),
        (Ran(ended=Ended(kind="error", sentence="No.")), False, "error"),
        (Ran(ended=Ended(kind="cancelled")), True, "cancelled"),
    ],
)
def test_f2_the_status_names_how_the_work_ended(
    how: Ran, net_change: bool, status: AgentStatus
) -> None:
    assert status_of(how, net_change=net_change) == status


def test_f2_a_claim_of_success_does_not_make_one() -> None:
    boast = ran(report=CoderReport(text="All done, every test passes!"))
    assert status_of(boast, net_change=False) == "no_changes"


def test_f4_a_success_has_no_error_and_everything_else_says_why() -> None:
    def said(how: Ran, status: AgentStatus) -> str | None:
        return error_of(status, how, "en", seconds=60)

    assert said(ran(), "success") is None
    assert "changed nothing" in str(said(ran(), "no_changes"))
    assert "exit code 3" in str(said(ran(code=3), "failed"))
    assert "SIGKILL" in str(said(ran("signal", 137), "killed"))
    assert "memory" in str(said(ran("oom", 137), "killed"))
    assert "60 seconds" in str(said(ran("deadline", None), "timeout"))
    assert said(ran(refused=OVER), "failed") == "The budget is used up. Raise it."


def test_f2_denied_tools_are_named_where_nothing_was_changed() -> None:
    denied = ran(report=CoderReport(denied=("Bash", "Write")))
    assert "Bash, Write" in str(error_of("no_changes", denied, "en", seconds=1))
    assert "Bash, Write" in str(error_of("no_changes", denied, "ko", seconds=1))
