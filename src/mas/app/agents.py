"""What a person may do with agents: look at roles and memories, wipe, save, restore (A1, A4)."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from mas.adapters.stores import memories
from mas.adapters.stores.memories import Checkpoint, Remembered, StoredMemories
from mas.adapters.stores.store import Store
from mas.agents.roles.loader import LoadedRoles, load_roles
from mas.app.accounts import local_actor
from mas.app.auditing import Notes
from mas.app.settings import Settings
from mas.app.storage import open_store
from mas.core.audit import AuditAction, AuditNote
from mas.core.errors import UserError
from mas.core.memory import Memory
from mas.core.roles import Role
from mas.engine.journal.audit import audited


@dataclass(frozen=True, kw_only=True)
class AgentStatus:
    """What one agent remembers; `updated_at` None: nothing has been stored yet."""

    memory: Memory
    updated_at: datetime | None = None
    checkpoint: Checkpoint | None = None
    """The latest."""


def roles_of(settings: Settings) -> LoadedRoles:
    """The built-in roles and the person's own."""
    return load_roles(settings.agents_folder)


def find_role(loaded: LoadedRoles, named: str) -> Role:
    """The role of a name.

    Raises:
        UserError: There is none; the hint names the nearest.
    """
    role = loaded.roles.get(_folded(named))
    if role is None:
        raise _unknown(named, loaded, loaded.roles)
    return role


class Agents:
    """What agents remember, on an open journal, in somebody's name."""

    def __init__(self, store: Store, loaded: LoadedRoles, notes: Notes) -> None:
        self._store = store
        self._loaded = loaded
        self._notes = notes

    async def status(self, named: str | None = None) -> tuple[AgentStatus, ...]:
        """What one agent remembers, or what each does, by name.

        Raises:
            UserError: There is no such agent (`unknown_role`).
        """
        everything = await StoredMemories(self._store).everything()
        stored = {one.role: one for one in everything}
        names = sorted({*self._loaded.roles, *stored})
        if named is not None:
            names = [_known(named, self._loaded, names)]
        return tuple(_status(name, stored.get(name)) for name in names)

    async def wipe(self, named: str | None) -> tuple[Memory, ...]:
        """Let one agent, or all that remember anything, forget all but knowledge.

        Raises:
            UserError: There is no such agent.
        """
        roles = await self._chosen(named)
        return await self._store.run_durable(
            audited, memories.each, self._noted("memory.wipe"), memories.wipe, roles
        )

    async def checkpoint(self, named: str | None) -> tuple[Checkpoint, ...]:
        """Save what one agent, or each that remembers anything, remembers.

        Raises:
            UserError: There is no such agent.
        """
        roles = await self._chosen(named)
        return await self._store.run_durable(
            audited, memories.each, self._noted("memory.checkpoint"), memories.checkpoint, roles
        )

    async def restore(self, named: str | None) -> tuple[Checkpoint, ...]:
        """Bring back exactly what one agent's last checkpoint holds, or those of all that have one.

        Raises:
            UserError: There is no such agent, or no checkpoint of it (`no_checkpoint`).
        """
        roles = await self._chosen(named)
        found = await self._store.run_durable(
            audited, memories.each, self._noted("memory.restore"), memories.restore, roles
        )
        restored = tuple(saved for saved in found if saved is not None)
        if named is not None and not restored:
            raise UserError(
                f"There is no checkpoint of {roles[0]}.",
                hint=f"Make one with: mas agents checkpoint {roles[0]}",
                code="no_checkpoint",
            )
        return restored

    def _noted(
        self, action: AuditAction
    ) -> Callable[[Sequence[Memory | Checkpoint | None]], tuple[AuditNote, ...]]:
        def notes_of(done: Sequence[Memory | Checkpoint | None]) -> tuple[AuditNote, ...]:
            return tuple(self._notes.note(action, subject=one.role) for one in done if one)

        return notes_of

    async def _chosen(self, named: str | None) -> tuple[str, ...]:
        """The agent that was named, or all of which something is stored."""
        everything = await StoredMemories(self._store).everything()
        stored = tuple(one.role for one in everything)
        if named is None:
            return stored
        return (_known(named, self._loaded, {*self._loaded.roles, *stored}),)


@asynccontextmanager
async def _agents(settings: Settings) -> AsyncIterator[Agents]:
    """The agents over the journal of these settings, in the name of this account."""
    async with open_store(settings) as store:
        yield Agents(store, roles_of(settings), Notes(actor=local_actor(), mask=str))


async def status_of(settings: Settings, named: str | None) -> tuple[AgentStatus, ...]:
    """As `Agents.status`, where no service is open."""
    async with _agents(settings) as agents:
        return await agents.status(named)


async def wipe(settings: Settings, named: str | None, *, every: bool) -> tuple[Memory, ...]:
    """As `Agents.wipe`, where no service is open; all have to be asked for by `every`."""
    _check_choice(named, every=every)
    async with _agents(settings) as agents:
        return await agents.wipe(named)


async def checkpoint(
    settings: Settings, named: str | None, *, every: bool
) -> tuple[Checkpoint, ...]:
    """As `Agents.checkpoint`, where no service is open; all have to be asked for by `every`."""
    _check_choice(named, every=every)
    async with _agents(settings) as agents:
        return await agents.checkpoint(named)


async def restore(settings: Settings, named: str | None, *, every: bool) -> tuple[Checkpoint, ...]:
    """As `Agents.restore`, where no service is open; all have to be asked for by `every`."""
    _check_choice(named, every=every)
    async with _agents(settings) as agents:
        return await agents.restore(named)


def _check_choice(named: str | None, *, every: bool) -> None:
    if every == (named is not None):
        raise UserError(
            "Name one agent, or take all of them with --all.",
            hint="See `mas agents list`.",
            code="no_agent_named",
        )


def _known(named: str, loaded: LoadedRoles, names: Iterable[str]) -> str:
    name = _folded(named)
    if name not in set(names):
        raise _unknown(named, loaded, names)
    return name


def _status(name: str, stored: Remembered | None) -> AgentStatus:
    if stored is None:
        return AgentStatus(memory=Memory(role=name))
    return AgentStatus(
        memory=stored.memory or Memory(role=name),
        updated_at=stored.updated_at,
        checkpoint=stored.checkpoint,
    )


def _unknown(named: str, loaded: LoadedRoles, names: Iterable[str]) -> UserError:
    close = difflib.get_close_matches(_folded(named), sorted(names), n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}?" if close else "See `mas agents list`."
    if loaded.problems:
        hint += f" A file could not be used: {loaded.problems[0]}"
    return UserError(f"There is no agent called {named!r}.", hint=hint, code="unknown_role")


def _folded(named: str) -> str:
    return named.strip().casefold()
