"""What a runner has reported of its tests, whichever runner it was (F5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from mas.teams.fanout.checks.model import Outcome, TestCounts

_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_WORST: Final[Mapping[Outcome, int]] = {"skipped": 0, "passed": 1, "failed": 2}
_NAME_LIMIT: Final = 300


@dataclass(frozen=True, kw_only=True)
class Report:
    """Tests and their outcomes, as far as a runner has told them."""

    counts: TestCounts
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """By name: all tests when `named`, else some, such as the failed ones."""
    named: bool = False
    early: bool = False
    """A session of tests has begun and its end was not told."""

    @property
    def failed_names(self) -> tuple[str, ...]:
        """Of tests that failed, in the order in which they were told."""
        return self.names("failed")

    def names(self, outcome: Outcome) -> tuple[str, ...]:
        """Of tests with this outcome, in the order in which they were told."""
        return tuple(name for name, had in self.outcomes.items() if had == outcome)


EARLY: Final = Report(counts=TestCounts(), early=True)


class Outcomes:
    """Collects outcomes; of a test that is told twice the worse one counts."""

    def __init__(self) -> None:
        self.by_name: dict[str, Outcome] = {}

    def add(self, name: str, outcome: Outcome) -> None:
        """Take in the outcome of one test."""
        name = name[:_NAME_LIMIT]
        had = self.by_name.get(name)
        if had is None or _WORST[outcome] > _WORST[had]:
            self.by_name[name] = outcome

    def counts(self) -> TestCounts:
        """How many there are of each."""
        values = list(self.by_name.values())
        return TestCounts(
            passed=values.count("passed"),
            failed=values.count("failed"),
            skipped=values.count("skipped"),
        )

    def report(self, *, early: bool = False) -> Report:
        """All of them as a report that knows every name."""
        return Report(counts=self.counts(), outcomes=self.by_name, named=True, early=early)


def together(reports: Iterable[Report]) -> Report | None:
    """One report of all; None when there is none."""
    every = list(reports)
    if not every:
        return None
    if len(every) == 1:
        return every[0]
    return Report(
        counts=TestCounts(
            passed=sum(one.counts.passed for one in every),
            failed=sum(one.counts.failed for one in every),
            skipped=sum(one.counts.skipped for one in every),
        ),
        outcomes={name: had for one in every for name, had in one.outcomes.items()},
        named=all(one.named for one in every),
        early=any(one.early for one in every),
    )


def to_text(output: bytes) -> str:
    """Output as text: undecodable bytes replaced, colours and carriage returns taken out."""
    text = output.decode("utf-8", "replace")
    return _ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
