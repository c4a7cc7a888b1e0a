"""The use cases: what every face may ask for (R1). Faces parse and render, nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mas.adapters.live.folder import LiveText
from mas.app.accounts import local_actor
from mas.app.asking import Ask, check_request, to_request
from mas.app.parts import Parts
from mas.app.settings import Settings
from mas.app.wiring import open_parts
from mas.core.actors import Actor
from mas.core.approvals import Approval
from mas.core.errors import UserError
from mas.core.events import Event
from mas.core.messages import EVERYBODY, Message
from mas.core.records import Record
from mas.core.run import Run, RunSummary, Task
from mas.teams.fanout.working import clear_up

__all__ = ["Ask", "RunDetail", "Service", "open_service"]


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """A run with all that belongs to it."""

    run: Run
    tasks: tuple[Task, ...]
    records: tuple[Record, ...]
    approvals: tuple[Approval, ...]
    messages: tuple[Message, ...]


class Service:
    """All use cases over one engine."""

    def __init__(self, parts: Parts, actor: Actor | None = None) -> None:
        """In the name of `actor`; None: of the account that runs this process."""
        self._parts = parts
        self._engine = parts.engine
        self._actor = actor or local_actor()

    def acting_for(self, actor: Actor) -> Service:
        """The same service in somebody's name."""
        return Service(self._parts, actor)

    async def submit(self, ask: Ask) -> Run:
        """Check a request, read the cluster it names, and make the run.

        When this returns the run is stored and nothing of it can be lost; when it raises there is
        no run.
        """
        return await self._engine.submit(await to_request(ask, self._parts.workshop, self._earlier))

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

    async def drive(self, run_id: str) -> Run:
        """Work on a run until it has ended."""
        return await self._engine.drive(run_id)

    async def resume(self, run_id: str) -> Run:
        """Take up a run that a dead process left, and work on it until it has ended."""
        await self._engine.resume(run_id)
        return await self._engine.drive(run_id)

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; whoever works on it stops within a second.

        What a dead process has left of it is ended here.
        """
        run = await self._engine.cancel(run_id)
        if run.team == "fanout" and run.status.ended and run.plan is not None:
            await clear_up(run.id, self._parts.workshop.places(run))
        return run

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

    async def decide(
        self, run_id: str, approval: str | None, *, approved: bool, comment: str = ""
    ) -> Approval:
        """Answer a call that waits; None means the only one that does.

        Raises:
            UserError: There is none, or there are several and none is named.
        """
        return await self._engine.decide(
            run_id,
            approval or await self._only_waiting(run_id),
            approved=approved,
            comment=comment,
        )

    async def _only_waiting(self, run_id: str) -> str:
        waiting = await self.approvals(run_id)
        if len(waiting) == 1:
            return waiting[0].id
        if not waiting:
            raise UserError(
                f"Nothing of run {run_id} waits for approval.",
                hint=f"See how it stands: mas runs show {run_id}",
                code="nothing_waits",
            )
        raise UserError(
            f"{len(waiting)} calls of run {run_id} wait for approval.",
            hint=f"Name one of: {', '.join(approval.id for approval in waiting)}.",
            code="several_wait",
        )

    async def tell(self, run_id: str, text: str, *, to: str | None = None) -> tuple[str, ...]:
        """Say something to the agents of a run; returns the tasks that will read it."""
        return await self._engine.tell(run_id, check_request(text), to=to or EVERYBODY)

    def follow_output(self, run_id: str, *, ended: asyncio.Event) -> AsyncIterator[LiveText]:
        """What the agents of a run show while they work, until `ended` is set."""
        return self._parts.live.follow(run_id, ended=ended)

    def watch(self, run_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Events of a run, from the one behind `after` until it has ended."""
        return self._engine.watch(run_id, after=after)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The service on the state under `settings.home`."""
    async with open_parts(settings) as parts:
        yield Service(parts)
