"""The `mas` command: signatures of all commands, and nothing that takes time to import."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

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
app.add_typer(runs, name="runs")
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
    no_model: Annotated[bool, typer.Option("--no-model", help="Decide by rules alone.")] = False,
    as_json: Json = False,
) -> None:
    """Ask for a decision: should this cluster adopt a tool?"""
    del no_model  # rules decide in any case; no model is configured in this version
    _start(
        "mas.cli.ask:ask",
        text,
        team=team,
        language=lang.value if lang else None,
        cluster=cluster,
        as_json=as_json,
    )


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
    as_json: Annotated[bool, typer.Option("--json", help="Print one event a line.")] = False,
) -> None:
    """Follow the events of a run until it has ended."""
    _start("mas.cli.runs:watch_run", run, after=after, as_json=as_json)


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


@runs.command("report")
def runs_report(run: RunName, as_json: Json = False) -> None:
    """Print the report of a run."""
    _start("mas.cli.runs:report_run", run, as_json=as_json)


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
