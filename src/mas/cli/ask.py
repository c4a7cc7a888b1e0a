"""`mas ask`: one request, one run, worked on in this process."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import asdict
from typing import cast

from mas.app.fanout import FanoutAsk
from mas.app.service import Ask, Service, open_service
from mas.app.settings import Settings
from mas.app.settings_file import to_duration
from mas.cli import exits
from mas.cli.approving import Approver
from mas.cli.options import AskOptions
from mas.cli.output import print_json, print_markdown
from mas.cli.progress import Progress
from mas.core.budget import Budget
from mas.core.errors import UserError
from mas.core.events import ApprovalRequested
from mas.core.language import Language, plain
from mas.core.run import Run, RunStatus
from mas.core.usage import MICROS_PER_USD, Usage


async def ask(settings: Settings, text: str, *, options: AskOptions, as_json: bool) -> int:
    """Make the run, work on it, print the answer."""
    request = _to_ask(text, options)
    started = time.monotonic()
    async with open_service(settings) as service:
        run = await service.submit(request)
        for note in service.notes:
            print(f"mas: {plain(note, limit=1000)}", file=sys.stderr)
        rules = run.team != "fanout" and not options.no_model
        if rules and service.model_of(run) is None:
            print(
                "mas: No model is configured; rules decide. `mas doctor` says what is missing.",
                file=sys.stderr,
            )
        try:
            run = await work_and_show(service, run)
        except asyncio.CancelledError:
            print(
                f"mas: Run {run.id} is not finished; go on with: mas runs resume {run.id}",
                file=sys.stderr,
            )
            raise
    return show_answer(run, as_json=as_json, took=time.monotonic() - started)


def _to_ask(text: str, options: AskOptions) -> Ask:
    for name, value in (
        ("usd", options.budget_usd),
        ("tokens", options.budget_tokens),
        ("seconds", options.budget_seconds),
    ):
        if value is not None and not 0 <= value < 1e12:
            raise UserError(
                f"--budget-{name} cannot be {value:g}.",
                hint="Give a limit of 0 or more.",
                code="bad_budget",
            )
    usd, seconds = options.budget_usd, options.budget_seconds
    return Ask(
        text=text,
        team=options.team,
        language=cast("Language | None", options.language),
        cluster=options.cluster,
        model=options.model,
        no_model=options.no_model,
        dry_run=options.dry_run,
        budget=Budget(
            tokens=options.budget_tokens,
            cost_micros=None if usd is None else round(usd * MICROS_PER_USD),
            time=None if seconds is None else to_duration(seconds),
        ),
        approve_writes=options.yes,
        after=options.after,
        role=options.role,
        fanout=FanoutAsk(**asdict(options.fanout)),
    )


async def work_and_show(service: Service, run: Run, *, resume: bool = False, after: int = 0) -> Run:
    """Drive a run; show its events behind `after` on a terminal, and what waits for a person
    anywhere. With `resume` it is taken up as it stands."""
    work = service.resume(run.id) if resume else service.drive(run.id)
    shows = sys.stderr.isatty()
    if not shows and run.team == "decide":
        return await work  # asks nobody for anything
    progress = Progress(run.language, run.plan)
    approver = Approver(service, run.id)

    async def follow() -> None:
        async for event in service.watch(run.id, after=run.last_event if resume else after):
            if shows:
                progress.show(event)
            if isinstance(event.body, ApprovalRequested):
                await approver.handle(event.body.approval)

    async with asyncio.TaskGroup() as group:
        if resume:
            for waiting in await service.approvals(run.id):
                group.create_task(approver.handle(waiting.id))
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
        used = f", {told_usage(run.usage)}" if run.usage.tokens else ""
        print(f"Run {run.id}{seconds}{used}. Details: mas runs show {run.id}", file=sys.stderr)
    return code_of(run)


def told_usage(usage: Usage) -> str:
    """Tokens and cost in words; a cost of nothing may also mean that no price is known."""
    cost = f", {usage.cost_usd:.4f} USD" if usage.cost_micros else ""
    return f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out{cost}"


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
