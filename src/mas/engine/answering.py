"""What a run's team makes of it: the answer with which a run ends, whoever ends it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from mas.adapters.stores import tasks
from mas.adapters.stores.store import Store
from mas.core.errors import Bug, MasError, UserError
from mas.core.failure import Failure
from mas.core.ports import Team
from mas.core.run import Run, RunResult, Task
from mas.core.values import encode_json
from mas.engine.journal import lifecycle

_log = logging.getLogger(__name__)


async def end_answered(store: Store, teams: Mapping[str, Team], run_id: str) -> Run:
    """End a run with its team's answer in one transaction, once all its tasks have ended.

    One that has ended, or in which something is still open, stays as it is. Called again after a
    crash in between it ends the run in the same way.
    """
    run = await store.read(lifecycle.get, run_id)
    known = await store.read(tasks.of_run, run_id)
    if run.status.ended or not all(task.state.ended for task in known):
        return run
    answer, failure = _answer(run, known, teams)
    return await store.run_durable(lifecycle.finish, run_id, answer, failure)


def _answer(
    run: Run, ended: Sequence[Task], teams: Mapping[str, Team]
) -> tuple[RunResult | None, Failure | None]:
    """The team's answer, or why it gives none."""
    try:
        answer = team_of(run, teams).review(run, ended)
        encode_json(answer.result, what="The result")
    except MasError as exc:
        return None, Failure.of(exc)
    except Exception as exc:  # noqa: BLE001 - a step boundary; `fault_of` logs it
        return None, Failure.of(fault_of(run, "review", exc))
    return answer, None


def team_of(run: Run, teams: Mapping[str, Team]) -> Team:
    """The team of a run.

    Raises:
        UserError: It is not there (`unknown_team`).
    """
    if run.team not in teams:
        raise unknown_team(run.team, teams)
    return teams[run.team]


def fault_of(run: Run, what: str, exc: Exception) -> Bug:
    """Log what a team was not expected to raise; the error tells of it without its text."""
    _log.exception("%s of a run failed by a fault of MAS", what, extra={"run": run.id})
    return Bug(
        f"A fault inside MAS ended the {what} of the run ({type(exc).__name__}).",
        hint="The log has the details; please report them.",
    )


def unknown_team(name: str, teams: Mapping[str, Team]) -> UserError:
    """The error for a team that is not there."""
    return UserError(
        f"There is no team {name!r}.",
        hint=f"Known teams: {', '.join(sorted(teams)) or 'none'}.",
        code="unknown_team",
    )
