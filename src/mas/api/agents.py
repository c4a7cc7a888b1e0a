"""`/api/agents`: roles, what agents are at and what they remember (U3, A1, A4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter

from mas.adapters.stores.memories import Checkpoint
from mas.api.params import AgentName
from mas.api.roles import ADMINISTERS, READS, STEERS
from mas.api.shapes import LimitsOf, Shape
from mas.app.agents import AgentStatus
from mas.core.memory import Memory
from mas.core.overview import WorkingTask
from mas.core.roles import Role
from mas.core.run import TaskState
from mas.http.problems import PROBLEMS
from mas.http.world import TheService

router = APIRouter(prefix="/api", tags=["agents"], responses=PROBLEMS)


class MemoryItem(Shape):
    """What an agent remembers. Entries are `RUN/TASK: text`."""

    role: str
    current_task: str
    blocked_on: str
    completed_tasks: list[str]
    knowledge: list[str]
    """What a wipe keeps."""
    observations: list[str]
    reasoning: list[str]


class CheckpointItem(Shape):
    """A saved memory."""

    role: str
    number: int
    at: datetime
    memory: MemoryItem


class SavedAt(Shape):
    """Number and time of a checkpoint."""

    number: int
    at: datetime


class AtWork(Shape):
    """A task that an agent works on, or with which it waits for a person."""

    run_id: str
    task: str
    title: str
    state: TaskState
    started_at: datetime | None


class RoleItem(Shape):
    """What an agent is."""

    description: str
    source: str
    """Where it comes from."""
    team: str | None
    model: str | None
    """Null: the configured one."""
    expertise: list[str]
    tools: list[str] | None
    """Patterns of names; null: every tool."""
    limits: LimitsOf
    calls: int
    """Requests to a model that one task may make."""
    concurrent: int | None
    """Tasks at once."""


class AgentItem(Shape):
    """An agent: its role, what it is at, and what it remembers."""

    name: str
    role: RoleItem | None
    """Null: only its memory is left."""
    working: list[AtWork]
    memory: MemoryItem
    updated_at: datetime | None
    """Of the memory; null: nothing is stored yet."""
    checkpoint: SavedAt | None
    """The latest."""


class AgentWhole(AgentItem):
    """An agent with its instructions."""

    instructions: str | None


class AgentProblem(Shape):
    """A file that holds no role, or part of one that was left out."""

    file: str
    line: int | None
    message: str


class Agents(Shape):
    """All agents by name, and what is wrong with files of roles."""

    items: list[AgentItem]
    problems: list[AgentProblem]


class Memories(Shape):
    """What is remembered now, of each agent that it was done to."""

    items: list[MemoryItem]


class Checkpoints(Shape):
    """The checkpoint of each agent that it was done to."""

    items: list[CheckpointItem]


@router.get(
    "/agents",
    operation_id="list_agents",
    dependencies=READS,
    summary="List agents",
    response_model=Agents,
)
async def list_agents(service: TheService) -> Any:
    """Every agent with what it is at and what it remembers."""
    loaded = service.roles()
    working = await service.working()
    items = [
        AgentItem(**_agent(one, loaded.roles.get(one.memory.role), working))
        for one in await service.agents()
    ]
    problems = [
        AgentProblem(file=one.file, line=one.line or None, message=one.message)
        for one in (*loaded.problems, *loaded.notes)
    ]
    return Agents(items=items, problems=problems)


@router.get(
    "/agents/{name}",
    operation_id="show_agent",
    dependencies=READS,
    summary="Show an agent",
    response_model=AgentWhole,
)
async def show_agent(name: AgentName, service: TheService) -> Any:
    """An agent with its instructions and all that it remembers."""
    status = await service.agent(name)
    role = service.roles().roles.get(status.memory.role)
    told = _agent(status, role, await service.working())
    return AgentWhole(**told, instructions=None if role is None else role.instructions)


@router.post(
    "/agents/wipe",
    operation_id="wipe_all_agents",
    dependencies=ADMINISTERS,
    summary="Wipe all memories",
    response_model=Memories,
)
async def wipe_all(service: TheService) -> Any:
    """Let all agents forget everything but their knowledge. Needs the role admin."""
    return _memories(await service.wipe(None))


@router.post(
    "/agents/checkpoint",
    operation_id="checkpoint_all_agents",
    dependencies=STEERS,
    summary="Save all memories",
    response_model=Checkpoints,
)
async def checkpoint_all(service: TheService) -> Any:
    """Save what each agent remembers."""
    return _checkpoints(await service.checkpoint(None))


@router.post(
    "/agents/restore",
    operation_id="restore_all_agents",
    dependencies=ADMINISTERS,
    summary="Restore all memories",
    response_model=Checkpoints,
)
async def restore_all(service: TheService) -> Any:
    """Bring back the last checkpoint of each agent that has one. Needs the role admin."""
    return _checkpoints(await service.restore(None))


@router.post(
    "/agents/{name}/wipe",
    operation_id="wipe_agent",
    dependencies=ADMINISTERS,
    summary="Wipe a memory",
    response_model=Memories,
)
async def wipe(name: AgentName, service: TheService) -> Any:
    """Let an agent forget everything but its knowledge. Needs the role admin."""
    return _memories(await service.wipe(name))


@router.post(
    "/agents/{name}/checkpoint",
    operation_id="checkpoint_agent",
    dependencies=STEERS,
    summary="Save a memory",
    response_model=Checkpoints,
)
async def checkpoint(name: AgentName, service: TheService) -> Any:
    """Save what an agent remembers."""
    return _checkpoints(await service.checkpoint(name))


@router.post(
    "/agents/{name}/restore",
    operation_id="restore_agent",
    dependencies=ADMINISTERS,
    summary="Restore a memory",
    response_model=Checkpoints,
)
async def restore(name: AgentName, service: TheService) -> Any:
    """Bring back exactly what the last checkpoint holds. Needs the role admin."""
    return _checkpoints(await service.restore(name))


def _agent(
    status: AgentStatus, role: Role | None, working: Mapping[str, tuple[WorkingTask, ...]]
) -> dict[str, Any]:
    saved = status.checkpoint
    return {
        "name": status.memory.role,
        "role": None if role is None else _role(role),
        "working": [
            AtWork(
                run_id=task.run_id,
                task=task.id,
                title=task.title,
                state=task.state,
                started_at=task.started_at,
            )
            for task in working.get(status.memory.role, ())
        ],
        "memory": _memory(status.memory),
        "updated_at": status.updated_at,
        "checkpoint": None if saved is None else SavedAt(number=saved.number, at=saved.at),
    }


def _role(role: Role) -> RoleItem:
    limits = role.limits
    return RoleItem(
        description=role.description,
        source=role.source,
        team=role.team or None,
        model=role.model,
        expertise=list(role.expertise),
        tools=None if role.tools is None else list(role.tools),
        limits=LimitsOf(tokens=limits.tokens, usd=limits.cost_usd, seconds=limits.seconds),
        calls=limits.calls,
        concurrent=limits.concurrent,
    )


def _memory(memory: Memory) -> MemoryItem:
    return MemoryItem(
        role=memory.role,
        current_task=memory.current_task,
        blocked_on=memory.blocked_on,
        completed_tasks=list(memory.completed_tasks),
        knowledge=list(memory.knowledge),
        observations=list(memory.observations),
        reasoning=list(memory.reasoning),
    )


def _memories(memories: Iterable[Memory]) -> Memories:
    return Memories(items=[_memory(one) for one in memories])


def _checkpoints(saved: Iterable[Checkpoint]) -> Checkpoints:
    return Checkpoints(
        items=[
            CheckpointItem(role=one.role, number=one.number, at=one.at, memory=_memory(one.memory))
            for one in saved
        ]
    )
