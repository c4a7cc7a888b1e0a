"""Signatures of `mas token ...`; nothing here takes time to import."""

from __future__ import annotations

from typing import Annotated

import typer

from mas.cli.signatures import Json, start

tokens = typer.Typer(help="Tokens for the HTTP API and the page.", no_args_is_help=True)


@tokens.callback()
def _tokens() -> None:
    """Tokens for the HTTP API and the page."""


@tokens.command("new")
def token_new(
    name: Annotated[str, typer.Argument(help="Who will use it, as the audit log shows it.")],
    role: Annotated[
        str, typer.Option(help="viewer: reads. operator: starts and approves. admin: everything.")
    ] = "viewer",
    as_json: Json = False,
) -> None:
    """Make a token; prints it once, and the entry for MAS_API_TOKENS."""
    start("mas.cli.tokens:new", name, role=role, as_json=as_json)
