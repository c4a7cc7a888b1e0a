"""Sessions and the server's own secrets, kept in the journal for all replicas (U3)."""

from __future__ import annotations

import secrets as chance

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from mas.adapters.stores import schema
from mas.adapters.stores.store import Store
from mas.adapters.stores.transaction import from_us, now_us, to_us
from mas.core.sessions import Session

SECRET_BYTES = 32

_session = schema.session.c
_secret = schema.secret.c

_THIS = _session.id_hash == bindparam("of_id")
_INSERT = insert(schema.session)
_FIND = select(schema.session).where(_THIS, _session.expires_at > bindparam("at"))
_REMOVE = delete(schema.session).where(_THIS)
_REMOVE_EXPIRED = delete(schema.session).where(_session.expires_at <= bindparam("at"))
# Said the same way by SQLite and PostgreSQL, though SQLAlchemy has a construct for each.
_ENSURE_SECRET = text(
    "insert into secret (name, value) values (:name, :new) on conflict do nothing"
)
_SECRET = select(_secret.value).where(_secret.name == bindparam("of_name"))


def add(conn: Connection, session: Session) -> None:
    """Keep a session."""
    conn.execute(
        _INSERT,
        {
            "id_hash": session.id_hash,
            "name": session.name,
            "role": session.role,
            "token_hash": session.token_hash,
            "created_at": to_us(session.created_at),
            "expires_at": to_us(session.expires_at),
        },
    )


def find(conn: Connection, id_hash: str) -> Session | None:
    """A session that is not over yet."""
    row = conn.execute(_FIND, {"of_id": id_hash, "at": now_us(conn)}).first()
    if row is None:
        return None
    return Session(
        id_hash=row.id_hash,
        name=row.name,
        role=row.role,
        token_hash=row.token_hash,
        created_at=from_us(row.created_at),
        expires_at=from_us(row.expires_at),
    )


def remove(conn: Connection, id_hash: str) -> None:
    """End a session."""
    conn.execute(_REMOVE, {"of_id": id_hash})


def remove_expired(conn: Connection) -> None:
    """Forget the sessions that are over."""
    conn.execute(_REMOVE_EXPIRED, {"at": now_us(conn)})


def known_secret(conn: Connection, name: str) -> bytes | None:
    """A secret that was made before."""
    found: bytes | None = conn.execute(_SECRET, {"of_name": name}).scalar()
    return None if found is None else bytes(found)


def ensure_secret(conn: Connection, name: str) -> bytes:
    """A secret, made now where there is none; of two that are made at once, the first stands."""
    conn.execute(_ENSURE_SECRET, {"name": name, "new": chance.token_bytes(SECRET_BYTES)})
    return bytes(conn.execute(_SECRET, {"of_name": name}).scalar_one())


class StoredSessions:
    """Who has logged in; a session that is over is not found."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, session: Session) -> None:
        """Keep a session until it is over."""
        await self._store.run_durable(add, session)

    async def find(self, id_hash: str) -> Session | None:
        """The session of this hash; None when there is none, or it is over."""
        return await self._store.read(find, id_hash)

    async def remove(self, id_hash: str) -> None:
        """End a session; one that is not there is fine."""
        await self._store.run_durable(remove, id_hash)

    async def remove_expired(self) -> None:
        """Forget sessions that are over."""
        await self._store.run(remove_expired)

    async def secret(self, name: str) -> bytes:
        """32 bytes of chance that all replicas share; made when they are first asked for."""
        known = await self._store.read(known_secret, name)
        return known if known is not None else await self._store.run_durable(ensure_secret, name)
