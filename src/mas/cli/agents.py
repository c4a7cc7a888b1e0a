"""`mas agents ...`: roles, and what agents remember."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mas.adapters.stores.memories import Checkpoint
from mas.agents.roles.loader import LoadedRoles, RoleProblem
from mas.app import agents
from mas.app.agents import AgentStatus
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.language import plain
from mas.core.memory import Memory
from mas.core.roles import Role, RoleLimits

_SHOWN_ENTRIES = 20


async def list_roles(settings: Settings, *, as_json: bool) -> int:
    """All roles, one a line; files that hold none go to standard error."""
    loaded = agents.roles_of(settings)
    if as_json:
        print_json(
            {
                "roles": [_role_object(role) for role in loaded.roles.values()],
                "problems": [_problem_object(problem) for problem in loaded.problems],
                "notes": [_problem_object(note) for note in loaded.notes],
            }
        )
        return exits.DONE
    print_table(
        ("AGENT", "FROM", "MODEL", "WHAT IT DOES"),
        (
            (role.name, role.source, role.model or "-", plain(role.description, limit=80))
            for role in loaded.roles.values()
        ),
    )
    _tell_problems(loaded)
    return exits.DONE


async def show_role(settings: Settings, named: str, *, as_json: bool) -> int:
    """One role: what it may use, its limits, its instructions, and where it comes from."""
    loaded = agents.roles_of(settings)
    role = agents.find_role(loaded, named)
    notes = [note for note in loaded.notes if note.file == role.source]
    if as_json:
        told = {**_role_object(role), "instructions": role.instructions}
        print_json({**told, "notes": [_problem_object(note) for note in notes]})
        return exits.DONE
    tools = "every tool" if role.tools is None else ", ".join(role.tools) or "none"
    rows = (
        ("Agent", role.name),
        ("From", role.source),
        ("Does", role.description),
        ("Expertise", ", ".join(role.expertise) or "-"),
        ("Team", role.team or "every team"),
        ("Model", role.model or "the configured one"),
        ("Tools", tools),
        ("Limits", _limits_text(role.limits)),
    )
    for name, value in rows:
        print(f"{name:<10} {plain(value, limit=1000)}")
    print()
    print("\n".join(_visible(line) for line in role.instructions.split("\n")))
    for note in notes:
        print(f"mas: {plain(str(note), limit=500)}", file=sys.stderr)
    return exits.DONE


async def show_status(settings: Settings, named: str | None, *, as_json: bool) -> int:
    """What one agent remembers, or a line about each."""
    found = await agents.status_of(settings, named)
    if as_json:
        objects = [_status_object(one) for one in found]
        print_json(objects if named is None else objects[0])
    elif named is None:
        print_table(
            ("AGENT", "WORKS ON", "DONE", "KNOWS", "SAW", "THOUGHT", "BLOCKED ON", "CHECKPOINT"),
            (_status_row(one) for one in found),
        )
    else:
        _print_status(found[0])
    return exits.DONE


async def wipe(settings: Settings, named: str | None, *, every: bool, as_json: bool) -> int:
    """Let one agent or all forget everything but their knowledge."""
    wiped = await agents.wipe(settings, named, every=every)
    if as_json:
        print_json([_memory_object(memory) for memory in wiped])
        return exits.DONE
    for memory in wiped:
        print(f"{memory.role} has forgotten all but its knowledge ({len(memory.knowledge)}).")
    _tell_when_none(wiped)
    return exits.DONE


async def checkpoint(settings: Settings, named: str | None, *, every: bool, as_json: bool) -> int:
    """Save what one agent or all remember."""
    saved = await agents.checkpoint(settings, named, every=every)
    if as_json:
        print_json([_checkpoint_object(one) for one in saved])
        return exits.DONE
    for one in saved:
        print(f"{one.role}: checkpoint {one.number} of {one.at:%Y-%m-%d %H:%M:%S} UTC.")
    _tell_when_none(saved)
    return exits.DONE


async def restore(settings: Settings, named: str | None, *, every: bool, as_json: bool) -> int:
    """Bring back what the last checkpoint of one agent or of all holds."""
    restored = await agents.restore(settings, named, every=every)
    if as_json:
        print_json([_checkpoint_object(one) for one in restored])
        return exits.DONE
    for one in restored:
        print(f"{one.role} is back at checkpoint {one.number} of {one.at:%Y-%m-%d %H:%M:%S} UTC.")
    _tell_when_none(restored)
    return exits.DONE


def _tell_problems(loaded: LoadedRoles) -> None:
    for problem in (*loaded.problems, *loaded.notes):
        print(f"mas: {plain(str(problem), limit=500)}", file=sys.stderr)


def _tell_when_none(done: Sequence[object]) -> None:
    if not done:
        print("No agent has anything stored.", file=sys.stderr)


def _print_status(status: AgentStatus) -> None:
    memory = status.memory
    print(f"Agent       {memory.role}")
    print(f"Works on    {plain(memory.current_task) or '-'}")
    print(f"Blocked on  {plain(memory.blocked_on) or '-'}")
    print(f"Checkpoint  {_checkpoint_text(status.checkpoint)}")
    for title, entries in (
        ("Completed", memory.completed_tasks),
        ("Knowledge", memory.knowledge),
        ("Observations", memory.observations),
        ("Reasoning", memory.reasoning),
    ):
        print(f"\n{title} ({len(entries)})")
        for entry in entries[-_SHOWN_ENTRIES:]:
            print(f"  {plain(entry, limit=500)}")


def _status_row(status: AgentStatus) -> tuple[str, ...]:
    memory = status.memory
    return (
        memory.role,
        plain(memory.current_task, limit=40) or "-",
        str(len(memory.completed_tasks)),
        str(len(memory.knowledge)),
        str(len(memory.observations)),
        str(len(memory.reasoning)),
        plain(memory.blocked_on, limit=40) or "-",
        _checkpoint_text(status.checkpoint),
    )


def _checkpoint_text(saved: Checkpoint | None) -> str:
    return "-" if saved is None else f"{saved.number} ({saved.at:%Y-%m-%d %H:%M})"


def _limits_text(limits: RoleLimits) -> str:
    parts = (
        f"{limits.calls} model calls",
        f"{limits.tokens:,} tokens" if limits.tokens else "",
        f"{limits.cost_usd:g} USD" if limits.cost_usd else "",
        f"{limits.seconds:g} s" if limits.seconds else "",
        f"{limits.concurrent} at once" if limits.concurrent else "",
    )
    return ", ".join(part for part in parts if part)


def _visible(line: str) -> str:
    """A line with its indentation, and without signs that steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in line).rstrip()


def _role_object(role: Role) -> dict[str, object]:
    return {
        "name": role.name,
        "description": role.description,
        "source": role.source,
        "team": role.team or None,
        "model": role.model,
        "expertise": role.expertise,
        "tools": role.tools,
        "limits": role.limits,
    }


def _problem_object(problem: RoleProblem) -> dict[str, object]:
    return {"file": problem.file, "line": problem.line or None, "message": problem.message}


def _status_object(status: AgentStatus) -> dict[str, object]:
    saved = status.checkpoint
    return {
        **_memory_object(status.memory),
        "updated_at": status.updated_at,
        "checkpoint": None if saved is None else {"number": saved.number, "at": saved.at},
    }


def _checkpoint_object(saved: Checkpoint) -> dict[str, object]:
    return {"number": saved.number, "at": saved.at, "memory": _memory_object(saved.memory)}


def _memory_object(memory: Memory) -> dict[str, object]:
    return {name: getattr(memory, name) for name in memory.__struct_fields__}
