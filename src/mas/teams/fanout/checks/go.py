"""Reads what `go test` says, as `-json` events or as lines (F5)."""

from __future__ import annotations

import json
import re
from typing import Final

from mas.core.values import JsonValue
from mas.teams.fanout.checks.model import Outcome, TestCounts
from mas.teams.fanout.checks.report import Outcomes, Report

_ENDS: Final[dict[JsonValue, Outcome]] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_NOTHING_TO_RUN: Final = "[no tests to run]"
_OK: Final = re.compile(r"^ok  \t(\S+)\t(.*)$")
_FAIL: Final = re.compile(r"^FAIL\t(\S+)")


def read_events(text: str) -> tuple[Report | None, str]:
    """The report of `go test -json` and the text that `go test` would have printed.

    A package that ends well without having told of any test, nor that it has none, was ended
    before its tests: `os.Exit(0)` looks like this.
    """
    outcomes, said = Outcomes(), []
    running: set[str] = set()
    told: set[str] = set()
    nothing: set[str] = set()
    early = False
    for line in text.splitlines():
        event = _event(line)
        if event is None:
            said.append(line + "\n")
            continue
        package, test, action = (str(event.get(key, "")) for key in ("Package", "Test", "Action"))
        output = event.get("Output")
        if isinstance(output, str):
            said.append(output)
            if _NOTHING_TO_RUN in output:
                nothing.add(package)
        name = f"{package}.{test}"
        if test and action == "run":
            running.add(name)
            told.add(package)
        elif test and action in _ENDS:
            running.discard(name)
            outcomes.add(name, _ENDS[action])
        elif not test and action == "pass" and package not in told | nothing:
            early = True
        elif not test and action == "fail" and package not in told:
            outcomes.add(package, "failed")
    if not outcomes.by_name and not early and not nothing:
        return None, "".join(said)
    return outcomes.report(early=early or bool(running)), "".join(said)


def read_lines(text: str) -> Report | None:
    """The report of `go test` without `-json`: packages stand for their tests."""
    outcomes = Outcomes()
    seen = False
    for line in text.splitlines():
        if good := _OK.match(line):
            seen = True
            if _NOTHING_TO_RUN not in good.group(2):
                outcomes.add(good.group(1), "passed")
        elif bad := _FAIL.match(line):
            seen = True
            outcomes.add(bad.group(1), "failed")
    return outcomes.report() if seen else None


def nothing_told(report: Report) -> bool:
    """Whether there was no test at all."""
    return report.counts == TestCounts() and not report.early


def _event(line: str) -> dict[str, JsonValue] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "Action" in value else None
