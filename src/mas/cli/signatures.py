"""Words and options that several commands share, and how a command is started."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import StrEnum
from importlib import import_module
from typing import Annotated, Any

import typer


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


def start(path: str, *arguments: object, **options: object) -> None:
    """Run `module:function`, imported only now, inside the event loop."""
    runtime = import_module("mas.cli.runtime")

    def begin(settings: object) -> Coroutine[Any, Any, int]:
        module, _, name = path.partition(":")
        command: Callable[..., Coroutine[Any, Any, int]] = getattr(import_module(module), name)
        return command(settings, *arguments, **options)

    runtime.run_command(begin)
