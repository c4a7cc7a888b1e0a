"""What a person may do with agents: look at roles and memories, wipe, save, restore (A1, A4)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mas.adapters.stores.memories import Checkpoint, Remembered, StoredMemories
from mas.agents.roles.loader import LoadedRoles, load_roles
from mas.app.settings import Settings
from mas.app.storage import open_store
from mas.core.errors import UserError
from mas.core.memory import Memory
from mas.core.roles import Role


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


async def status_of(settings: Settings, named: str | None) -> tuple[AgentStatus, ...]:
    """What one agent remembers, or what each does, by name.

    Raises:
        UserError: There is no such agent.
    """
    loaded = roles_of(settings)
    async with open_store(settings) as store:
        stored = {one.role: one for one in await StoredMemories(store).everything()}
    names = sorted({*loaded.roles, *stored})
    if named is not None:
        names = [_known(named, loaded, names)]
    return tuple(_status(name, stored.get(name)) for name in names)


async def wipe(settings: Settings, named: str | None, *, every: bool) -> tuple[Memory, ...]:
    """Let one agent, or all that remember anything, forget all but knowledge.

    Raises:
        UserError: There is no such agent, or neither one nor all were named.
    """
    _check_choice(named, every=every)
    async with open_store(settings) as store:
        memories = StoredMemories(store)
        return await memories.wipe(*await _chosen(settings, memories, named))


async def checkpoint(
    settings: Settings, named: str | None, *, every: bool
) -> tuple[Checkpoint, ...]:
    """Save what one agent, or each that remembers anything, remembers.

    Raises:
        UserError: There is no such agent, or neither one nor all were named.
    """
    _check_choice(named, every=every)
    async with open_store(settings) as store:
        memories = StoredMemories(store)
        return await memories.checkpoint(*await _chosen(settings, memories, named))


async def restore(settings: Settings, named: str | None, *, every: bool) -> tuple[Checkpoint, ...]:
    """Bring back exactly what one agent's last checkpoint holds, or those of all that have one.

    Raises:
        UserError: There is no such agent or no checkpoint of it, or neither one nor all were
            named.
    """
    _check_choice(named, every=every)
    async with open_store(settings) as store:
        memories = StoredMemories(store)
        chosen = await _chosen(settings, memories, named)
        restored = await memories.restore(*chosen)
    if not every and not restored:
        raise UserError(
            f"There is no checkpoint of {chosen[0]}.",
            hint=f"Make one with: mas agents checkpoint {chosen[0]}",
            code="no_checkpoint",
        )
    return restored


def _check_choice(named: str | None, *, every: bool) -> None:
    if every == (named is not None):
        raise UserError(
            "Name one agent, or take all of them with --all.",
            hint="See `mas agents list`.",
            code="no_agent_named",
        )


async def _chosen(
    settings: Settings, memories: StoredMemories, named: str | None
) -> tuple[str, ...]:
    """The agent that was named, or all of which something is stored."""
    stored = tuple(one.role for one in await memories.everything())
    if named is None:
        return stored
    loaded = roles_of(settings)
    return (_known(named, loaded, {*loaded.roles, *stored}),)


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
