"""The `mas` command: signatures of all commands, and nothing that takes time to import."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from mas.cli.agents_signatures import agents
from mas.cli.options import AskOptions, FanoutOptions
from mas.cli.runs_signatures import runs
from mas.cli.signatures import (
    BudgetSeconds,
    BudgetTokens,
    BudgetUsd,
    ClusterName,
    Json,
    Lang,
    ModelName,
    NoModel,
    Yes,
    start,
)
from mas.cli.tokens_signatures import tokens

app = typer.Typer(
    name="mas",
    help="A multi-agent system for DevOps and platform engineers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
catalog = typer.Typer(help="What MAS knows about tools.", no_args_is_help=True)
cluster = typer.Typer(help="Look at a cluster, or take a snapshot of it.", no_args_is_help=True)
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
app.add_typer(tokens, name="token")


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
    agents: Annotated[
        int | None, typer.Option(metavar="N", help="fanout: how many agents, 1 to 10.")
    ] = None,
    repo: Annotated[
        str | None, typer.Option(metavar="PATH|URL", help="fanout: the repository to work on.")
    ] = None,
    ref: Annotated[
        str | None, typer.Option(help="fanout: branch, tag or commit of it; default: HEAD.")
    ] = None,
    coder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="fanout: claude, mas, codex, gemini, opencode, aider, mini-swe-agent, "
            "script:FILE, command:ARGV; several take turns.",
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="CMD", help="fanout: command that judges the results; repeatable."),
    ] = None,
    setup: Annotated[
        str | None, typer.Option(metavar="CMD", help="fanout: runs in each worktree first.")
    ] = None,
    task_seconds: Annotated[
        float | None, typer.Option(metavar="N", help="fanout: time of each agent.")
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="fanout: where agents run: local, docker, kubernetes."),
    ] = None,
    unsafe_local: Annotated[
        bool,
        typer.Option("--unsafe-local", help="fanout: run agents here also without isolation."),
    ] = False,
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
        fanout=FanoutOptions(
            agents=agents,
            repo=repo,
            ref=ref,
            coders=tuple(coder or ()),
            checks=tuple(check or ()),
            setup=setup,
            task_seconds=task_seconds,
            executor=executor,
            unsafe_local=unsafe_local,
        ),
    )
    start("mas.cli.ask:ask", text, options=options, as_json=as_json)


@lessons.command("list")
def lessons_list(as_json: Json = False) -> None:
    """List lessons with how often they have helped."""
    start("mas.cli.knowledge:list_lessons", as_json=as_json)


@lessons.command("remove")
def lessons_remove(
    lesson: Annotated[str, typer.Argument(help="Id of a lesson.")], as_json: Json = False
) -> None:
    """Remove a lesson."""
    start("mas.cli.knowledge:remove_lesson", lesson, as_json=as_json)


@mcp.command("list")
def mcp_list(as_json: Json = False) -> None:
    """List the MCP servers that mcp.json names; none is started."""
    start("mas.cli.mcp:list_servers", as_json=as_json)


@mcp.command("tools")
def mcp_tools(
    server: Annotated[str | None, typer.Argument(help="Only tools of this server.")] = None,
    as_json: Json = False,
) -> None:
    """List the tools that agents can use, with their risk; starts the servers."""
    start("mas.cli.mcp:list_tools", server, as_json=as_json)


@mcp.command("serve")
def mcp_serve(
    name: Annotated[str, typer.Argument(help="Server to serve: mas.")],
    http: Annotated[
        bool, typer.Option("--http", help="Over streamable HTTP at /mcp instead of stdio.")
    ] = False,
    host: Annotated[str, typer.Option(help="--http: address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="--http: port; 0 takes any that is free.")
    ] = 8001,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Accept runs and leave them to other processes.")
    ] = False,
) -> None:
    """Serve MAS to an agent of an editor, over standard input and output or HTTP."""
    start("mas.cli.mcp:serve", name, over_http=http, host=host, port=port, worker=not no_worker)


@catalog.command("list")
def catalog_list(
    capability: Annotated[
        str | None, typer.Option(help="Only tools that give this capability.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of names.")] = Lang.en,
    as_json: Json = False,
) -> None:
    """List the tools of the catalog."""
    start("mas.cli.catalog:list_tools", capability, language=lang.value, as_json=as_json)


@catalog.command("show")
def catalog_show(
    tool: Annotated[str, typer.Argument(help="Id or name of a tool.")],
    lang: Annotated[Lang, typer.Option(help="Language of texts.")] = Lang.en,
    as_json: Json = False,
) -> None:
    """Show what the catalog knows about one tool."""
    start("mas.cli.catalog:show_tool", tool, language=lang.value, as_json=as_json)


@cluster.command("snapshot")
def cluster_snapshot(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    cluster: ClusterName = None,
    as_json: Json = False,
) -> None:
    """Write what a decision needs of a cluster into a file; never Secret values."""
    start("mas.cli.cluster:snapshot", output, cluster, as_json=as_json)


@cluster.command("inventory")
def cluster_inventory(cluster: ClusterName = None, as_json: Json = False) -> None:
    """List the tools that run in a cluster, with version and health."""
    start("mas.cli.cluster:inventory", cluster, as_json=as_json)


@cluster.command("capacity")
def cluster_capacity(
    cluster: ClusterName = None,
    tool: Annotated[str | None, typer.Option(help="Simulate the pods of this tool.")] = None,
    as_json: Json = False,
) -> None:
    """Show what the nodes have left, and whether a tool's pods would fit."""
    start("mas.cli.cluster:capacity", cluster, tool, as_json=as_json)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes any that is free.")
    ] = 8000,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Accept runs and leave them to other processes.")
    ] = False,
) -> None:
    """Serve the HTTP API, and carry out the runs that are asked for there or were left."""
    start("mas.cli.serve:serve", host=host, port=port, worker=not no_worker)


@app.command()
def audit(
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="Only what was done to this run.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="How many of the newest at most.")
    ] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document a line, the oldest first.")
    ] = False,
) -> None:
    """Show who has done what, when, and from where."""
    start("mas.cli.audit:show_audit", run=run, limit=limit, as_json=as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what works here, what does not, and the command that mends it."""
    start("mas.cli.doctor:doctor", as_json=as_json)


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
