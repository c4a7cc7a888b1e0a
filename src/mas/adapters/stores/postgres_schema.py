"""Our tables in a PostgreSQL database: made, recognised and brought forward."""

from __future__ import annotations

from sqlalchemy import Connection, text

from mas.adapters.stores import faults_postgres as faults
from mas.adapters.stores.migrations import VERSION, migrate
from mas.adapters.stores.postgres_link import SCHEMA

LOCK = 0x4D415321
"""Of processes that open the same database at once, one at a time looks after its tables."""

# Asked of the catalog's tables: functions such as to_regclass() answer from a session's cache,
# which a wait for another process's commit does not renew.
_SCHEMA_IS_THERE = text("select count(*) from pg_namespace where nspname = :name")
_OBJECTS = text(
    "select relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
    "where nspname = :name"
)
_MARK = "mas_schema"
_VERSION = text("select version from mas_schema")
_ENCODING = text("show server_encoding")
_TAKE_TURNS = text("select pg_advisory_xact_lock(:number)")
_NAME = {"name": SCHEMA}


def prepare(conn: Connection, *, where: str) -> None:
    """Make the tables, or bring them to the newest version; both wholly or not at all.

    Runs in a transaction whose statements each see what others have committed by then.

    Raises:
        UserError: They are a newer MAS's (`store_too_new`) or not ours (`store_foreign`), or the
            database cannot hold every language (`store_encoding`).
    """
    if _version(conn, where) == VERSION:
        return
    # Longer than others may wait for a row: an older database may take its time.
    conn.execute(text("set local lock_timeout to '60s'"))
    conn.execute(_TAKE_TURNS, {"number": LOCK})
    version = _version(conn, where)  # asked again: another process may just have done it
    if version == VERSION:
        return
    if version == 0:
        if _objects(conn):
            raise faults.not_ours(where, SCHEMA)
        if conn.execute(_ENCODING).scalar_one() != "UTF8":
            raise faults.no_unicode(where)
        if not conn.execute(_SCHEMA_IS_THERE, _NAME).scalar_one():
            conn.execute(text(f"create schema {SCHEMA}"))
        conn.execute(text("create table mas_schema (version integer not null)"))
        conn.execute(text("insert into mas_schema values (0)"))
    newest = migrate(conn, version)
    conn.execute(text("update mas_schema set version = :newest"), {"newest": newest})


def _version(conn: Connection, where: str) -> int:
    """The version of the tables; 0 when none are marked as ours."""
    if _MARK not in _objects(conn):
        return 0
    version = int(conn.execute(_VERSION).scalar_one())
    if version > VERSION:
        raise faults.too_new(where, version=version, known=VERSION)
    return version


def _objects(conn: Connection) -> set[str]:
    return set(conn.execute(_OBJECTS, _NAME).scalars())
