"""Version 2 of the schema: budgets, approvals, messages, memories, lessons.

Written out as it was released, so that later changes of `schema` do not change it.
"""

from __future__ import annotations

from sqlalchemy import Connection

_STATEMENTS = (
    "alter table run add column budget_tokens bigint",
    "alter table run add column budget_cost_micros bigint",
    "alter table run add column budget_time_us bigint",
    """create table reservation (
        run text not null, task text not null, key text not null, attempt integer not null,
        input_tokens bigint not null, output_tokens bigint not null, cost_micros bigint not null,
        primary key (run, task, key), foreign key (run, task) references task (run, id))""",
    """create table approval (
        run text not null, id text not null, task text not null, key text not null,
        call {bytes} not null, state text not null, comment text not null,
        asked_at bigint not null, decided_at bigint,
        primary key (run, id), foreign key (run, task) references task (run, id))""",
    "create unique index approval_by_step on approval (run, task, key)",
    """create table message (
        run text not null references run (id), number bigint not null, sender text not null,
        key text, recipient text not null, intent text not null, content text not null,
        at bigint not null, primary key (run, number))""",
    """create table delivery (
        run text not null, number bigint not null, task text not null, read_by text,
        primary key (run, number, task),
        foreign key (run, number) references message (run, number),
        foreign key (run, task) references task (run, id))""",
    """create table memory (
        role text not null primary key, body {bytes} not null, updated_at bigint not null)""",
    """create table checkpoint (
        role text not null, number integer not null, body {bytes} not null, at bigint not null,
        primary key (role, number))""",
    """create table lesson (
        id text not null primary key, kind text not null, team text not null, about text not null,
        text text not null, evidence {bytes} not null, successes bigint not null,
        failures bigint not null, learned_at bigint not null)""",
)


def budgets_approvals_messages(conn: Connection) -> None:
    """From version 1 to version 2."""
    kind = {"sqlite": "blob"}.get(conn.dialect.name, "bytea")
    for statement in _STATEMENTS:
        conn.exec_driver_sql(statement.format(bytes=kind))
