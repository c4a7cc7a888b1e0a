"""The tables of the journal, the same on every database.

Times are whole microseconds since 1970 in UTC, JSON values are bytes, and everything that belongs
to a run is keyed by it first, so that a run can be copied or removed as rows.
"""

from __future__ import annotations

from sqlalchemy import (
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
    Index("run_by_status", "status"),
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
