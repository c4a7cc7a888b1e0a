"""Versions of the schema: a new database gets the newest, an older one is brought forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from mas.adapters.stores.migration_2 import budgets_approvals_messages
from mas.adapters.stores.migration_3 import audit_sessions_drivers
from mas.adapters.stores.schema import metadata

Migration: TypeAlias = Callable[[Connection], None]
"""Brings the schema from one version to the next. Once released, it never changes."""

FIRST_VERSION = 1
MIGRATIONS: tuple[Migration, ...] = (
    budgets_approvals_messages,
    audit_sessions_drivers,
)
"""The entry at index 0 leads from version 1 to version 2, and so on."""

VERSION = FIRST_VERSION + len(MIGRATIONS)


def migrate(conn: Connection, version: int, *, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """Bring the schema from `version` (0 is an empty database) to the newest, which is returned.

    Runs inside the caller's transaction: it happens wholly or not at all.
    """
    newest = FIRST_VERSION + len(migrations)
    if version == 0:
        metadata.create_all(conn)
        return newest
    for migration in migrations[version - FIRST_VERSION :]:
        migration(conn)
    return newest
