"""`mas runs ...`: list, show, watch, resume, cancel, report."""

from __future__ import annotations

import asyncio
import sys

from mas.app.service import RunDetail, open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.approving import approval_object, one_line
from mas.cli.ask import answer_object, code_of, show_answer, told_usage, work_and_show
from mas.cli.output import plain_lines, print_json, print_json_line, print_markdown, print_table
from mas.cli.progress import Progress
from mas.core.errors import UserError
from mas.core.language import plain
from mas.core.run import ALL_RUNS, Run, RunFilter, RunStatus, RunSummary


async def list_runs(
    settings: Settings,
    *,
    limit: int,
    team: str | None,
    statuses: tuple[str, ...],
    text: str | None,
    before: str | None,
    as_json: bool,
) -> int:
    """The newest runs that fit, one a line."""
    filters = RunFilter(team=team, statuses=tuple(map(_status, statuses)), text=text)
    async with open_service(settings) as service:
        found = await service.page(
            filters, before=None if before is None else await service.find(before), limit=limit
        )
    runs = found.runs
    if as_json:
        print_json([summary_object(run) for run in runs])
        return exits.DONE
    if not runs:
        if filters == ALL_RUNS and before is None:
            print('No runs yet. Start one: mas ask "Should we adopt Tekton?"', file=sys.stderr)
        else:
            print("mas: No run fits.", file=sys.stderr)
        return exits.DONE
    rows = (
        (
            run.id,
            run.status.value,
            run.team,
            f"{run.usage.time.total_seconds():.1f} s" if run.finished_at else "-",
            plain(run.request, limit=60),
        )
        for run in runs
    )
    print_table(("RUN", "STATUS", "TEAM", "TIME", "REQUEST"), rows)
    if found.next is not None:
        print(f"mas: There are more: --before {found.next}", file=sys.stderr)
    return exits.DONE


def _status(word: str) -> RunStatus:
    try:
        return RunStatus(word.strip().lower())
    except ValueError:
        raise UserError(
            f"There is no status {word!r}.",
            hint=f"A run is one of: {', '.join(RunStatus)}.",
            code="unknown_status",
        ) from None


async def show_run(settings: Settings, named: str, *, as_json: bool) -> int:
    """One run: its tasks and their stages."""
    async with open_service(settings) as service:
        detail = await service.detail(await service.find(named))
    if as_json:
        print_json(_detail_object(detail))
        return exits.DONE
    run = detail.run
    print(f"Run      {run.id}")
    print(f"Request  {plain(run.request)}")
    print(f"Team     {run.team}, language {run.language}")
    print(f"Status   {run.status.value}" + (f" ({run.stop_reason})" if run.stop_reason else ""))
    if run.usage.tokens:
        print(f"Models   {told_usage(run.usage)}")
    if run.failure:
        print(f"Failure  {plain(run.failure.message)} {plain(run.failure.hint)}".rstrip())
    for task in detail.tasks:
        print(f"\n{plain(task.spec.title)} [{task.role}] {task.state.value}")
        for record in detail.records:
            if record.task == task.id:
                took = record.took.total_seconds()
                print(f"  {record.key:<9} {took:6.3f} s  {plain(record.summary)}")
        if task.failure:
            print(f"  {plain(task.failure.message)} {plain(task.failure.hint)}".rstrip())
    for approval in detail.approvals:
        print(f"\n{approval.id} [{approval.state}] {one_line(approval)}")
        if approval.comment:
            print(f"  {plain(approval.comment)}")
    for message in detail.messages:
        print(f"\n✉ {plain(message.sender)} → {plain(message.recipient)} ({message.intent})")
        print(f"  {plain(message.content, limit=1000)}")
    return exits.DONE


async def watch_run(
    settings: Settings, named: str, *, after: int, live: bool, as_json: bool
) -> int:
    """Events of a run as they happen, until it has ended; with `live` also what agents write."""
    async with open_service(settings) as service:
        run_id = await service.find(named)
        run = await service.get(run_id)
        progress = Progress(run.language)
        ended = asyncio.Event()

        async def events() -> None:
            async for event in service.watch(run_id, after=after):
                if as_json:
                    print_json_line(event.to_json())
                elif line := progress.line(event):
                    print(line, flush=True)
            ended.set()

        async def output() -> None:
            async for text in service.follow_output(run_id, ended=ended):
                if as_json:
                    print_json_line({"run_id": run_id, "task": text.task, "text": text.text})
                else:
                    print(plain_lines(text.text), end="", flush=True)

        async with asyncio.TaskGroup() as group:
            group.create_task(events())
            if live:
                group.create_task(output())
        run = await service.get(run_id)
    return exits.DONE if run.status is RunStatus.SUCCEEDED else exits.FAILED


async def resume_runs(settings: Settings, named: str | None, *, as_json: bool) -> int:
    """Take up what a killed process left: the named run, else every unfinished one."""
    async with open_service(settings) as service:
        if named is not None:
            run = await service.get(await service.find(named))
            if run.status.ended:
                print(f"mas: Run {run.id} has already ended.", file=sys.stderr)
            else:
                run = await work_and_show(service, run, resume=True)
            return show_answer(run, as_json=as_json)
        ended: list[Run] = []
        for summary in reversed(await service.unfinished()):
            run = await service.get(summary.id)
            ended.append(await work_and_show(service, run, resume=True))
    if not ended:
        print("mas: Nothing is unfinished.", file=sys.stderr)
    if as_json:
        print_json([answer_object(run) for run in ended])
    else:
        for run in ended:
            print_markdown(run.report or "")
    return max((code_of(run) for run in ended), default=exits.DONE)


async def cancel_run(settings: Settings, named: str, *, as_json: bool) -> int:
    """Ask a run to stop."""
    async with open_service(settings) as service:
        run = await service.get(await service.find(named))
        if run.status.ended:
            raise UserError(
                f"Run {run.id} has already ended ({run.status.value}).",
                hint="Nothing is left to cancel.",
                code="run_ended",
            )
        run = await service.cancel(run.id)
    if as_json:
        print_json(summary_object(run))
    else:
        print(f"Run {run.id}: {run.status.value}, cancel requested.")
    return exits.DONE


async def report_run(settings: Settings, named: str, *, as_json: bool) -> int:
    """The report of a run."""
    async with open_service(settings) as service:
        run = await service.get(await service.find(named))
    if as_json:
        print_json(answer_object(run))
        return exits.DONE
    if run.report is None:
        raise UserError(
            f"Run {run.id} has no report yet ({run.status.value}).",
            hint=f"Watch it with `mas runs watch {run.id}`, or take it up with `mas runs resume`.",
            code="no_report",
        )
    print_markdown(run.report)
    return exits.DONE


def summary_object(run: RunSummary) -> dict[str, object]:
    """A run in a list."""
    return {
        "run_id": run.id,
        "status": run.status.value,
        "stop_reason": run.stop_reason,
        "partial": run.partial,
        "team": run.team,
        "language": run.language,
        "request": run.request,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "usage": run.usage.to_json(),
    }


def _detail_object(detail: RunDetail) -> dict[str, object]:
    run = detail.run
    return {
        **summary_object(run),
        "result": run.result,
        "report": run.report,
        "tasks": [
            {
                "id": task.id,
                "role": task.role,
                "title": task.spec.title,
                "depends_on": task.spec.depends_on,
                "status": task.state.value,
                "attempts": task.attempt,
                "summary": task.summary,
                "records": [
                    {
                        "key": record.key,
                        "kind": record.kind,
                        "attempt": record.attempt,
                        "summary": record.summary,
                        "seconds": round(record.took.total_seconds(), 3),
                        "input_tokens": record.usage.input_tokens,
                        "output_tokens": record.usage.output_tokens,
                        "cost_usd": record.usage.cost_usd,
                        "at": record.at,
                    }
                    for record in detail.records
                    if record.task == task.id
                ],
            }
            for task in detail.tasks
        ],
        "approvals": [approval_object(approval) for approval in detail.approvals],
        "messages": list(detail.messages),
    }
