"""Reads what `cargo test` says (F5)."""

from __future__ import annotations

import re
from typing import Final

from mas.teams.fanout.checks.model import Outcome
from mas.teams.fanout.checks.report import Outcomes, Report

_BINARY: Final = re.compile(r"^\s+(?:Running (?:unittests )?(\S+)|Doc-tests (\S+))")
_BEGINS: Final = re.compile(r"^running (\d+) tests?$")
_TEST: Final = re.compile(r"^test (.+?)(?: - should panic)? \.\.\. (\w+)")
_RESULT: Final = re.compile(
    r"test result: (?:ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored"
)
_OUTCOMES: Final[dict[str, Outcome]] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


def read_cargo(text: str) -> Report | None:
    """The report of all test programs together.

    Each of them says how many tests it runs, and then its result: one that says no result was
    ended by what it tests.
    """
    outcomes, binary = Outcomes(), ""
    begun = ended = passed = failed = ignored = 0
    for line in text.splitlines():
        if found := _BINARY.match(line):
            binary = found.group(1) or f"doc {found.group(2)}"
        elif _BEGINS.match(line):
            begun += 1
        elif (found := _TEST.match(line)) and found.group(2) in _OUTCOMES:
            outcomes.add(f"{binary} {found.group(1)}".strip(), _OUTCOMES[found.group(2)])
        # Output of a test may stand before it on the same line.
        if found := _RESULT.search(line):
            ended += 1
            passed += int(found.group(1))
            failed += int(found.group(2))
            ignored += int(found.group(3))
    if not begun and not ended:
        return None
    counts = outcomes.counts()
    told = (passed, failed, ignored)
    named = (counts.passed, counts.failed, counts.skipped) == told
    return Report(
        counts=type(counts)(passed=passed, failed=failed, skipped=ignored),
        outcomes=outcomes.by_name,
        named=named,
        early=begun > ended,
    )
