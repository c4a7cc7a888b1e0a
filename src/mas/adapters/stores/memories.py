"""Statements about what agents remember, and the port over them (A4).

A memory is changed as a whole: read under a lock, changed, written. Two agents of one role that
remember at the same time both succeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from mas.adapters.stores import schema
from mas.adapters.stores.store import Store
from mas.adapters.stores.transaction import from_us, now, now_us
from mas.core.errors import Bug
from mas.core.memory import Memory
from mas.core.values import encode_json

T = TypeVar("T")

KEPT_CHECKPOINTS = 20
"""Checkpoints of a role that are kept; the oldest go first."""

_memory = schema.memory.c
_checkpoint = schema.checkpoint.c

# Said the same way by SQLite and PostgreSQL, though SQLAlchemy has a construct for each.
_ENSURE = text(
    "insert into memory (role, body, updated_at) values (:new_role, :new_body, :at)"
    " on conflict do nothing"
)
_BODY = select(_memory.body).where(_memory.role == bindparam("of_role"))
_LOCKED_BODY = _BODY.with_for_update()
_LIST = select(schema.memory).order_by(_memory.role)
_WRITE = (
    update(schema.memory)
    .where(_memory.role == bindparam("of_role"))
    .values(body=bindparam("new_body"), updated_at=bindparam("at"))
)

_OF_ROLE = _checkpoint.role == bindparam("of_role")
_NUMBER = select(func.max(_checkpoint.number)).where(_OF_ROLE)
_INSERT = insert(schema.checkpoint)
_FORGET = delete(schema.checkpoint).where(_OF_ROLE, _checkpoint.number <= bindparam("up_to"))
_LATEST = select(schema.checkpoint).where(_OF_ROLE).order_by(_checkpoint.number.desc()).limit(1)
_NEWEST_NUMBERS = (
    select(_checkpoint.role, func.max(_checkpoint.number).label("number"))
    .group_by(_checkpoint.role)
    .subquery()
)
_ALL_LATEST = select(schema.checkpoint).join(
    _NEWEST_NUMBERS,
    (_checkpoint.role == _NEWEST_NUMBERS.c.role) & (_checkpoint.number == _NEWEST_NUMBERS.c.number),
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A memory as it was saved. `number` counts the checkpoints of a role from 1."""

    role: str
    number: int
    memory: Memory
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What is stored about a role. `memory` None: only checkpoints are."""

    role: str
    memory: Memory | None
    updated_at: datetime | None
    checkpoint: Checkpoint | None
    """The latest."""


def read(conn: Connection, role: str) -> Memory:
    """What a role remembers; an empty memory when nothing is stored."""
    body = conn.execute(_BODY, {"of_role": role}).scalar()
    return Memory(role=role) if body is None else _decode(body)


def apply(conn: Connection, role: str, change: Callable[[Memory], Memory]) -> Memory:
    """Apply a pure change to what is stored, and return the outcome."""
    memory = _locked(conn, role)
    changed = change(memory)
    if changed.role != role:
        raise Bug(f"A change of the memory of {role} gave that of {changed.role}.")
    if changed != memory:
        _write(conn, changed)
    return changed


def wipe(conn: Connection, role: str) -> Memory:
    """Forget task, observations and reasoning of a role; its knowledge and checkpoints stay."""
    return apply(conn, role, Memory.wiped)


def checkpoint(conn: Connection, role: str) -> Checkpoint:
    """Save the memory of a role as it is."""
    memory = _locked(conn, role)
    number = int(conn.execute(_NUMBER, {"of_role": role}).scalar() or 0) + 1
    conn.execute(
        _INSERT,
        {"role": role, "number": number, "body": encode_json(memory), "at": now_us(conn)},
    )
    conn.execute(_FORGET, {"of_role": role, "up_to": number - KEPT_CHECKPOINTS})
    return Checkpoint(role=role, number=number, memory=memory, at=now(conn))


def restore(conn: Connection, role: str) -> Checkpoint | None:
    """Bring back the latest checkpoint of a role, exactly; None when there is none."""
    if latest(conn, role) is None:
        return None
    _locked(conn, role)
    # Asked again under the lock: another one may just have been made.
    saved = latest(conn, role)
    if saved is not None:
        _write(conn, saved.memory)
    return saved


def latest(conn: Connection, role: str) -> Checkpoint | None:
    """The latest checkpoint of a role; None when there is none."""
    row = conn.execute(_LATEST, {"of_role": role}).first()
    return None if row is None else _to_checkpoint(row.role, row.number, row.body, row.at)


def everything(conn: Connection) -> tuple[Remembered, ...]:
    """All roles of which something is stored, by name."""
    saved = {
        row.role: _to_checkpoint(row.role, row.number, row.body, row.at)
        for row in conn.execute(_ALL_LATEST)
    }
    kept = {
        row.role: Remembered(
            role=row.role,
            memory=_decode(row.body),
            updated_at=from_us(row.updated_at),
            checkpoint=saved.get(row.role),
        )
        for row in conn.execute(_LIST)
    }
    alone = {
        role: Remembered(role=role, memory=None, updated_at=None, checkpoint=one)
        for role, one in saved.items()
    }
    return tuple(one for _, one in sorted({**alone, **kept}.items()))


class StoredMemories:
    """The port `Memories` on a store, and what a person may do with memories."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, role: str) -> Memory:
        """What a role remembers; an empty memory when nothing is stored."""
        return await self._store.read(read, role)

    async def change(self, role: str, change: Callable[[Memory], Memory]) -> Memory:
        """Apply a pure change to what is stored, and return the outcome; safe beside others."""
        return await self._store.run(apply, role, change)

    async def wipe(self, *roles: str) -> tuple[Memory, ...]:
        """Forget task, observations and reasoning of roles, all or none; knowledge stays."""
        return await self._store.run_durable(each, wipe, roles)

    async def checkpoint(self, *roles: str) -> tuple[Checkpoint, ...]:
        """Save the memories of roles as they are, all or none."""
        return await self._store.run_durable(each, checkpoint, roles)

    async def restore(self, *roles: str) -> tuple[Checkpoint, ...]:
        """Bring back the latest checkpoints of roles, exactly, all or none; who has none is not
        in what is returned."""
        restored = await self._store.run_durable(each, restore, roles)
        return tuple(saved for saved in restored if saved is not None)

    async def everything(self) -> tuple[Remembered, ...]:
        """All roles of which something is stored, by name."""
        return await self._store.read(everything)


def each(
    conn: Connection, change: Callable[[Connection, str], T], roles: Iterable[str]
) -> tuple[T, ...]:
    """Do the same with several roles, all or none."""
    # One order for all transactions, so that no two wait for each other.
    return tuple(change(conn, role) for role in sorted(set(roles)))


def _locked(conn: Connection, role: str) -> Memory:
    """The memory of a role, its row locked until the transaction ends; made when there is none."""
    empty = encode_json(Memory(role=role))
    conn.execute(_ENSURE, {"new_role": role, "new_body": empty, "at": now_us(conn)})
    return _decode(conn.execute(_LOCKED_BODY, {"of_role": role}).scalar_one())


def _write(conn: Connection, memory: Memory) -> None:
    conn.execute(
        _WRITE, {"of_role": memory.role, "new_body": encode_json(memory), "at": now_us(conn)}
    )


def _decode(body: bytes) -> Memory:
    return msgspec.json.decode(body, type=Memory)


def _to_checkpoint(role: str, number: int, body: bytes, at: int) -> Checkpoint:
    return Checkpoint(role=role, number=number, memory=_decode(body), at=from_us(at))
