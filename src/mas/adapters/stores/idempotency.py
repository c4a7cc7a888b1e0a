"""Statements about idempotency keys: which run was made for a key (R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, delete, select, text

from mas.adapters.stores import schema
from mas.adapters.stores.transaction import now, now_us, to_us
from mas.adapters.stores.turns import CLEARING, take_turn_at

KEPT = timedelta(hours=48)
"""How long a key is remembered at least."""

_idempotency = schema.idempotency.c

# Said the same way by SQLite and PostgreSQL, though SQLAlchemy has a construct for each. Where
# another transaction has just entered the key, PostgreSQL waits for what becomes of it.
_CLAIM = text(
    "insert into idempotency (key_hash, request_digest, run, at)"
    " values (:key_hash, :request_digest, :run, :at) on conflict do nothing"
)
_FIND = select(_idempotency.request_digest, _idempotency.run).where(
    _idempotency.key_hash == bindparam("of_key")
)
_OLD = _idempotency.at < bindparam("until")
_ANY_OLD = select(_idempotency.key_hash).where(_OLD).limit(1)
_FORGET = delete(schema.idempotency).where(_OLD)


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key as it is stored, with what it was used for."""

    key_hash: str
    request_digest: str


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a key was used for."""

    request_digest: str
    run_id: str


def find(conn: Connection, key_hash: str) -> Used | None:
    """What a key was used for; None: for nothing."""
    row = conn.execute(_FIND, {"of_key": key_hash}).first()
    return None if row is None else Used(request_digest=row.request_digest, run_id=row.run)


def claim(conn: Connection, key: Key, run_id: str) -> Used | None:
    """Enter a key for a run that is about to be made; returns what it was used for already."""
    entered = conn.execute(
        _CLAIM,
        {
            "key_hash": key.key_hash,
            "request_digest": key.request_digest,
            "run": run_id,
            "at": now_us(conn),
        },
    )
    return None if entered.rowcount == 1 else find(conn, key.key_hash)


def forget_old(conn: Connection) -> None:
    """Remove keys that nobody will send again."""
    until = {"until": to_us(now(conn) - KEPT)}
    if conn.execute(_ANY_OLD, until).first() is not None:
        take_turn_at(conn, CLEARING)
        conn.execute(_FORGET, until)
