"""What runners report, and what counts as passed (F5)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.teams.fanout.checks.cargo import read_cargo
from mas.teams.fanout.checks.go import read_events, read_lines
from mas.teams.fanout.checks.javascript import read_javascript
from mas.teams.fanout.checks.junit import read_junit
from mas.teams.fanout.checks.model import CheckRun, TestCounts
from mas.teams.fanout.checks.naming import given_checks
from mas.teams.fanout.checks.python import exited, read_pytest, read_unittest
from mas.teams.fanout.checks.reading import read_quietly, read_report
from mas.teams.fanout.checks.report import Report
from mas.teams.fanout.checks.verdict import against_base, judge, to_tested


def counts(report: Report | None) -> tuple[int, int, int] | None:
    if report is None:
        return None
    return report.counts.passed, report.counts.failed, report.counts.skipped


JUNIT = """<?xml version="1.0"?><testsuites><testsuite tests="5">
<testcase classname="t.a" name="one"/>
<testcase classname="t.a" name="two"><failure message="m">boom</failure></testcase>
<testcase classname="t.a" name="three"><skipped/></testcase>
<testcase classname="t.a" name="four"><error/></testcase>
<testcase classname="" name="five"/><testcase classname="" name="five"><error/></testcase>
</testsuite></testsuites>"""


def test_f5_a_junit_report_tells_every_test_by_name() -> None:
    report = read_junit(JUNIT.encode())
    assert report is not None
    assert counts(report) == (1, 3, 1)
    assert report.names("failed") == ("t.a::two", "t.a::four", "five")


@given(st.integers(0, len(JUNIT) - 1))
def test_f5_a_junit_report_that_is_not_whole_is_none(cut: int) -> None:
    assert read_junit(JUNIT[:cut].encode()) is None


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        "",
        "no xml",
        "\x00",
    ],
)
def test_f5_a_report_with_a_document_type_or_without_sense_is_none(text: str) -> None:
    assert read_junit(text.encode()) is None


@given(st.binary(max_size=300))
def test_f5_no_report_makes_its_reader_fail(data: bytes) -> None:
    read_junit(data)
    text = data.decode("utf-8", "replace")
    for reader in (
        read_cargo,
        read_lines,
        read_events,
        read_javascript,
        read_pytest,
        read_unittest,
    ):
        reader(text)


@pytest.mark.parametrize(
    ("text", "told", "early"),
    [
        ("=== 3 passed in 0.01s ===", (3, 0, 0), False),
        ("1 failed, 2 passed, 1 skipped in 1.20s", (2, 1, 1), False),
        ("== 1 passed, 2 warnings, 1 error in 61.00s (0:01:01) ==", (1, 1, 0), False),
        ("no tests ran in 0.01s", (0, 0, 0), False),
        ("=== test session starts ===\ncollected 3 items\n", (0, 0, 0), True),
        ("it passed in 3s", None, False),
    ],
)
def test_f5_pytests_own_words_are_read(
    text: str, told: tuple[int, int, int] | None, early: bool
) -> None:
    report = read_pytest(text)
    assert counts(report) == told
    assert (report is not None and report.early) is early


def test_f5_a_session_that_was_broken_off_from_inside_is_seen() -> None:
    assert exited("!!!!!!!!! _pytest.outcomes.Exit: done !!!!!!!!!")
    assert exited("!!!!!!!!! Exit: done !!!!!!!!!")
    assert not exited("Exit: done")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ran 3 tests in 0.1s\n\nOK\n", (3, 0, 0)),
        ("Ran 3 tests in 0.1s\n\nOK (skipped=1, expected failures=1)\n", (2, 0, 1)),
        ("FAIL: a (t.T.a)\nRan 3 tests in 0.1s\n\nFAILED (failures=1, errors=1)\n", (1, 2, 0)),
        ("Ran 1 test in 0.1s\n\nOK\nRan 2 tests in 0.1s\n\nFAILED (errors=2)\n", (1, 2, 0)),
        ("Ran 0 tests in 0.000s\n\nNO TESTS RAN\n", (0, 0, 0)),
        ("nothing of the kind", None),
    ],
)
def test_f5_unittests_summary_is_read(text: str, told: tuple[int, int, int] | None) -> None:
    assert counts(read_unittest(text)) == told


def test_f5_a_summary_of_unittest_without_its_outcome_is_an_early_end() -> None:
    report = read_unittest("Ran 3 tests in 0.1s\n")
    assert report is not None
    assert report.early


def events(*lines: dict[str, Any]) -> str:
    return "\n".join(json.dumps(line) for line in lines)


def test_f5_events_of_go_tell_tests_and_what_go_would_have_said() -> None:
    report, text = read_events(
        events(
            {"Action": "run", "Package": "a", "Test": "TestX"},
            {"Action": "output", "Package": "a", "Test": "TestX", "Output": "--- FAIL: TestX\n"},
            {"Action": "fail", "Package": "a", "Test": "TestX"},
            {"Action": "output", "Package": "a", "Output": "FAIL\n"},
            {"Action": "fail", "Package": "a"},
            {"Action": "skip", "Package": "b"},
        )
    )
    assert report is not None
    assert dict(report.outcomes) == {"a.TestX": "failed"}
    assert not report.early
    assert text == "--- FAIL: TestX\nFAIL\n"


def test_f5_a_go_package_that_ends_well_without_telling_of_a_test_ended_early() -> None:
    early, _ = read_events(events({"Action": "pass", "Package": "a"}))
    none, _ = read_events(
        events(
            {"Action": "output", "Package": "a", "Output": "ok a 0.1s [no tests to run]\n"},
            {"Action": "pass", "Package": "a"},
        )
    )
    unfinished, _ = read_events(events({"Action": "run", "Package": "a", "Test": "TestX"}))
    assert early is not None
    assert early.early
    assert none is not None
    assert not none.early
    assert none.counts.total == 0
    assert unfinished is None or unfinished.early


def test_f5_a_go_package_that_does_not_compile_has_failed() -> None:
    report, _ = read_events(events({"Action": "fail", "Package": "a"}))
    assert counts(report) == (0, 1, 0)


CARGO = """     Running unittests src/lib.rs (target/debug/deps/x-1)

running 2 tests
test t::ig ... ignored
test t::sp - should panic ... ok

test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s

     Running tests/e.rs (target/debug/deps/e-1)

running 2 tests
test one ... FAILED
test two ... ok

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s
"""


def test_f5_cargo_is_read_program_by_program() -> None:
    report = read_cargo(CARGO)
    assert report is not None
    assert counts(report) == (2, 1, 1)
    assert report.named
    assert report.names("failed") == ("tests/e.rs one",)
    assert not report.early


def test_f5_a_test_program_of_cargo_without_a_result_ended_early() -> None:
    report = read_cargo("\n".join(CARGO.splitlines()[:-2]))
    assert report is not None
    assert report.early


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Tests:       1 failed, 2 skipped, 4 passed, 7 total\n", (4, 1, 2)),
        (" RUN  v1.2.0 /x\n      Tests  1 failed | 2 passed | 1 skipped (4)\n", (2, 1, 1)),
        ("  3 passing (12ms)\n  1 pending\n  2 failing\n", (3, 2, 1)),
        ("# tests 3\n# pass 2\n# fail 1\n# cancelled 0\n# skipped 0\n# todo 0\n", (2, 1, 0)),
        ("ℹ tests 3\nℹ pass 1\nℹ fail 0\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n", (1, 1, 1)),
        ("TAP version 13\nok 1 - /x/a.test.js\n# pass 1\n# fail 0\n", (0, 0, 0)),
        ("✔ /x/a.test.js (1.5ms)\n✔ adds (0.5ms)\nℹ pass 2\nℹ fail 0\n", (1, 0, 0)),
        (
            "TAP version 13\n    ok 1 - adds\nok 1 - /x/a.test.js\n# pass 1\n# fail 0\n",
            (1, 0, 0),
        ),
    ],
)
def test_f5_the_usual_runners_of_javascript_are_read(text: str, told: tuple[int, int, int]) -> None:
    (report,) = read_javascript(text)
    assert counts(report) == told
    assert not report.early


@pytest.mark.parametrize(
    "text",
    ["TAP version 13\n", " RUN  v1.2.0 /x\n", '  ● process.exit called with "0"\n'],
    ids=["node", "vitest", "jest"],
)
def test_f5_a_runner_of_javascript_without_a_summary_ended_early(text: str) -> None:
    (report,) = read_javascript(text)
    assert report.early


@pytest.mark.parametrize(
    "line", ["(1" * 300_000, " (1 " * 200_000, "1 a, " * 200_000, "!" * 600_000]
)
def test_f5_output_made_to_be_slow_is_read_in_time(line: str, tmp_path: Path) -> None:
    (check,) = given_checks(["make test"])
    report, tail = read_report(check, tmp_path, f"✔ {line}\n== {line}\n".encode(), cut=False)
    assert report is None
    assert len(tail) <= 4_000


@pytest.mark.parametrize(
    ("kind", "ended", "code", "report", "passed", "key"),
    [
        ("pytest", "exit", 0, TestCounts(passed=2), True, "check.passed"),
        ("pytest", "exit", 0, TestCounts(passed=2, skipped=1), True, "check.passed_some"),
        ("pytest", "exit", 0, None, False, "check.no_report"),
        ("pytest", "exit", 0, TestCounts(), False, "check.no_tests"),
        ("pytest", "exit", 0, TestCounts(skipped=3), False, "check.no_tests"),
        ("pytest", "exit", 5, None, False, "check.no_tests"),
        ("pytest", "exit", 0, TestCounts(passed=2, failed=1), False, "check.failed"),
        ("pytest", "exit", 2, TestCounts(passed=2), False, "check.exit"),
        ("pytest", "deadline", None, TestCounts(passed=2), False, "check.deadline"),
        ("pytest", "oom", 137, TestCounts(passed=2), False, "check.oom"),
        ("pytest", "signal", 139, None, False, "check.signal"),
        ("unittest", "exit", 0, None, False, "check.no_report"),
        ("go", "exit", 0, None, False, "check.no_report"),
        ("cargo", "exit", 0, None, False, "check.no_report"),
        ("npm", "exit", 0, None, True, "check.exit_only"),
        ("npm", "exit", 0, TestCounts(), False, "check.no_tests"),
        ("command", "exit", 0, None, True, "check.exit_only"),
        ("command", "exit", 0, TestCounts(failed=1), False, "check.failed"),
        ("command", "exit", 1, None, False, "check.exit"),
    ],
)
def test_f5_exit_code_and_report_together_decide(
    kind: Any, ended: Any, code: int | None, report: TestCounts | None, passed: bool, key: str
) -> None:
    made = Report(counts=report) if report is not None else None
    good, reason = judge(kind, ended, code, made)
    assert (good, reason.key) == (passed, key)


@pytest.mark.parametrize("kind", ["pytest", "cargo", "make", "command"])
def test_f5_a_session_that_did_not_tell_its_end_is_no_pass_whatever_it_has_told(kind: Any) -> None:
    early = Report(counts=TestCounts(passed=9), early=True)
    good, reason = judge(kind, "exit", 0, early)
    assert (good, reason.key) == (False, "check.early")


def ran(report: Report | None, kind: Any = "pytest") -> CheckRun:
    passed, reason = judge(kind, "exit", 0, report)
    return CheckRun(
        id="check-1",
        command="pytest",
        kind=kind,
        passed=passed,
        exit_code=0,
        ended="exit",
        reason=reason,
        tests=report.counts if report is not None else None,
    )


def report_of(**outcomes: Any) -> Report:
    values = list(outcomes.values())
    return Report(
        counts=TestCounts(
            passed=values.count("passed"),
            failed=values.count("failed"),
            skipped=values.count("skipped"),
        ),
        outcomes={name.replace("__", "["): had for name, had in outcomes.items()},
        named=True,
    )


BASE = report_of(a="passed", b__1="passed", b__2="passed", c="failed", d="skipped")


@pytest.mark.parametrize(
    ("now", "passed", "missing", "regressions"),
    [
        (report_of(a="passed", b__1="passed", b__2="passed", c="passed"), True, 0, ()),
        (report_of(a="passed", b__9="passed", c="passed"), True, 0, ()),
        (report_of(a="passed", c="passed"), False, 2, ("b[1", "b[2")),
        (report_of(a="passed", b__1="passed", b__2="passed"), False, 1, ()),
        (report_of(a="skipped", b__1="passed", c="passed"), False, 1, ("a",)),
        (report_of(a="failed", b__1="passed", c="passed"), False, 0, ("a",)),
        (report_of(a="passed", b__1="passed", c="failed"), False, 0, ("pytest",)),
    ],
)
def test_f5_a_run_is_held_to_the_tests_that_the_base_has_run(
    now: Report, passed: bool, missing: int, regressions: tuple[str, ...]
) -> None:
    base = ran(Report(counts=TestCounts(passed=3)) if "pytest" in regressions else BASE)
    run, lost = against_base(ran(now), now, base, to_tested(ran(BASE), BASE))
    assert (run.passed, run.missing) == (passed, missing)
    assert lost == regressions


def test_f5_without_names_fewer_tests_than_on_the_base_count_against_the_check() -> None:
    then, now = (Report(counts=TestCounts(passed=n)) for n in (5, 3))
    base = ran(then, "npm")
    run, lost = against_base(ran(now, "npm"), now, base, to_tested(base, then))
    assert (run.passed, run.missing, run.reason.key) == (False, 2, "check.missing")
    assert lost == ("pytest",)
    silent, _ = against_base(ran(None, "npm"), None, base, to_tested(base, then))
    assert (silent.passed, silent.reason.key) == (False, "check.report_gone")


def test_q2_only_an_ordinary_file_is_read_as_a_report(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    (tmp_path / "turned").symlink_to(tmp_path / "folder")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(65_000_000)
    assert read_quietly(tmp_path, "real") == b"x"
    for name in ("link", "folder", "huge", "missing"):
        assert read_quietly(tmp_path, name) is None
    assert read_quietly(tmp_path / "turned", "real") is None
