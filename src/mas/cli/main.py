"""The `mas` command: signatures of all commands, and nothing that takes time to import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from mas.cli.options import AskOptions

app = typer.Typer(
    name="mas",
    help="A multi-agent system for DevOps and platform engineers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
runs = typer.Typer(help="List, show, watch, resume and cancel runs.", no_args_is_help=True)
catalog = typer.Typer(help="What MAS knows about tools.", no_args_is_help=True)
cluster = typer.Typer(help="Look at a cluster, or take a snapshot of it.", no_args_is_help=True)
agents = typer.Typer(help="The agents: roles, memories, one agent alone.", no_args_is_help=True)
knowledge = typer.Typer(help="What runs have taught.", no_args_is_help=True)
lessons = typer.Typer(help="Lessons of earlier runs.", no_args_is_help=True)
mcp = typer.Typer(help="Tools of MCP servers and built-in ones.", no_args_is_help=True)
app.add_typer(runs, name="runs")
app.add_typer(agents, name="agents")
app.add_typer(knowledge, name="knowledge")
knowledge.add_typer(lessons, name="lessons")
app.add_typer(mcp, name="mcp")
app.add_typer(catalog, name="catalog")
app.add_typer(cluster, name="cluster")


class Lang(StrEnum):
    """Languages of an answer."""

    ko = "ko"
    en = "en"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
RunName = Annotated[str, typer.Argument(help="Run id, or enough of its start or end.")]
ClusterName = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        help="Kubeconfig context or snapshot file. Default: current context, else the in-cluster "
        "account.",
    ),
]

ModelName = Annotated[
    str | None, typer.Option("--model", metavar="PROVIDER:NAME", help="Model of every agent.")
]
NoModel = Annotated[bool, typer.Option("--no-model", help="Rules alone, without any model.")]
BudgetUsd = Annotated[float | None, typer.Option(help="Most that the models may cost, in USD.")]
BudgetTokens = Annotated[int | None, typer.Option(help="Most tokens that models may use.")]
BudgetSeconds = Annotated[float | None, typer.Option(help="Most wall time, in seconds.")]
Yes = Annotated[
    bool, typer.Option("--yes", help="Approve writes; what is destructive is still asked for.")
]
RoleName = Annotated[str, typer.Argument(help="Name of an agent's role.")]
OneRole = Annotated[str | None, typer.Argument(help="Name of an agent's role; default: all.")]
AllRoles = Annotated[bool, typer.Option("--all", help="All agents.")]
ApprovalName = Annotated[
    str | None, typer.Argument(help="Approval, such as a1; default: the only one that waits.")
]


def _start(path: str, *arguments: object, **options: object) -> None:
    """Run `module:function`, imported only now, inside the event loop."""
    runtime = import_module("mas.cli.runtime")

    def begin(settings: object) -> Coroutine[Any, Any, int]:
        module, _, name = path.partition(":")
        command: Callable[..., Coroutine[Any, Any, int]] = getattr(import_module(module), name)
        return command(settings, *arguments, **options)

    runtime.run_command(begin)


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="The request, in Korean or English.")],
    team: Annotated[
        str | None, typer.Option(help="Team to answer; default: chosen by MAS.")
    ] = None,
    lang: Annotated[Lang | None, typer.Option(help="Language of the answer.")] = None,
    cluster: ClusterName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Stop after the plan.")] = False,
    after: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on from the context of this run.")
    ] = None,
    model: ModelName = None,
    no_model: NoModel = False,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    budget_seconds: BudgetSeconds = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Ask for a decision or for work; the run is carried out in this process."""
    options = AskOptions(
        team=team,
        language=lang.value if lang else None,
        cluster=cluster,
        model=model,
        no_model=no_model,
        dry_run=dry_run,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        budget_seconds=budget_seconds,
        yes=yes,
        after=after,
    )
    _start("mas.cli.ask:ask", text, options=options, as_json=as_json)


@runs.command("list")
def runs_list(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest runs."""
    _start("mas.cli.runs:list_runs", limit=limit, as_json=as_json)


@runs.command("show")
def runs_show(run: RunName, as_json: Json = False) -> None:
    """Show a run with its tasks and their stages."""
    _start("mas.cli.runs:show_run", run, as_json=as_json)


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
    _start("mas.cli.runs:watch_run", run, after=after, live=live, as_json=as_json)


@runs.command("resume")
def runs_resume(
    run: Annotated[
        str | None, typer.Argument(help="Run id; default: every unfinished run.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take up a run that a killed process left, and finish it."""
    _start("mas.cli.runs:resume_runs", run, as_json=as_json)


@runs.command("cancel")
def runs_cancel(run: RunName, as_json: Json = False) -> None:
    """Stop a run."""
    _start("mas.cli.runs:cancel_run", run, as_json=as_json)


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
    _start("mas.cli.approving:answer_call", run, approval, **options)


@runs.command("tell")
def runs_tell(
    run: RunName,
    text: Annotated[str, typer.Argument(help="What to say.")],
    agent: Annotated[
        str | None, typer.Option(help="Role or task that reads it; default: all.")
    ] = None,
) -> None:
    """Say something to agents at work; they read it at their next stage."""
    _start("mas.cli.approving:tell_run", run, text, agent=agent)


@runs.command("report")
def runs_report(run: RunName, as_json: Json = False) -> None:
    """Print the report of a run."""
    _start("mas.cli.runs:report_run", run, as_json=as_json)


@agents.command("list")
def agents_list(as_json: Json = False) -> None:
    """List the roles that agents can have, and files that hold none."""
    _start("mas.cli.agents:list_roles", as_json=as_json)


@agents.command("show")
def agents_show(role: RoleName, as_json: Json = False) -> None:
    """Show a role: what it may use, its limits, its instructions."""
    _start("mas.cli.agents:show_role", role, as_json=as_json)


@agents.command("run")
def agents_run(
    role: RoleName,
    text: Annotated[str, typer.Argument(help="What the agent is to do.")],
    lang: Annotated[Lang | None, typer.Option(help="Language of the answer.")] = None,
    cluster: ClusterName = None,
    model: ModelName = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    budget_seconds: BudgetSeconds = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let one agent work alone on one task."""
    options = AskOptions(
        language=lang.value if lang else None,
        cluster=cluster,
        model=model,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        budget_seconds=budget_seconds,
        yes=yes,
        role=role,
    )
    _start("mas.cli.ask:ask", text, options=options, as_json=as_json)


@agents.command("status")
def agents_status(role: OneRole = None, as_json: Json = False) -> None:
    """Show what agents remember."""
    _start("mas.cli.agents:show_status", role, as_json=as_json)


@agents.command("wipe")
def agents_wipe(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Let an agent forget task, observations and reasoning; role and knowledge stay."""
    _start("mas.cli.agents:wipe", role, every=every, as_json=as_json)


@agents.command("checkpoint")
def agents_checkpoint(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Keep what an agent remembers, to restore it later."""
    _start("mas.cli.agents:checkpoint", role, every=every, as_json=as_json)


@agents.command("restore")
def agents_restore(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Bring back exactly what the last checkpoint holds."""
    _start("mas.cli.agents:restore", role, every=every, as_json=as_json)


@lessons.command("list")
def lessons_list(as_json: Json = False) -> None:
    """List lessons with how often they have helped."""
    _start("mas.cli.knowledge:list_lessons", as_json=as_json)


@lessons.command("remove")
def lessons_remove(
    lesson: Annotated[str, typer.Argument(help="Id of a lesson.")], as_json: Json = False
) -> None:
    """Remove a lesson."""
    _start("mas.cli.knowledge:remove_lesson", lesson, as_json=as_json)


@mcp.command("list")
def mcp_list(as_json: Json = False) -> None:
    """List the MCP servers that mcp.json names; none is started."""
    _start("mas.cli.mcp:list_servers", as_json=as_json)


@mcp.command("tools")
def mcp_tools(
    server: Annotated[str | None, typer.Argument(help="Only tools of this server.")] = None,
    as_json: Json = False,
) -> None:
    """List the tools that agents can use, with their risk; starts the servers."""
    _start("mas.cli.mcp:list_tools", server, as_json=as_json)


@catalog.command("list")
def catalog_list(
    capability: Annotated[
        str | None, typer.Option(help="Only tools that give this capability.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of names.")] = Lang.en,
    as_json: Json = False,
) -> None:
    """List the tools of the catalog."""
    _start("mas.cli.catalog:list_tools", capability, language=lang.value, as_json=as_json)


@catalog.command("show")
def catalog_show(
    tool: Annotated[str, typer.Argument(help="Id or name of a tool.")],
    lang: Annotated[Lang, typer.Option(help="Language of texts.")] = Lang.en,
    as_json: Json = False,
) -> None:
    """Show what the catalog knows about one tool."""
    _start("mas.cli.catalog:show_tool", tool, language=lang.value, as_json=as_json)


@cluster.command("snapshot")
def cluster_snapshot(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    cluster: ClusterName = None,
    as_json: Json = False,
) -> None:
    """Write what a decision needs of a cluster into a file; never Secret values."""
    _start("mas.cli.cluster:snapshot", output, cluster, as_json=as_json)


@cluster.command("inventory")
def cluster_inventory(cluster: ClusterName = None, as_json: Json = False) -> None:
    """List the tools that run in a cluster, with version and health."""
    _start("mas.cli.cluster:inventory", cluster, as_json=as_json)


@cluster.command("capacity")
def cluster_capacity(
    cluster: ClusterName = None,
    tool: Annotated[str | None, typer.Option(help="Simulate the pods of this tool.")] = None,
    as_json: Json = False,
) -> None:
    """Show what the nodes have left, and whether a tool's pods would fit."""
    _start("mas.cli.cluster:capacity", cluster, tool, as_json=as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what works here, what does not, and the command that mends it."""
    _start("mas.cli.doctor:doctor", as_json=as_json)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mas {import_module('mas').__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A multi-agent system for DevOps and platform engineers."""
    del version


def main() -> None:
    """Entry point of the `mas` script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()
