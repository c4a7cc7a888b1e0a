"""Checks and how they went, as records and results hold them (F5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from mas.core.executors import Ending
from mas.core.values import JsonValue

CheckKind = Literal["pytest", "unittest", "go", "cargo", "npm", "make", "command"]
"""Who runs the tests, as far as the command line tells; it decides what counts as a report."""

CheckEnding = Ending | Literal["not_started"]
"""How a check ended; `not_started`: its program is not there."""

Outcome = Literal["passed", "failed", "skipped"]

MOST_NAMES = 20_000
"""Tests that are told apart by name; of more, only the counts are compared."""
FAILED_SHOWN = 50
"""Names of failed tests that a result holds."""
REGRESSIONS_SHOWN = 200


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that is put into words when somebody reads it, in their language."""

    key: str
    params: Mapping[str, JsonValue] = msgspec.field(default_factory=dict)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A command that judges work by its exit code and, where there is one, its runner's report."""

    id: str
    """Unique within a run: `check-1`."""
    argv: tuple[str, ...]
    kind: CheckKind
    why: Reason
    """Why it is run: who asked for it, or what it was detected by."""
    command: str
    """As a person would type it."""
    prepare: tuple[tuple[str, ...], ...] = ()
    """Commands that are run before it in the same checkout, such as `npm ci`."""


class TestCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tests a runner has reported; errors of setting up count as failed."""

    __test__ = False

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def total(self) -> int:
        """All tests, skipped ones included."""
        return self.passed + self.failed + self.skipped

    @property
    def ran(self) -> int:
        """Tests that came to a judgement."""
        return self.passed + self.failed


class CheckRun(msgspec.Struct, frozen=True, kw_only=True):
    """How one check went on one commit."""

    id: str
    command: str
    kind: CheckKind
    passed: bool
    """Exit code 0, and a report that bears it out where the runner gives one."""
    exit_code: int | None
    """None: it did not start, or was stopped at its deadline."""
    ended: CheckEnding
    reason: Reason
    """Why it counts as passed or not; `checks.wording.say` puts it into words."""
    tests: TestCounts | None = None
    """None: no report of single tests was found."""
    failed_tests: tuple[str, ...] = ()
    """The first names of failed tests."""
    missing: int = 0
    """Tests that came to a judgement on the base and did not here."""
    restored: bool = False
    """Run with files of the base in place of what the agent had made of them."""
    output: str = ""
    """The end of what it said; undecodable bytes are replaced."""
    output_bytes: int = 0
    seconds: float = 0.0


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of single tests after a run of a check, for comparing with another run."""

    check: str
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    named: bool = False
    """The names are complete; else only `run.tests` can be compared."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of one commit: of the base, or of an agent's work."""

    runs: tuple[CheckRun, ...] = ()
    """What ranks: with the base's tests where the agent had changed them."""
    as_left: tuple[CheckRun, ...] = ()
    """With the agent's own changes to the tests; empty where it had made none."""
    regressions: tuple[str, ...] = ()
    """Tests, or whole checks, that pass on the base and do not here; the first names."""
    regression_count: int = 0
    tested: tuple[Tested, ...] = ()
    """Of the base alone: what agents' runs are compared with."""


class JudgingEdit(msgspec.Struct, frozen=True, kw_only=True):
    """A file that judges the work and that the agent has edited."""

    path: str
    change: str
    """A, M, D, R or T."""
    reason: Reason
    before: str = ""
    """Where it was, when it was renamed."""

    @property
    def restore(self) -> tuple[str, ...]:
        """Paths that are to be as they are on the base, for a fair run."""
        return (self.before, self.path) if self.before else (self.path,)
