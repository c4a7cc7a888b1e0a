"""`mas ask`: one request, one run, worked on in this process."""

from __future__ import annotations

import asyncio
import sys
import time

from mas.app.service import Ask, Service, open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json, print_markdown
from mas.cli.progress import Progress
from mas.core.language import Language
from mas.core.run import Run, RunStatus


async def ask(
    settings: Settings,
    text: str,
    *,
    team: str | None,
    language: Language | None,
    cluster: str | None,
    as_json: bool,
) -> int:
    """Make the run, work on it, print the answer."""
    request = Ask(text=text, team=team, language=language, cluster=cluster)
    started = time.monotonic()
    async with open_service(settings) as service:
        run = await service.submit(request)
        try:
            run = await work_and_show(service, run)
        except asyncio.CancelledError:
            print(
                f"mas: Run {run.id} is not finished; go on with: mas runs resume {run.id}",
                file=sys.stderr,
            )
            raise
    return show_answer(run, as_json=as_json, took=time.monotonic() - started)


async def work_and_show(service: Service, run: Run, *, resume: bool = False) -> Run:
    """Drive a run; on a terminal show its events while it goes on."""
    work = service.resume(run.id) if resume else service.drive(run.id)
    if not sys.stderr.isatty():
        return await work
    progress = Progress(run.language)

    async def follow() -> None:
        async for event in service.watch(run.id, after=run.last_event if resume else 0):
            progress.show(event)

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        driven = group.create_task(work)
    return driven.result()


def show_answer(run: Run, *, as_json: bool, took: float | None = None) -> int:
    """Print the result of a run and return the exit code.

    `took` is what the person waited, in seconds, with the reading of the cluster before the run.
    """
    if as_json:
        print_json(answer_object(run))
    elif run.report:
        print_markdown(run.report)
        seconds = f", {took:.1f} s" if took is not None else ""
        print(f"Run {run.id}{seconds}. Details: mas runs show {run.id}", file=sys.stderr)
    return code_of(run)


def answer_object(run: Run) -> dict[str, object]:
    """The JSON object of `mas ask --json`."""
    answer: dict[str, object] = {
        "run_id": run.id,
        "status": run.status.value,
        "team": run.team,
        "language": run.language,
        "result": run.result,
        "report": run.report,
        "usage": run.usage.to_json(),
    }
    if run.failure and run.status is not RunStatus.SUCCEEDED:
        answer["error"] = {
            "code": run.failure.code,
            "message": run.failure.message,
            "hint": run.failure.hint,
        }
    return answer


def code_of(run: Run) -> int:
    """The exit code for how a run ended."""
    if run.status is RunStatus.SUCCEEDED:
        return exits.DONE
    if run.status is RunStatus.CANCELLED:
        print(f"mas: Run {run.id} was cancelled.", file=sys.stderr)
        return exits.INTERRUPTED
    if run.failure:
        error = run.failure.to_error()
        exits.tell(error)
        return exits.exit_code(error) or exits.FAILED
    return exits.FAILED
