"""Whether a check counts as passed, and why (F5).

An exit code of 0 alone is no proof where a runner gives a report: code under test that ends the
process early (`os._exit(0)`) leaves exit code 0, and a report that is missing or not whole. The
report comes from the process that runs the agent's code; one that forges it on purpose is not
found out here, but by tests of the base that it does not name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from mas.core.values import JsonValue
from mas.teams.fanout.checks.model import (
    MOST_NAMES,
    CheckEnding,
    CheckKind,
    CheckRun,
    Reason,
    Tested,
)
from mas.teams.fanout.checks.report import Report

_REPORTING: Final = frozenset({"pytest", "unittest", "go", "cargo"})
"""Kinds whose runner always reports its tests."""
_NO_TESTS_EXIT: Final[Mapping[CheckKind, int]] = {"pytest": 5, "unittest": 5}
_CASE: Final[Mapping[CheckKind, re.Pattern[str]]] = {
    "go": re.compile(r"/.*$", re.DOTALL),
    "pytest": re.compile(r"\[.*$", re.DOTALL),
    "make": re.compile(r"\[.*$", re.DOTALL),
    "command": re.compile(r"\[.*$", re.DOTALL),
}
"""What tells the cases of one test apart. Which cases there are may follow from the work itself;
that the test is run may not."""
_NAMED_IN_REASON: Final = 3


def judge(
    kind: CheckKind, ended: CheckEnding, exit_code: int | None, report: Report | None
) -> tuple[bool, Reason]:
    """Whether a run counts as passed by what it has told itself, and why."""
    if ended == "deadline":
        return False, Reason(key="check.deadline")
    if ended == "oom":
        return False, Reason(key="check.oom")
    if report is not None and report.early:
        return False, Reason(key="check.early")
    counts = report.counts if report is not None else None
    if counts is not None and counts.failed:
        return False, _reason("check.failed", failed=counts.failed, total=counts.total)
    if exit_code and exit_code == _NO_TESTS_EXIT.get(kind) and not (counts and counts.ran):
        return False, Reason(key="check.no_tests")
    if ended == "signal":
        return False, _reason("check.signal", code=exit_code)
    if exit_code != 0:
        return False, _reason("check.exit", code=exit_code)
    if counts is None:
        if kind in _REPORTING:
            return False, Reason(key="check.no_report")
        return True, Reason(key="check.exit_only")
    if not counts.ran:
        return False, Reason(key="check.no_tests")
    if counts.skipped:
        return True, _reason("check.passed_some", passed=counts.passed, skipped=counts.skipped)
    return True, _reason("check.passed", passed=counts.passed)


def to_tested(run: CheckRun, report: Report | None) -> Tested:
    """What is kept of a run on the base for comparing with."""
    if report is None or not report.named or len(report.outcomes) > MOST_NAMES:
        return Tested(check=run.id)
    return Tested(
        check=run.id,
        passed=report.names("passed"),
        failed=report.names("failed"),
        named=True,
    )


def against_base(
    run: CheckRun, report: Report | None, base: CheckRun, known: Tested
) -> tuple[CheckRun, tuple[str, ...]]:
    """The run, held to the tests that the base has run, and its regressions.

    Tests that came to a judgement on the base and do not any more, because they are skipped or
    never reached, count against the check, even if all others pass.
    """
    missing, names = _missing(run, report, base, known)
    run = msgspec.structs.replace(run, missing=missing)
    if run.passed and missing:
        key = "check.report_gone" if run.tests is None else "check.missing"
        shown = ", ".join(names[:_NAMED_IN_REASON])
        reason = _reason(f"{key}_named" if shown else key, count=missing, names=shown)
        run = msgspec.structs.replace(run, passed=False, reason=reason)
    regressions = _regressions(run, report, known)
    if not regressions and base.passed and not run.passed:
        regressions = (run.command,)
    return run, regressions


def _missing(
    run: CheckRun, report: Report | None, base: CheckRun, known: Tested
) -> tuple[int, tuple[str, ...]]:
    """How many tests of the base came to no judgement, and their names where they have any."""
    if base.tests is None:
        return 0, ()
    if known.named and report is not None and report.named:
        judged = {
            _test(run, name) for name, had in report.outcomes.items() if had in ("passed", "failed")
        }
        gone = tuple(
            name for name in (*known.passed, *known.failed) if _test(run, name) not in judged
        )
        return len(gone), gone
    ran = run.tests.ran if run.tests is not None else 0
    return max(base.tests.ran - ran, 0), ()


def _regressions(run: CheckRun, report: Report | None, known: Tested) -> tuple[str, ...]:
    if not known.named:
        return ()
    if report is None or not report.named:
        # Nothing is known of any test: each that had passed is one that no longer does.
        return known.passed if run.tests is None and not run.passed else ()
    judged = {_test(run, name) for name, had in report.outcomes.items() if had != "skipped"}
    return tuple(
        name
        for name in known.passed
        if report.outcomes.get(name) == "failed" or _test(run, name) not in judged
    )


def _test(run: CheckRun, name: str) -> str:
    """The name of a test without that of its case."""
    pattern = _CASE.get(run.kind)
    return pattern.sub("", name) if pattern else name


def _reason(key: str, **params: JsonValue) -> Reason:
    return Reason(key=key, params=params)
