"""Sessions, secrets and the audit log in memory, as the guard needs them of the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mas.core.access_tokens import AccessToken, new_access_token
from mas.core.actors import Actor
from mas.core.audit import AuditAction
from mas.core.sessions import Session

SECRET = b"\x07" * 32


class ManualTime:
    """A time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def ticks(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=self.seconds)


class MemorySessions:
    """As `StoredSessions`."""

    def __init__(self) -> None:
        self.kept: dict[str, Session] = {}

    async def add(self, session: Session) -> None:
        self.kept[session.id_hash] = session

    async def find(self, id_hash: str) -> Session | None:
        return self.kept.get(id_hash)

    async def remove(self, id_hash: str) -> None:
        self.kept.pop(id_hash, None)

    async def remove_expired(self) -> None:
        """Left out: what is over has to be found out by whoever looks."""

    async def secret(self, name: str) -> bytes:
        return SECRET


class MemoryBook:
    """As the service."""

    def __init__(self) -> None:
        self.sessions = MemorySessions()
        self.notes: list[tuple[Actor, AuditAction, str]] = []
        self._actor: Actor | None = None

    def acting_for(self, actor: Actor) -> MemoryBook:
        same = MemoryBook()
        same.sessions, same.notes, same._actor = self.sessions, self.notes, actor
        return same

    async def note(self, action: AuditAction, *, subject: str = "", detail: str = "") -> None:
        assert self._actor is not None
        self.notes.append((self._actor, action, detail))


def token_entry(name: str, role: str, token: str) -> AccessToken:
    """What a server knows of a token."""
    return new_access_token(name, role, token)
