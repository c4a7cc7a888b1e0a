"""The use cases: what every face may ask for (R1). Faces parse and render, nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mas.app.clusters import ClusterReading
from mas.app.settings import Settings
from mas.app.wiring import open_engine
from mas.catalog.loader import load_catalog
from mas.core.errors import UserError
from mas.core.events import Event
from mas.core.language import Language, detect_language
from mas.core.records import Record
from mas.core.run import Run, RunRequest, RunSummary, Task
from mas.engine import Engine
from mas.teams.routing import route

MAX_REQUEST = 20_000
"""Characters that a request may have."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request as a face received it; None leaves the choice to MAS."""

    text: str
    team: str | None = None
    language: Language | None = None
    cluster: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunDetail:
    """A run with its tasks and their records."""

    run: Run
    tasks: tuple[Task, ...]
    records: tuple[Record, ...]


def check_request(text: str) -> str:
    """A request that can be worked on.

    Raises:
        UserError: It is empty, too long, or no text.
    """
    if not text.strip():
        raise UserError(
            "The request is empty.",
            hint='Say what to decide, for example: mas ask "Should we adopt Tekton?"',
            code="empty_request",
        )
    if len(text) > MAX_REQUEST:
        raise UserError(
            f"The request has {len(text):,} characters, and {MAX_REQUEST:,} is the limit.",
            hint="Ask in a few sentences.",
            code="request_too_long",
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise UserError(
            "The request is not valid text.",
            hint="Send it as UTF-8.",
            code="request_not_text",
        ) from exc
    return text


class Service:
    """All use cases over one engine."""

    def __init__(self, engine: Engine, reading: ClusterReading) -> None:
        self._engine = engine
        self._reading = reading

    async def submit(self, ask: Ask) -> Run:
        """Check a request, read the cluster it names, and make the run.

        When this returns the run is stored and nothing of it can be lost; when it raises there is
        no run.
        """
        text = check_request(ask.text)
        catalog = load_catalog()
        chosen = route(text, catalog, wanted=ask.team)
        cluster = await self._reading.choose(ask.cluster)
        return await self._engine.submit(
            RunRequest(
                text=text,
                team=chosen.team,
                language=ask.language or detect_language(text),
                options=cluster.to_options(),
            )
        )

    async def drive(self, run_id: str) -> Run:
        """Work on a run until it has ended."""
        return await self._engine.drive(run_id)

    async def resume(self, run_id: str) -> Run:
        """Take up a run that a dead process left, and work on it until it has ended."""
        await self._engine.resume(run_id)
        return await self._engine.drive(run_id)

    async def cancel(self, run_id: str) -> Run:
        """Ask a run to stop; whoever works on it stops within a second."""
        return await self._engine.cancel(run_id)

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
        """One run with tasks and records."""
        return RunDetail(
            run=await self._engine.get(run_id),
            tasks=await self._engine.tasks(run_id),
            records=await self._engine.records(run_id),
        )

    def watch(self, run_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """Events of a run, from the one behind `after` until it has ended."""
        return self._engine.watch(run_id, after=after)


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Service]:
    """The service on the state under `settings.home`."""
    catalog = load_catalog()
    reading = ClusterReading(catalog, settings.environment)
    async with open_engine(settings, catalog, reading) as engine:
        yield Service(engine, reading)
