"""Who does something, and what they may do (U3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

AccessRole = Literal["viewer", "operator", "admin"]
"""viewer: reads. operator: starts, steers, approves, merges. admin: also what cannot be taken back,
such as wiping a memory, and the audit log."""

ACCESS_ROLES: tuple[AccessRole, ...] = get_args(AccessRole)
"""Each may do all that the ones before it may."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person or program that uses MAS."""

    name: str
    """Of the token, or of the account on this machine."""
    role: AccessRole
    origin: str
    """The face, and where it was called from: `cli`, `page 192.0.2.7`, `api 127.0.0.1`, `mcp`."""

    def may(self, needed: AccessRole) -> bool:
        """Whether this actor may do what `needed` may."""
        return ACCESS_ROLES.index(self.role) >= ACCESS_ROLES.index(needed)
