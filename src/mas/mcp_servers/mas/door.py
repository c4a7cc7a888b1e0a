"""What tools and resources work with: the service in the name of whoever calls, and the errors."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, cast

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel
from starlette.requests import Request

from mas.app.accounts import local_actor
from mas.app.driving import Driving
from mas.app.service import Service
from mas.core.actors import AccessRole, Actor
from mas.core.errors import Bug, MasError
from mas.core.language import plain
from mas.http.caller import Caller, refuse_role

LONGEST_TEXT = 2000
"""Characters of a sentence that an answer repeats."""

_P = ParamSpec("_P")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Door:
    """Everything that is open while the server runs."""

    service: Service
    driving: Driving

    def acting_for(self, ctx: Context, needed: AccessRole) -> Service:
        """The service in the caller's name.

        Raises:
            UserError: The caller may not do what `needed` may (`forbidden`).
        """
        actor = actor_of(ctx)
        refuse_role(actor, needed)
        return self.service.acting_for(actor)


def actor_of(ctx: Context) -> Actor:
    """Who calls: over HTTP the one that the guard has found, over stdio the account here."""
    request = ctx.request_context.request
    if not isinstance(request, Request):
        return local_actor("mcp stdio")
    actor = cast("Caller", request.scope["state"]["caller"]).actor
    _, _, address = actor.origin.rpartition(" ")
    return Actor(name=actor.name, role=actor.role, origin=f"mcp {address}")


def told(shape: BaseModel, text: str) -> CallToolResult:
    """An answer: the structure for programs, and a few words."""
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=shape.model_dump(mode="json"),
    )


def failed(error: MasError) -> CallToolResult:
    """An error of the tree as the result of a tool, for the model to read."""
    message, hint = (plain(text, limit=LONGEST_TEXT) for text in (error.message, error.hint))
    return CallToolResult(
        content=[TextContent(type="text", text=f"{message} {hint}".strip())],
        is_error=True,
        _meta={"mas/error": {"code": error.code, "message": message, "hint": hint}},
    )


def answering(
    tool: Callable[_P, Awaitable[CallToolResult]],
) -> Callable[_P, Awaitable[CallToolResult]]:
    """Let the errors of a tool be results with message and hint, and nothing of a traceback."""

    @functools.wraps(tool)
    async def safe(*args: _P.args, **kwargs: _P.kwargs) -> CallToolResult:
        try:
            return await tool(*args, **kwargs)
        except MasError as error:
            if isinstance(error, Bug):
                _log.error("a tool failed: %s", error.message, exc_info=error)
            return failed(error)
        except Exception:  # noqa: BLE001 - top of a face: no traceback reaches a client
            _log.exception("a tool failed by a fault of MAS")
            return failed(
                Bug(
                    "Something went wrong that should not.",
                    hint="The log of the server has the details; please report them.",
                )
            )

    return safe
