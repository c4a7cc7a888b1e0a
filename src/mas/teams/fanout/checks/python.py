"""Reads what pytest and unittest say at their end (F5)."""

from __future__ import annotations

import re
from typing import Final

from mas.teams.fanout.checks.model import TestCounts
from mas.teams.fanout.checks.report import Outcomes, Report

_NUMBER: Final = re.compile(r"(\d+) (\w+)")
_BEGINS: Final = re.compile(r"^=+ test session starts =+$")
_SUMMARY: Final = re.compile(
    r"^(?:=+ )?((?:\d+ [a-z]+, )*\d+ [a-z]+|no tests ran) in \d[\d.]*s"
    r"(?: \([\d:, a-z]+\))?(?: =+)?$"
)
_EXIT: Final = re.compile(r"^!+ (?:_pytest\.outcomes\.)?Exit\b.*!+$")
_RAN: Final = re.compile(r"^Ran (\d+) tests? in \d[\d.]*s$")
_OUTCOME: Final = re.compile(r"^(OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$")
_BAD: Final = re.compile(r"^(?:FAIL|ERROR): (\S.*)$")
_DETAIL: Final = re.compile(r"([a-z ]+)=(\d+)")


def exited(text: str) -> bool:
    """Whether a session of pytest was ended by what it ran, and pytest says so."""
    return any(_EXIT.match(line) for line in text.splitlines())


def read_pytest(text: str) -> Report | None:
    """What pytest has printed; its report tells more, where there is one."""
    begun = ended = passed = failed = skipped = 0
    for line in text.splitlines():
        if _BEGINS.match(line):
            begun += 1
        elif found := _SUMMARY.match(line):
            ended += 1
            numbers = {word: int(number) for number, word in _NUMBER.findall(found.group(1))}
            passed += numbers.get("passed", 0) + numbers.get("xpassed", 0)
            failed += sum(numbers.get(word, 0) for word in ("failed", "error", "errors"))
            skipped += sum(numbers.get(word, 0) for word in ("skipped", "xfailed"))
    if not begun and not ended:
        return None
    return Report(
        counts=TestCounts(passed=passed, failed=failed, skipped=skipped),
        early=begun > ended or exited(text),
    )


def read_unittest(text: str) -> Report | None:
    """What unittest has printed: how many tests it ran, and below it how they went."""
    outcomes = Outcomes()
    open_count: int | None = None
    seen = early = False
    passed = failed = skipped = 0
    for line in text.splitlines():
        if bad := _BAD.match(line):
            outcomes.add(bad.group(1), "failed")
        elif ran := _RAN.match(line):
            early |= open_count is not None
            seen, open_count = True, int(ran.group(1))
        elif open_count is not None and (result := _OUTCOME.match(line)):
            details = {name.strip(): int(n) for name, n in _DETAIL.findall(result.group(2) or "")}
            bad_ones = sum(
                details.get(name, 0) for name in ("failures", "errors", "unexpected successes")
            )
            skipped += details.get("skipped", 0)
            failed += bad_ones
            passed += max(open_count - bad_ones - details.get("skipped", 0), 0)
            open_count = None
    if not seen:
        return None
    return Report(
        counts=TestCounts(passed=passed, failed=failed, skipped=skipped),
        outcomes=outcomes.by_name,
        early=early or open_count is not None,
    )
