"""Who is calling: found by the guard before a route runs, asked for by routes as a dependency."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from mas.core.actors import AccessRole, Actor
from mas.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The actor behind a request."""

    actor: Actor
    csrf: str = field(repr=False)
    """What a form of a page has to send back in its field `csrf`."""
    session: bool = False
    """Whether a cookie said who it is: only then is there anything to log out of."""


def caller_of(request: Request) -> Caller:
    """The caller that the guard has found."""
    return cast("Caller", request.scope["state"]["caller"])


TheCaller = Annotated[Caller, Depends(caller_of)]


def refuse_role(actor: Actor, needed: AccessRole) -> None:
    """Refuse an actor who may not do what `needed` may.

    Raises:
        UserError: The actor may not (`forbidden`, 403).
    """
    if not actor.may(needed):
        raise UserError(
            f"This needs the role {needed}; that of '{actor.name}' is {actor.role}.",
            hint="Ask somebody with that role, or use a token that has it.",
            code="forbidden",
        )


def needs(role: AccessRole) -> Callable[[Request], Caller]:
    """A dependency that lets only callers pass who may do what `role` may.

    Raises:
        UserError: The caller may not (`forbidden`, 403).
    """

    def check(request: Request) -> Caller:
        caller = caller_of(request)
        refuse_role(caller.actor, role)
        return caller

    return check


Viewer = Annotated[Caller, Depends(needs("viewer"))]
Operator = Annotated[Caller, Depends(needs("operator"))]
Admin = Annotated[Caller, Depends(needs("admin"))]
