"""What a route needs of its caller, for the `dependencies` of each (U3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import Depends
from fastapi.params import Depends as Dependency

from mas.core.actors import ACCESS_ROLES, AccessRole
from mas.http.caller import needs

_CHECKS = {role: needs(role) for role in ACCESS_ROLES}

READS: Sequence[Dependency] = (Depends(_CHECKS["viewer"]),)
STEERS: Sequence[Dependency] = (Depends(_CHECKS["operator"]),)
ADMINISTERS: Sequence[Dependency] = (Depends(_CHECKS["admin"]),)

ROLE_OF: Mapping[Callable[..., Any] | None, AccessRole] = {
    check: role for role, check in _CHECKS.items()
}
"""The role that a dependency asks for."""
