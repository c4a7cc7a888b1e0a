"""Reads what the usual runners of JavaScript say at their end (F5)."""

from __future__ import annotations

import re
from typing import Final

from mas.teams.fanout.checks.model import Outcome, TestCounts
from mas.teams.fanout.checks.report import EARLY, Outcomes, Report

_NUMBER: Final = re.compile(r"(\d+) (passed|failed|skipped|todo|pending)")
_JEST: Final = re.compile(r"^Tests:\s+(.*\btotal)$")
_JEST_EXIT: Final = re.compile(r"^\s*● process\.exit called with")
_JEST_FAILED: Final = re.compile(r"^\s+● (.+ › .+)$")
_VITEST_BEGINS: Final = re.compile(r"^\s*RUN\s+v\d")
_VITEST: Final = re.compile(r"^\s+Tests\s+(.*)\(\d+\)")
_VITEST_NONE: Final = re.compile(r"^\s*(No test files found|Tests\s+no tests)")
_MOCHA: Final = re.compile(r"^\s+(\d+) (passing|failing|pending)\b")
_NODE: Final = re.compile(r"^(?:#|ℹ) (tests|pass|fail|cancelled|skipped|todo) (\d+)$")
_TAP_BEGINS: Final = re.compile(r"^TAP version \d+$")
_TAP: Final = re.compile(r"^(\s*)(not )?ok \d+ - (.*?)(?: # (SKIP|TODO|time)\b.*)?$")
_SPEC: Final = re.compile(r"^(\s*)([✔✖﹣]) (.+?) \(\d[\d.]*ms\)( # (?:SKIP|TODO).*)?$")
_SPEC_SUITE: Final = re.compile(r"^(\s*)▶ (.+?)(?: \(\d[\d.]*ms\))?$")
_FILE: Final = re.compile(r"^(?:[/\\]|[A-Za-z]:|file:).*\.[cm]?[jt]sx?$|^[\w./-]+\.[cm]?[jt]sx?$")
_SPEC_FAILURES: Final = re.compile(r"^✖ failing tests:$")
_MARKS: Final[dict[str, Outcome]] = {"✔": "passed", "✖": "failed", "﹣": "skipped"}


def read_javascript(text: str) -> tuple[Report, ...]:
    """The reports of all sessions of jest, vitest, mocha and `node --test` in the output."""
    lines = text.splitlines()
    reports = (_node(lines), _jest(lines), _vitest(lines), _mocha(lines))
    return tuple(one for one in reports if one is not None)


def _counts(text: str) -> TestCounts:
    found = {word: int(number) for number, word in _NUMBER.findall(text)}
    return TestCounts(
        passed=found.get("passed", 0),
        failed=found.get("failed", 0),
        skipped=found.get("skipped", 0) + found.get("todo", 0) + found.get("pending", 0),
    )


def _jest(lines: list[str]) -> Report | None:
    summary = next((found for line in reversed(lines) if (found := _JEST.match(line))), None)
    early = any(_JEST_EXIT.match(line) for line in lines)
    if summary is None:
        return EARLY if early else None
    outcomes = Outcomes()
    for line in lines:
        if found := _JEST_FAILED.match(line):
            outcomes.add(found.group(1), "failed")
    return Report(counts=_counts(summary.group(1)), outcomes=outcomes.by_name, early=early)


def _vitest(lines: list[str]) -> Report | None:
    begun = any(_VITEST_BEGINS.match(line) for line in lines)
    if not begun:
        return None
    summary = next((found for line in reversed(lines) if (found := _VITEST.match(line))), None)
    if summary is None:
        nothing = any(_VITEST_NONE.match(line) for line in lines)
        return Report(counts=TestCounts(), early=not nothing)
    return Report(counts=_counts(summary.group(1)))


def _mocha(lines: list[str]) -> Report | None:
    found = {}
    for line in lines:
        if match := _MOCHA.match(line):
            found[match.group(2)] = int(match.group(1))
    if "passing" not in found:
        return None
    return Report(
        counts=TestCounts(
            passed=found["passing"],
            failed=found.get("failing", 0),
            skipped=found.get("pending", 0),
        )
    )


def _node(lines: list[str]) -> Report | None:
    told = {}
    for line in lines:
        if match := _NODE.match(line):
            told[match.group(1)] = int(match.group(2))
    if "pass" not in told or "fail" not in told:
        return EARLY if any(_TAP_BEGINS.match(line) for line in lines) else None
    outcomes, empty_files = _node_tests(lines)
    return Report(
        counts=TestCounts(
            passed=max(told["pass"] - empty_files, 0),
            failed=told["fail"] + told.get("cancelled", 0),
            skipped=told.get("skipped", 0) + told.get("todo", 0),
        ),
        outcomes=outcomes.by_name,
        named=bool(outcomes.by_name),
    )


def _node_tests(lines: list[str]) -> tuple[Outcomes, int]:
    """Tests by name, and how many files ended well without having told of any test.

    Node counts such a file as a test that has passed, also when what it tests has ended it.
    """
    outcomes, empty, nested = Outcomes(), 0, False
    for line in lines:
        if _SPEC_FAILURES.match(line):
            break  # what follows repeats the tests that have failed
        if _SPEC_SUITE.match(line):
            nested = True
            continue
        indent, name, outcome = _node_test(line)
        if outcome is None:
            continue
        if indent:
            nested = True
            outcomes.add(name, outcome)
            continue
        if _FILE.match(name):
            empty += outcome == "passed" and not nested
        else:
            outcomes.add(name, outcome)
        nested = False
    return outcomes, empty


def _node_test(line: str) -> tuple[str, str, Outcome | None]:
    if tap := _TAP.match(line):
        bad, mark = tap.group(2), tap.group(4)
        outcome: Outcome = "skipped" if mark in ("SKIP", "TODO") else "failed" if bad else "passed"
        return tap.group(1), tap.group(3), outcome
    if spec := _SPEC.match(line):
        return spec.group(1), spec.group(3), "skipped" if spec.group(4) else _MARKS[spec.group(2)]
    return "", "", None
