"""Version 3 of the schema: audit log, idempotency keys, sessions, drivers, faster lists of runs.

Written out as it was released, so that later changes of `schema` do not change it.
"""

from __future__ import annotations

from sqlalchemy import Connection

_STATEMENTS = (
    "drop index run_by_status",
    "create index run_by_age on run (created_at, id)",
    "create index run_by_team on run (team, created_at, id)",
    "create index run_by_status on run (status, created_at, id)",
    "create index run_by_kind on run (team, status)",
    "alter table task add column chances integer default 0 not null",
    "alter table task add column earlier_attempts integer default 0 not null",
    """create table audit (
        number bigint not null primary key, at bigint not null, actor text not null,
        role text not null, origin text not null, action text not null, run text,
        subject text not null, detail text not null)""",
    "create index audit_by_run on audit (run, number)",
    """create table idempotency (
        key_hash text not null primary key, request_digest text not null, run text not null,
        at bigint not null)""",
    "create index idempotency_by_age on idempotency (at)",
    """create table session (
        id_hash text not null primary key, name text not null, role text not null,
        token_hash text not null, created_at bigint not null, expires_at bigint not null)""",
    "create index session_by_end on session (expires_at)",
    "create table secret (name text not null primary key, value {bytes} not null)",
    """create table driver (
        run text not null, worker text not null, primary key (run, worker))""",
    "create index driver_by_worker on driver (worker)",
)
_GUARD = {
    "sqlite": (
        "create trigger audit_no_update before update on audit "
        "begin select raise(abort, 'rows of the audit log are never changed'); end",
        "create trigger audit_no_delete before delete on audit "
        "begin select raise(abort, 'rows of the audit log are never changed'); end",
        "create trigger audit_no_replace before insert on audit "
        "when exists (select 1 from audit where number = new.number) "
        "begin select raise(abort, 'rows of the audit log are never changed'); end",
    ),
    "postgresql": (
        "create function audit_kept() returns trigger language plpgsql as "
        "'begin raise exception ''rows of the audit log are never changed''; end'",
        "create trigger audit_kept before update or delete or truncate on audit "
        "for each statement execute function audit_kept()",
    ),
}


def audit_sessions_drivers(conn: Connection) -> None:
    """From version 2 to version 3."""
    kind = {"sqlite": "blob"}.get(conn.dialect.name, "bytea")
    for statement in _STATEMENTS:
        conn.exec_driver_sql(statement.format(bytes=kind))
    for statement in _GUARD[conn.dialect.name]:
        conn.exec_driver_sql(statement)
