"""`mas runs retry`, `fork` and `rollback`: what can be done with a run that has ended."""

from __future__ import annotations

import sys

from mas.app.rollback import RollbackReport
from mas.app.service import open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.ask import show_answer, work_and_show
from mas.cli.output import print_json
from mas.core.language import plain


async def retry_run(settings: Settings, named: str, *, task: str | None, as_json: bool) -> int:
    """Give what has failed a new chance, and work on the run until it has ended."""
    async with open_service(settings) as service:
        run = await service.retry(await service.find(named), task)
        print(f"mas: Run {run.id} goes on.", file=sys.stderr)
        run = await work_and_show(service, run, after=run.last_event - 1)
    return show_answer(run, as_json=as_json)


async def fork_run(settings: Settings, named: str, *, after: str | None, as_json: bool) -> int:
    """Make a run that goes on from finished steps of another one, and work on it."""
    async with open_service(settings) as service:
        source = await service.find(named)
        run = (await service.fork(source, after=after)).run
        print(f"mas: Run {run.id} is a fork of {source}.", file=sys.stderr)
        run = await work_and_show(service, run)
    return show_answer(run, as_json=as_json)


async def rollback_run(settings: Settings, named: str, *, as_json: bool) -> int:
    """Undo what a run has done as far as that can be done, and say what is left."""
    async with open_service(settings) as service:
        run_id = await service.find(named)
        report = await service.rollback(run_id)
    if as_json:
        print_json({"run_id": run_id, "undone": report.undone, "left": report.left})
    else:
        _show(report)
    return exits.DONE


def _show(report: RollbackReport) -> None:
    for undone in report.undone:
        print(f"undone: {plain(undone.what, limit=500)}")
    for left in report.left:
        print(f"left:   {plain(left.what, limit=500)}")
        print(f"        {plain(left.why, limit=500)}")
    if not report.undone and not report.left:
        print("mas: Nothing is left to undo.", file=sys.stderr)
