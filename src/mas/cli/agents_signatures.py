"""Signatures of `mas agents ...`; nothing here takes time to import."""

from __future__ import annotations

from typing import Annotated

import typer

from mas.cli.options import AskOptions
from mas.cli.signatures import (
    AllRoles,
    BudgetSeconds,
    BudgetTokens,
    BudgetUsd,
    ClusterName,
    Json,
    Lang,
    ModelName,
    OneRole,
    RoleName,
    Yes,
    start,
)

agents = typer.Typer(help="The agents: roles, memories, one agent alone.", no_args_is_help=True)


@agents.command("list")
def agents_list(as_json: Json = False) -> None:
    """List the roles that agents can have, and files that hold none."""
    start("mas.cli.agents:list_roles", as_json=as_json)


@agents.command("show")
def agents_show(role: RoleName, as_json: Json = False) -> None:
    """Show a role: what it may use, its limits, its instructions."""
    start("mas.cli.agents:show_role", role, as_json=as_json)


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
    start("mas.cli.ask:ask", text, options=options, as_json=as_json)


@agents.command("status")
def agents_status(role: OneRole = None, as_json: Json = False) -> None:
    """Show what agents remember."""
    start("mas.cli.agents:show_status", role, as_json=as_json)


@agents.command("wipe")
def agents_wipe(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Let an agent forget task, observations and reasoning; role and knowledge stay."""
    start("mas.cli.agents:wipe", role, every=every, as_json=as_json)


@agents.command("checkpoint")
def agents_checkpoint(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Keep what an agent remembers, to restore it later."""
    start("mas.cli.agents:checkpoint", role, every=every, as_json=as_json)


@agents.command("restore")
def agents_restore(role: OneRole = None, every: AllRoles = False, as_json: Json = False) -> None:
    """Bring back exactly what the last checkpoint holds."""
    start("mas.cli.agents:restore", role, every=every, as_json=as_json)
