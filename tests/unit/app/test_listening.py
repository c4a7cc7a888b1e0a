"""Who reads what a person says: only agents that listen, and a run of others is not told (R6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.app.accounts import local_actor
from mas.app.auditing import Notes
from mas.app.service import Service
from mas.core.errors import UserError
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import Run, RunRequest, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer
from mas.web.live.picture import Reader, paint
from mas.web.live.sight import Sight

LIMIT = 60.0
TEAMS = {
    "decide": ("planner", "researcher", "decider"),
    "fanout": ("orchestrator", "coder", "testing"),
    "build": ("orchestrator", "backend"),
}


class Talking(Service):
    """As much of the service as words to agents need; all tasks of a run wait for the gate."""

    def __init__(self, store: SqliteStore) -> None:
        self.gate = asyncio.Event()
        self._notes = Notes(actor=local_actor(), mask=str)
        roles = {role for told in TEAMS.values() for role in told}
        self._engine = Engine(
            store=store,
            teams={
                name: FixedTeam(
                    plans=Plan(
                        tasks=tuple(
                            TaskSpec(id=f"do-{role}", role=role, title="a") for role in told
                        )
                    )
                )
                for name, told in TEAMS.items()
            },
            doers={role: FunctionDoer(self._do) for role in roles},
            clock=SystemClock(),
        )

    async def _do(self, work: Work) -> TaskOutcome:
        await self.gate.wait()
        return TaskOutcome(result=[one.content for one in await work.inbox("act")])

    @asynccontextmanager
    async def at_work(self, team: str) -> AsyncIterator[Run]:
        """A run all tasks of which are under way; it ends with the context."""
        self.gate.clear()
        run = await self._engine.submit(RunRequest(text="Do it.", team=team))
        drive = asyncio.create_task(self._engine.drive(run.id))
        missing = len(TEAMS[team])
        async for event in self.watch(run.id):
            missing -= event.type == "task_started"
            if not missing:
                break
        try:
            yield run
        finally:
            self.gate.set()
            await drive


@pytest.fixture
async def talking(tmp_path: Path) -> AsyncIterator[Talking]:
    async with SqliteStore(tmp_path / "journal.db", clock=SystemClock()) as store:
        service = Talking(store)
        async with asyncio.timeout(LIMIT), service._engine:
            yield service


async def test_r6_words_to_coding_agents_are_refused_with_why_and_nothing_is_kept(
    talking: Talking,
) -> None:
    waiting = await talking._engine.submit(RunRequest(text="Do it.", team="fanout"))
    async with talking.at_work("fanout") as run:
        for told in (waiting, run):
            for to in (None, "coder"):
                with pytest.raises(UserError, match="take one prompt") as refused:
                    await talking.tell(told.id, "Use port 8080.", to=to)
                assert refused.value.code == "nobody_listens"
                assert "ask again" in refused.value.hint
            assert (await talking.detail(told.id)).messages == ()
    with pytest.raises(UserError, match="has ended"):
        await talking.tell(run.id, "Too late.")


async def test_r6_only_agents_that_listen_are_named_as_readers(talking: Talking) -> None:
    async with talking.at_work("decide") as run:
        assert await talking.tell(run.id, "It is for a homelab.") == ("do-decider",)
        with pytest.raises(UserError, match="without reading messages") as refused:
            await talking.tell(run.id, "Hello?", to="planner")
        assert refused.value.code == "unknown_agent"
        assert len((await talking.detail(run.id)).messages) == 1
    async with talking.at_work("build") as run:
        assert await talking.tell(run.id, "Use port 8080.") == ("do-orchestrator", "do-backend")


@pytest.mark.parametrize(
    ("team", "offered"),
    [("fanout", []), ("decide", ["decider"]), ("build", ["backend", "orchestrator"])],
)
async def test_r6_the_page_offers_a_box_only_for_agents_that_listen(
    talking: Talking, team: str, offered: list[str]
) -> None:
    async with talking.at_work(team) as run:
        sight = Sight(detail=await talking.detail(run.id), audit=(), now=SystemClock().now())
        html = paint(sight, Reader(language="en", role="operator"), panel=False).parts["tell"]
    assert [one for one in TEAMS[team] if f"<option>{one}</option>" in html] == sorted(
        offered, key=TEAMS[team].index
    )
    assert ("<form" in html) is bool(offered)
