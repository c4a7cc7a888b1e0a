"""Finds the report of a run, in the file that was asked for and in what was said (F5)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from mas.teams.fanout.checks import cargo, go, javascript, python
from mas.teams.fanout.checks.junit import read_junit
from mas.teams.fanout.checks.model import Check, TestCounts
from mas.teams.fanout.checks.report import Report, to_text, together

REPORT: Final = "junit.xml"
_REPORT_LIMIT: Final = 64_000_000
_LINE_LIMIT: Final = 1_000
_TAIL: Final = 4_000


def asked_for_report(check: Check, path: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The check's command line and variables, with which its runner reports.

    Every check gets what pytest reads, since it may be hidden behind `make test`.
    """
    argv, flag = check.argv, f"--junitxml={path}"
    if check.kind == "pytest" and "--" not in argv:
        # The last one counts: the command line may name a report of its own.
        argv = (*argv, flag)
    if check.kind == "go" and not {"-json", "-c", "-h"} & set(argv):
        at = argv.index("test") + 1
        argv = (*argv[:at], "-json", *argv[at:])
    return argv, {"PYTEST_ADDOPTS": flag}


def read_report(
    check: Check, folder: Path, output: bytes, *, cut: bool
) -> tuple[Report | None, str]:
    """The report of a run, and the end of its output for people.

    `folder` is where the runner was asked to write; `cut`: output is missing in the middle.
    """
    text = to_text(output)
    reports = []
    if check.kind == "go":
        events, text = go.read_events(text)
        if events is not None:
            reports.append(events)
    lines = "\n".join(line[:_LINE_LIMIT] for line in text.split("\n"))
    data = read_quietly(folder, REPORT)
    junit = read_junit(data) if data is not None else None
    if check.kind == "pytest":
        reports += [_held_to(junit, lines)] if junit is not None else []
    elif check.kind == "unittest":
        reports += [one for one in [python.read_unittest(lines)] if one is not None]
    elif check.kind == "cargo":
        reports += [one for one in [cargo.read_cargo(lines)] if one is not None]
    elif check.kind != "go":
        reports += _all(junit, lines)
    report = together(reports)
    if report is not None and cut and check.kind != "pytest":
        report = Report(counts=report.counts, outcomes=report.outcomes, early=False)
    return report, _tail(text)


def read_quietly(folder: Path, name: str) -> bytes | None:
    """A file that hostile code may have made; None unless it is an ordinary one of a sane size."""
    try:
        where = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
    except OSError:
        return None
    finally:
        os.close(where)
    try:
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _REPORT_LIMIT:
            return None
        with os.fdopen(opened, "rb", closefd=False) as file:
            return file.read(_REPORT_LIMIT)
    finally:
        os.close(opened)


def _held_to(junit: Report, lines: str) -> Report:
    """A report of pytest, unless pytest says that its session was broken off."""
    return (
        Report(counts=junit.counts, outcomes=junit.outcomes, named=junit.named, early=True)
        if python.exited(lines)
        else junit
    )


def _all(junit: Report | None, lines: str) -> list[Report]:
    """What any known runner has said, where the command line does not tell which one it is."""
    said = python.read_pytest(lines)
    if junit is not None:
        # Several sessions write the same file: it is the last one's.
        several = said is not None and said.counts.ran > junit.counts.ran
        early = said is not None and said.early
        found: list[Report | None] = [
            Report(
                counts=said.counts if several and said is not None else junit.counts,
                outcomes=junit.outcomes,
                named=junit.named and not several,
                early=early,
            )
        ]
    else:
        found = [said]
    found += [python.read_unittest(lines), cargo.read_cargo(lines), go.read_lines(lines)]
    found += javascript.read_javascript(lines)
    told = [one for one in found if one is not None]
    return [one for one in told if one.early or one.counts != TestCounts()] or told


def _tail(text: str) -> str:
    clean = "".join(mark if mark.isprintable() or mark in "\n\t" else " " for mark in text[-_TAIL:])
    return clean.strip("\n")
