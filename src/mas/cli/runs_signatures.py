"""Signatures of `mas runs ...`; nothing here takes time to import."""

from __future__ import annotations

from typing import Annotated

import typer

from mas.cli.signatures import ApprovalName, Json, RunName, start

runs = typer.Typer(
    help="List, show, watch, resume, retry, fork and cancel runs.", no_args_is_help=True
)


@runs.command("list")
def runs_list(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    team: Annotated[str | None, typer.Option(help="Only runs of this team.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="STATUS", help="Only runs that stand so; repeatable."),
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Only runs with this in their request, whatever its case.")
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="RUN", help="Only runs older than this one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the newest runs."""
    start(
        "mas.cli.runs:list_runs",
        limit=limit,
        team=team,
        statuses=tuple(status or ()),
        text=text,
        before=before,
        as_json=as_json,
    )


@runs.command("show")
def runs_show(run: RunName, as_json: Json = False) -> None:
    """Show a run with its tasks and their stages."""
    start("mas.cli.runs:show_run", run, as_json=as_json)


@runs.command("watch")
def runs_watch(
    run: RunName,
    after: Annotated[int, typer.Option(min=0, help="Skip events up to this number.")] = 0,
    live: Annotated[
        bool, typer.Option("--live", help="Show what the agents write while they work, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one event a line.")] = False,
) -> None:
    """Follow the events of a run until it has ended."""
    start("mas.cli.runs:watch_run", run, after=after, live=live, as_json=as_json)


@runs.command("resume")
def runs_resume(
    run: Annotated[
        str | None, typer.Argument(help="Run id; default: every unfinished run.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take up a run that a killed process left, and finish it."""
    start("mas.cli.runs:resume_runs", run, as_json=as_json)


@runs.command("retry")
def runs_retry(
    run: RunName,
    task: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this task; default: all that failed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Give what has failed or was cancelled a new chance, and finish the run."""
    start("mas.cli.again:retry_run", run, task=task, as_json=as_json)


@runs.command("fork")
def runs_fork(
    run: RunName,
    after: Annotated[
        str | None,
        typer.Option(
            metavar="TASK[/KEY]",
            help="The last step that is kept; default: every task that has succeeded.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a new run from finished steps of this one, and finish it."""
    start("mas.cli.again:fork_run", run, after=after, as_json=as_json)


@runs.command("rollback")
def runs_rollback(run: RunName, as_json: Json = False) -> None:
    """Undo the merges of a run, and say what of its doings is left."""
    start("mas.cli.again:rollback_run", run, as_json=as_json)


@runs.command("cancel")
def runs_cancel(run: RunName, as_json: Json = False) -> None:
    """Stop a run."""
    start("mas.cli.runs:cancel_run", run, as_json=as_json)


@runs.command("approve")
def runs_approve(
    run: RunName,
    approval: ApprovalName = None,
    comment: Annotated[str, typer.Option(help="Kept with the approval.")] = "",
    as_json: Json = False,
) -> None:
    """Let a call that waits be made, exactly as it is stored."""
    _answer(run, approval, approved=True, comment=comment, as_json=as_json)


@runs.command("reject")
def runs_reject(
    run: RunName,
    approval: ApprovalName = None,
    comment: Annotated[str, typer.Option(help="Why; the report says it.")] = "",
    as_json: Json = False,
) -> None:
    """Refuse a call that waits; its task ends."""
    _answer(run, approval, approved=False, comment=comment, as_json=as_json)


def _answer(run: str, approval: str | None, **options: object) -> None:
    start("mas.cli.approving:answer_call", run, approval, **options)


@runs.command("tell")
def runs_tell(
    run: RunName,
    text: Annotated[str, typer.Argument(help="What to say.")],
    agent: Annotated[
        str | None, typer.Option(help="Role or task that reads it; default: all.")
    ] = None,
) -> None:
    """Say something to agents at work; they read it at their next stage."""
    start("mas.cli.approving:tell_run", run, text, agent=agent)


@runs.command("report")
def runs_report(run: RunName, as_json: Json = False) -> None:
    """Print the report of a run."""
    start("mas.cli.runs:report_run", run, as_json=as_json)


@runs.command("diff")
def runs_diff(
    run: RunName,
    agents: Annotated[
        str | None,
        typer.Option(
            metavar="N[,M]", help="One agent against the base, or two; default: the best one."
        ),
    ] = None,
    stat: Annotated[bool, typer.Option("--stat", help="Only how much each file changed.")] = False,
    as_json: Json = False,
) -> None:
    """Show what an agent of a fanout run has changed, or how two of them differ."""
    start("mas.cli.branches:show_diff", run, agents, stat=stat, as_json=as_json)


@runs.command("merge")
def runs_merge(
    run: RunName,
    agent: Annotated[
        str | None, typer.Option(metavar="N", help="Whose work; default: the best one's.")
    ] = None,
    into: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Branch of the run's repository; default: its base."),
    ] = None,
    deliver: Annotated[
        bool,
        typer.Option(
            "--deliver", help="Also bring the result to your own repository, as a new branch."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Merge an agent's work in the run's repository; a conflict moves nothing."""
    start("mas.cli.branches:merge_agent", run, agent, into=into, deliver=deliver, as_json=as_json)
