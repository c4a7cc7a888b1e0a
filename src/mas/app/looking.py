"""What every face may look at (R1): runs, what agents remember, what was learned, who did what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mas.adapters.live.folder import LiveText
from mas.adapters.stores import audit as audit_rows
from mas.agents.roles.loader import LoadedRoles
from mas.app.accounts import local_actor
from mas.app.agents import Agents, AgentStatus, roles_of
from mas.app.auditing import Notes
from mas.app.fanout import Compared, FanoutResults, MergedWork
from mas.app.knowledge import Knowledge
from mas.app.parts import Parts
from mas.core.actors import Actor
from mas.core.approvals import Approval, Place
from mas.core.audit import AuditEntry
from mas.core.errors import MasError, UserError
from mas.core.events import Event
from mas.core.lessons import Lesson
from mas.core.messages import Message
from mas.core.overview import Counts, WorkingTask
from mas.core.records import Record
from mas.core.run import ALL_RUNS, Run, RunFilter, RunPage, RunSummary, Task
from mas.core.values import JsonValue

_AUDITED = 500
"""Newest entries about a run that are looked through for when something was asked for."""


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """A run with all that belongs to it."""

    run: Run
    tasks: tuple[Task, ...]
    records: tuple[Record, ...]
    approvals: tuple[Approval, ...]
    messages: tuple[Message, ...]


class Looking:
    """The use cases that change nothing, over one engine, in somebody's name."""

    def __init__(self, parts: Parts, actor: Actor | None = None) -> None:
        """In the name of `actor`; None: of the account that runs this process."""
        self._parts = parts
        self._engine = parts.engine
        self._notes = Notes(actor=actor or local_actor(), mask=parts.workshop.masker.mask)

    @property
    def actor(self) -> Actor:
        """In whose name it is."""
        return self._notes.actor

    @property
    def notes(self) -> tuple[str, ...]:
        """What is wrong with the person's own files without stopping anything."""
        return self._parts.notes

    async def _earlier(self, named: str) -> Run:
        return await self._engine.get(await self.find(named))

    def model_of(self, run: Run) -> str | None:
        """The model that a run's first agent asks; None: rules decide."""
        first = "planner" if run.team == "decide" else "orchestrator"
        model = self._parts.workshop.model_of(run, first)
        return None if model is None else model.name

    async def find(self, named: str) -> str:
        """The id of the run that was named: its id, or enough of its start or end.

        Raises:
            UserError: No run, or more than one, fits.
        """
        wanted = named.strip()
        recent = await self._engine.list(limit=1000)
        exact = [run.id for run in recent if run.id == wanted]
        fits = exact or [
            run.id
            for run in recent
            if len(wanted) >= 4 and (run.id.startswith(wanted) or run.id.endswith(wanted))
        ]
        if len(fits) == 1:
            return fits[0]
        if len(fits) > 1:
            raise UserError(
                f"{len(fits)} runs fit {wanted!r}.",
                hint="Give more of the id; `mas runs list` shows them.",
                code="ambiguous_run",
            )
        return (await self._engine.get(wanted)).id

    async def list(self, *, limit: int = 50) -> tuple[RunSummary, ...]:
        """The newest runs first."""
        return await self._engine.list(limit=limit)

    async def unfinished(self) -> tuple[RunSummary, ...]:
        """Runs that have not ended."""
        return await self._engine.unfinished()

    async def get(self, run_id: str) -> Run:
        """One run."""
        return await self._engine.get(run_id)

    async def unended(self, run_id: str, *, hint: str) -> Run:
        """One run that has not ended; `hint` is for whoever comes too late.

        Raises:
            UserError: It has ended (`run_ended`).
        """
        run = await self._engine.get(run_id)
        if run.status.ended:
            raise UserError(
                f"Run {run.id} has already ended ({run.status.value}).",
                hint=hint,
                code="run_ended",
            )
        return run

    async def detail(self, run_id: str) -> RunDetail:
        """One run with all that belongs to it."""
        return RunDetail(
            run=await self._engine.get(run_id),
            tasks=await self._engine.tasks(run_id),
            records=await self._engine.records(run_id),
            approvals=await self._engine.approvals(run_id),
            messages=await self._engine.messages(run_id),
        )

    async def approvals(self, run_id: str) -> tuple[Approval, ...]:
        """The calls of a run that wait for a person."""
        asked = await self._engine.approvals(run_id)
        return tuple(approval for approval in asked if approval.state == "waiting")

    def follow_output(self, run_id: str, *, ended: asyncio.Event) -> AsyncIterator[LiveText]:
        """What the agents of a run show while they work, until `ended` is set."""
        return self._parts.live.follow(run_id, ended=ended)

    async def page(
        self, filters: RunFilter = ALL_RUNS, *, before: str | None = None, limit: int = 50
    ) -> RunPage:
        """Runs that fit, newest first; `before` is `next` of the page before.

        Raises:
            UserError: `before` is no cursor (`bad_cursor`).
        """
        # One more than wanted tells whether there is another page.
        found = await self._engine.page(filters, limit=limit + 1, before=before)
        if found is None:
            raise UserError(
                "There is no such page of the list.",
                hint="Begin with the first one: leave `before` out.",
                code="bad_cursor",
            )
        more = len(found) > limit
        return RunPage(runs=found[:limit], next=found[limit - 1].id if more else None)

    async def left(self, *, by_others: bool = False) -> frozenset[str]:
        """The unfinished runs that no living process works on, or, with `by_others`, none but
        this one."""
        return await self._engine.left(by_others=by_others)

    async def events(self, run_id: str, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        """The next events of a run after the one numbered `after`."""
        return await self._engine.events(run_id, after=after, limit=limit)

    async def diff(
        self, run_id: str, agents: tuple[int, ...], *, stat_only: bool = False
    ) -> Compared:
        """What an agent of a fanout run has changed, or two of them against each other.

        Raises:
            UserError: As `FanoutResults`, and as its `diff`.
        """
        results = self._branches(await self._engine.get(run_id))
        return await results.diff(agents, stat_only=stat_only)

    async def merges(self, run: Run) -> tuple[MergedWork, ...]:
        """Whose work is where by merging, the latest first; nothing where the repository of the
        run is not here or cannot be read."""
        try:
            found = await self._branches(run).merges()
        except MasError:
            return ()
        if not found:
            return ()
        asked: dict[str, datetime] = {}
        for entry in await self.audit(run_id=run.id, limit=_AUDITED):
            if entry.action == "run.merge" and not entry.detail.startswith("not done"):
                asked.setdefault(entry.subject, entry.at)
        return tuple(replace(one, at=asked.get(f"agent-{one.agent}")) for one in found)

    def _branches(self, run: Run) -> FanoutResults:
        return FanoutResults(run, self._parts.workshop.settings)

    async def waiting(
        self, *, limit: int = 200, after: Place | None = None
    ) -> tuple[Approval, ...]:
        """The calls that wait for a person over all runs, oldest first; those behind a place."""
        return await self._engine.waiting(limit=limit, after=after)

    async def count_waiting(self) -> int:
        """How many calls wait for a person over all runs."""
        return await self._engine.count_waiting()

    async def value(self, run_id: str, task: str, key: str) -> JsonValue:
        """What a record holds.

        Raises:
            UserError: There is no such record (`unknown_record`).
        """
        return await self._engine.value(run_id, task, key)

    async def audit(
        self, *, before: int | None = None, limit: int = 100, run_id: str | None = None
    ) -> tuple[AuditEntry, ...]:
        """Who has done what, the newest first; `before` is the number of the last one seen."""
        return await self._parts.store.read(
            audit_rows.newest, limit=limit, before=before, run_id=run_id
        )

    async def agents(self) -> tuple[AgentStatus, ...]:
        """What each agent remembers, by name."""
        return await self._agents().status()

    async def agent(self, name: str) -> AgentStatus:
        """What one agent remembers.

        Raises:
            UserError: There is no such agent (`unknown_role`).
        """
        (found,) = await self._agents().status(name)
        return found

    def roles(self) -> LoadedRoles:
        """The built-in roles and the person's own, with what is wrong with files."""
        return roles_of(self._parts.workshop.settings)

    def _agents(self) -> Agents:
        return Agents(self._parts.store, self.roles(), self._notes)

    async def working(self) -> Mapping[str, tuple[WorkingTask, ...]]:
        """What agents are at, by role: running and awaiting tasks of the unfinished runs."""
        by_role: dict[str, tuple[WorkingTask, ...]] = {}
        for task in await self._engine.working():
            by_role[task.role] = (*by_role.get(task.role, ()), task)
        return by_role

    async def lessons(self) -> tuple[Lesson, ...]:
        """What runs have taught, the newest first."""
        return await self._knowledge.lessons()

    @property
    def _knowledge(self) -> Knowledge:
        return Knowledge(self._parts.store, self._notes)

    async def counts(self) -> Counts:
        """How many runs and tasks there are."""
        return await self._engine.counts()

    def watch(self, run_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Events of a run, from the one behind `after` until it has ended."""
        return self._engine.watch(run_id, after=after)
