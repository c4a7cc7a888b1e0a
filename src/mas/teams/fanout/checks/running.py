"""Runs checks on clean checkouts in the sandbox, and compares them with the base (F5, S1).

Each check has a checkout, a home and a folder for its runner's report of its own, so that none
sees what another has left. They are removed whatever happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol

import msgspec

from mas.core.errors import Transient, UserError
from mas.core.executors import Command, CommandOutcome, Limits, Network, Sandbox, SandboxExecutor
from mas.core.finishing import to_the_end
from mas.teams.fanout.checks.model import (
    FAILED_SHOWN,
    REGRESSIONS_SHOWN,
    Check,
    Checked,
    CheckRun,
    JudgingEdit,
    Reason,
    Tested,
)
from mas.teams.fanout.checks.reading import REPORT, asked_for_report, read_report
from mas.teams.fanout.checks.report import Report, to_text
from mas.teams.fanout.checks.verdict import against_base, judge, to_tested

_OUTPUT_LIMIT: Final = 10_000_000
_NAME_BYTES: Final = 16


class CleanCheckout(Protocol):
    """Makes a checkout of one commit that has no link to any other repository."""

    async def __call__(
        self,
        commit: str,
        folder: Path,
        *,
        restore: Sequence[str] = (),
        restore_from: str | None = None,
    ) -> object:
        """Check `commit` out into the folder, which is new or empty.

        Paths in `restore` are as they are in `restore_from`; those that are not there are removed.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class CheckPlace:
    """Where and how the checks of a run are run."""

    root: Path
    """The run folder; nothing of it but the check's own folders can be seen inside."""
    folder: Path
    """Below `root`: folders of single checks are made here and removed afterwards. What a process
    that was killed has left here may be removed while no check is run."""
    executor: SandboxExecutor
    checkout: CleanCheckout
    remove: Callable[[Path], Awaitable[object]]
    """Removes a folder with all that a hostile check may have put there."""
    deadline: timedelta
    """Of each check."""
    limits: Limits = field(default_factory=Limits)
    network: Network = "open"
    programs: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """Beside what every check has; for programs that have to be told where they live."""
    labels: Mapping[str, str] = field(default_factory=dict)


async def run_checks(
    place: CheckPlace,
    checks: Sequence[Check],
    commit: str,
    *,
    base: Checked | None = None,
    edits: Sequence[JudgingEdit] = (),
    base_commit: str = "",
) -> Checked:
    """Run each check once on a clean checkout of `commit`.

    Without `base` this is the run on the base itself, and the outcome holds what others are
    compared with. With it, tests of the base that no longer run count against the check, and
    regressions are told. Where an agent has made `edits` of files that judge it, the checks are
    run twice: as it left them, and with those files as they are in `base_commit`.

    A check that fails, ends early, or whose program is not there is an ordinary outcome.

    Raises:
        UserError: Nothing can be run isolated here (`no_isolation`, `no_docker`, `no_image`).
        Transient: The engine or API server is out of reach.
        Permanent: A check was ended from outside (`command_lost`).
    """
    if base is None:
        return await _on_base(place, checks, commit)
    as_left: tuple[CheckRun, ...] = ()
    restore: tuple[str, ...] = ()
    if edits:
        as_left = tuple([(await _run(place, check, commit))[0] for check in checks])
        restore = tuple(dict.fromkeys(path for edit in edits for path in edit.restore))
    runs: list[CheckRun] = []
    regressions: list[str] = []
    for check in checks:
        run, report = await _run(
            place, check, commit, restore=restore, restore_from=base_commit or None
        )
        known = next((one for one in base.tested if one.check == check.id), None)
        before = next((one for one in base.runs if one.id == check.id), None)
        if known is not None and before is not None:
            run, lost = against_base(run, report, before, known)
            regressions += lost
        runs.append(msgspec.structs.replace(run, restored=bool(restore)))
    return Checked(
        runs=tuple(runs),
        as_left=as_left,
        regressions=tuple(regressions[:REGRESSIONS_SHOWN]),
        regression_count=len(regressions),
    )


async def _on_base(place: CheckPlace, checks: Sequence[Check], commit: str) -> Checked:
    runs: list[CheckRun] = []
    known: list[Tested] = []
    for check in checks:
        run, report = await _run(place, check, commit)
        runs.append(run)
        known.append(to_tested(run, report))
    return Checked(runs=tuple(runs), tested=tuple(known))


@dataclass(frozen=True, kw_only=True)
class _Room:
    """The folders of one run of one check."""

    tree: Path
    scratch: Path
    report: Path


@contextlib.asynccontextmanager
async def _room(place: CheckPlace) -> AsyncIterator[_Room]:
    """Folders under a name that nobody can guess, gone afterwards also when cancelled."""
    top = place.folder / secrets.token_hex(_NAME_BYTES)
    room = _Room(tree=top / "tree", scratch=top / "scratch", report=top / "report")
    try:
        await asyncio.to_thread(_make, room)
        yield room
    finally:
        await to_the_end(_gone(place, top))


def _make(room: _Room) -> None:
    try:
        for folder in (room.tree, room.scratch / "home", room.scratch / "tmp", room.report):
            folder.mkdir(parents=True)
    except OSError as exc:
        raise Transient(
            f"No folder for a check could be made: {exc.strerror}.",
            hint="Make room on the disk of the workspace.",
            code="no_room",
        ) from exc


async def _gone(place: CheckPlace, top: Path) -> None:
    if await asyncio.to_thread(top.exists):
        await place.remove(top)


async def _run(
    place: CheckPlace,
    check: Check,
    commit: str,
    *,
    restore: Sequence[str] = (),
    restore_from: str | None = None,
) -> tuple[CheckRun, Report | None]:
    """One check on one commit, judged by itself."""
    async with _room(place) as room:
        await place.checkout(commit, room.tree, restore=restore, restore_from=restore_from)
        sandbox = Sandbox(
            root=place.root,
            writable=(room.tree, room.scratch, room.report),
            programs=place.programs,
            network=place.network,
            limits=place.limits,
        )
        argv, extra = asked_for_report(check, place.executor.inside(sandbox, room.report / REPORT))
        environment = {**_environment(place, sandbox, room), **extra}
        try:
            for before in check.prepare:
                outcome = await place.executor.run(
                    _command(place, before, room, sandbox, environment)
                )
                if outcome.exit_code != 0:
                    return _unprepared(check, before, outcome), None
            outcome = await place.executor.run(_command(place, argv, room, sandbox, environment))
        except UserError as exc:
            if exc.code != "no_program":
                raise
            return _not_started(check), None
        report, said = await asyncio.to_thread(
            read_report,
            check,
            room.report,
            outcome.output,
            cut=outcome.total_bytes > len(outcome.output),
        )
    return _to_run(check, outcome, report, said), report


def _command(
    place: CheckPlace,
    argv: tuple[str, ...],
    room: _Room,
    sandbox: Sandbox,
    environment: Mapping[str, str],
) -> Command:
    # Without a name: a check that a dead MAS has left is not adopted, since its folders are gone.
    return Command(
        argv=argv,
        folder=room.tree,
        environment=environment,
        deadline=place.deadline,
        output_limit_bytes=_OUTPUT_LIMIT,
        sandbox=sandbox,
        labels=place.labels,
    )


def _environment(place: CheckPlace, sandbox: Sandbox, room: _Room) -> dict[str, str]:
    return {
        "PATH": place.executor.path,
        "LANG": "C.UTF-8",
        "CI": "1",
        **place.environment,
        "HOME": place.executor.inside(sandbox, room.scratch / "home"),
        "TMPDIR": place.executor.inside(sandbox, room.scratch / "tmp"),
    }


def _to_run(check: Check, outcome: CommandOutcome, report: Report | None, said: str) -> CheckRun:
    passed, reason = judge(check.kind, outcome.ended, outcome.exit_code, report)
    return CheckRun(
        id=check.id,
        command=check.command,
        kind=check.kind,
        passed=passed,
        exit_code=outcome.exit_code,
        ended=outcome.ended,
        reason=reason,
        tests=report.counts if report is not None else None,
        failed_tests=report.names("failed")[:FAILED_SHOWN] if report is not None else (),
        output=said,
        output_bytes=outcome.total_bytes,
        seconds=round(outcome.took.total_seconds(), 3),
    )


def _not_started(check: Check) -> CheckRun:
    return CheckRun(
        id=check.id,
        command=check.command,
        kind=check.kind,
        passed=False,
        exit_code=None,
        ended="not_started",
        reason=Reason(key="check.not_started", params={"program": check.argv[0]}),
    )


def _unprepared(check: Check, before: tuple[str, ...], outcome: CommandOutcome) -> CheckRun:
    run = _to_run(check, outcome, None, to_text(outcome.output)[-2_000:])
    return msgspec.structs.replace(
        run,
        passed=False,
        reason=Reason(key="check.prepare", params={"command": " ".join(before)}),
    )
