"""The tables of the journal, the same on every database.

Times are whole microseconds since 1970 in UTC, JSON values are bytes, and everything that belongs
to a run is keyed by it first, so that a run can be copied or removed as rows.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy import (
    event as sqlalchemy_event,
)

metadata = MetaData()

worker = Table(
    "worker",
    metadata,
    Column("id", Text, primary_key=True),
    Column("machine", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("process_started", Text, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("options", LargeBinary, nullable=False),
    Column("status", Text, nullable=False),
    Column("stop_reason", Text),
    Column("partial", Boolean, nullable=False),
    Column("failure", LargeBinary),
    Column("plan", LargeBinary),
    Column("result", LargeBinary),
    Column("report", Text),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("last_event", BigInteger, nullable=False),
    # Limits of the run; None is no limit.
    Column("budget_tokens", BigInteger),
    Column("budget_cost_micros", BigInteger),
    Column("budget_time_us", BigInteger),
    # Lists are in order of age, whatever they are filtered by; counts are by team and status.
    Index("run_by_age", "created_at", "id"),
    Index("run_by_team", "team", "created_at", "id"),
    Index("run_by_status", "status", "created_at", "id"),
    Index("run_by_kind", "team", "status"),
)

task = Table(
    "task",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("role", Text, nullable=False),
    Column("spec", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    # How many dependencies have not succeeded yet; the task is ready at zero.
    Column("unmet", Integer, nullable=False),
    # Only ever counts up: together with the owner it fences the writes of an attempt.
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("not_before", BigInteger),
    Column("owner", Text, ForeignKey("worker.id")),
    Column("result", LargeBinary),
    Column("summary", Text, nullable=False),
    Column("failure", LargeBinary),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    # How often a person has given it a new chance, and how many attempts there were before.
    Column("chances", Integer, nullable=False, server_default=text("0")),
    Column("earlier_attempts", Integer, nullable=False, server_default=text("0")),
    Index("task_by_state", "run", "state"),
)
# Limits per role are counted over all runs, among few rows.
Index(
    "task_running",
    task.c.role,
    sqlite_where=text("state = 'running'"),
    postgresql_where=text("state = 'running'"),
)
Index(
    "task_by_owner",
    task.c.owner,
    sqlite_where=text("owner is not null"),
    postgresql_where=text("owner is not null"),
)

edge = Table(
    "edge",
    metadata,
    Column("run", Text, primary_key=True),
    Column("depends_on", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    ForeignKeyConstraint(["run", "depends_on"], ["task.run", "task.id"]),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
    Index("edge_by_task", "run", "task"),
)

record = Table(
    "record",
    metadata,
    Column("run", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    # The number of its event, which is also the order of the records.
    Column("event", BigInteger, nullable=False),
    Column("summary", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("took_us", BigInteger, nullable=False),
    Column("value", LargeBinary, nullable=False),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
)

effect = Table(
    "effect",
    metadata,
    Column("run", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("intent", LargeBinary, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("intended_at", BigInteger, nullable=False),
    # None: it is not known whether the action was done.
    Column("settled_at", BigInteger),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
)

event = Table(
    "event",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# What calls under way may use at most. A row lives as long as its call; those of an attempt that
# was lost go with it.
reservation = Table(
    "reservation",
    metadata,
    Column("run", Text, primary_key=True),
    Column("task", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
)

approval = Table(
    "approval",
    metadata,
    Column("run", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("task", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("call", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
    Index("approval_by_step", "run", "task", "key", unique=True),
)

message = Table(
    "message",
    metadata,
    Column("run", Text, ForeignKey("run.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("sender", Text, nullable=False),
    # The step that sent it, so that a repeated step sends it once; None for a person.
    Column("key", Text),
    Column("recipient", Text, nullable=False),
    Column("intent", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# One row for each task that a message goes to.
delivery = Table(
    "delivery",
    metadata,
    Column("run", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("task", Text, primary_key=True),
    # The step that has read it.
    Column("read_by", Text),
    ForeignKeyConstraint(["run", "number"], ["message.run", "message.number"]),
    ForeignKeyConstraint(["run", "task"], ["task.run", "task.id"]),
)

memory = Table(
    "memory",
    metadata,
    Column("role", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("role", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

lesson = Table(
    "lesson",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("successes", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("learned_at", BigInteger, nullable=False),
)

# Who has done what. Rows are added and never changed: triggers see to that.
audit = Table(
    "audit",
    metadata,
    # Without gaps, so that a row that was taken out of the file by other means is missed.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("action", Text, nullable=False),
    # No foreign key: what was done to a run stays known when the run is removed.
    Column("run", Text),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_by_run", "run", "number"),
)

_KEPT = {
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
for _dialect, _statements in _KEPT.items():
    for _statement in _statements:
        _guard = DDL(_statement)  # type: ignore[no-untyped-call]
        sqlalchemy_event.listen(audit, "after_create", _guard.execute_if(dialect=_dialect))

# The run that was made for a key, so that a request that is sent again makes no second one.
# Without a foreign key: the key is entered before its run.
idempotency = Table(
    "idempotency",
    metadata,
    Column("key_hash", Text, primary_key=True),
    Column("request_digest", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("idempotency_by_age", "at"),
)

session = Table(
    "session",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("token_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("session_by_end", "expires_at"),
)

# What the servers on one journal share and nobody else knows.
secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# Which processes carry which runs on, also while no task of a run is at work. A row counts while
# its worker lives.
driver = Table(
    "driver",
    metadata,
    Column("run", Text, primary_key=True),
    Column("worker", Text, primary_key=True),
    Index("driver_by_worker", "worker"),
)
