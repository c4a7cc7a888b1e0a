"""What the processes of the crash tests do: drive a run, and die where they are told to.

Each line of the side file tells of a body that really ran: `<attempt> <task> <key>`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mas.adapters.clock import SystemClock
from mas.adapters.stores import postgres_schema, sqlite
from mas.adapters.stores.choose import store_for
from mas.adapters.stores.idempotency import Key
from mas.adapters.stores.migrations import migrate
from mas.adapters.stores.postgres_link import Session
from mas.adapters.stores.sqlite import _SqliteSession
from mas.core.budget import Budget
from mas.core.calls import StoredCall
from mas.core.errors import Permanent, UserError
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import RunRequest, TaskOutcome
from mas.core.usage import Usage
from mas.engine import Engine, EngineSettings, Limits
from mas.testing.doubles import FixedTeam, FunctionDoer

STAGES = ("observe", "reason", "plan", "act", "validate")
ROLES = ("planner", "researcher", "decider")


def _spec(role: str, *needs: str) -> TaskSpec:
    return TaskSpec(id=role, role=role, title=role, depends_on=needs)


PLANS = {
    "chain": Plan(
        tasks=(
            _spec("planner"),
            _spec("researcher", "planner"),
            _spec("decider", "researcher"),
        )
    ),
    "failing": Plan(
        tasks=(
            _spec("planner"),
            _spec("researcher", "planner"),
            _spec("decider", "researcher"),
        )
    ),
    "side_by_side": Plan(tasks=tuple(_spec(role) for role in ROLES)),
    "many": Plan(tasks=tuple(TaskSpec(id=f"t{n}", role="planner", title="x") for n in range(30))),
    "pair": Plan(tasks=tuple(TaskSpec(id=name, role="meeting", title="x") for name in "ab")),
    "hanging": Plan(tasks=(TaskSpec(id="a", role="hanging", title="x"),)),
    "waiting": Plan(tasks=(TaskSpec(id="a", role="asking", title="x"),)),
}
HELP = TaskSpec(id="h", role="planner", title="x")
CALL = StoredCall(
    call=ToolCall(id="c", tool="files.write", arguments={"path": "x"}),
    risk="write",
    target="x",
    effect="writes x",
    reason="Writes are asked for.",
)
USED = Usage(input_tokens=10)
MOST = Usage(input_tokens=20)
BUDGET = Budget(tokens=25)
"""Room for one call, not for the promise of a second one beside it."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one process does. `die_at` names the moment of its death, None lets it live.

    `home` is a folder, `url` the database when the journal is not in that folder.
    """

    home: str
    plan: str
    url: str | None = None
    die_at: str | None = None
    submits: bool = True
    slots: int = 8
    again: str | None = None
    """What a person does: `retry` or `fork` what there is, or `submit` with a key, once more."""

    @property
    def folder(self) -> Path:
        return Path(self.home)

    @property
    def side_file(self) -> Path:
        return self.folder / "side"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def note(order: Order, line: str) -> None:
    """One write with O_APPEND: lines of several processes never mix."""
    with order.side_file.open("ab", buffering=0) as file:
        file.write(f"{line}\n".encode())


def doer(order: Order) -> Callable[[Work], Any]:
    def reach(moment: str) -> None:
        if order.die_at == moment:
            die()
        if order.die_at == f"first {moment}":
            try:
                (order.folder / "somebody died").touch(exist_ok=False)
            except FileExistsError:
                return
            die()

    async def do(work: Work) -> TaskOutcome:
        task, attempt = work.task.id, work.task.attempt

        async def body(key: str) -> object:
            reach(f"before body {task}/{key}")
            note(order, f"{attempt} {task} {key}" + (" fork" if order.again == "fork" else ""))
            await asyncio.sleep(0)
            reach(f"after body {task}/{key}")
            return {"of": f"{task}/{key}", "inputs": work.inputs}

        async def look(key: str) -> object | None:
            done = order.side_file.read_text().split("\n") if order.side_file.exists() else []
            own = f" {task} act" if order.again != "fork" else f"{attempt} {task} act fork"
            found = any(line.endswith(own) for line in done)
            return {"of": f"{task}/act", "inputs": work.inputs} if found else None

        for stage in STAGES:
            if stage == "act":
                await work.effect("act", lambda _: body("act"), probe=look)
            else:
                await work.record(stage, "stage", lambda stage=stage: body(stage))
        broken = order.plan == "failing" and not (order.folder / "mended").exists()
        if broken and task == "decider":
            raise Permanent("Not yet.")
        return TaskOutcome(result=f"result of {task}")

    return do


def asking(order: Order) -> Callable[[Work], Any]:
    """A task that needs a person, another task, a model within a budget, and a word to all."""

    async def do(work: Work) -> TaskOutcome:
        async def noted(key: str) -> object:
            note(order, f"{work.task.attempt} a {key}")
            await asyncio.sleep(0)
            return key

        async def look(_: str) -> object | None:
            done = order.side_file.read_text() if order.side_file.exists() else ""
            return "act" if " a act\n" in done else None

        await work.record("observe", "stage", lambda: noted("observe"))
        approved = await work.approval("act", CALL)
        assert approved.call == CALL
        await work.effect("act", lambda _: noted("act"), probe=look)
        helped = await work.delegate("help", (HELP,))
        await work.send("said", to="all", intent="provide_result", content="It is done.")
        await work.record(
            "model", "model_call", lambda: noted("model"), usage=lambda _: USED, most=MOST
        )
        return TaskOutcome(result=dict(helped))

    return do


async def approve_all(engine: Engine) -> None:
    """A person who says yes to everything, for as long as the process lives."""
    while True:
        for approval in await engine.waiting():
            with contextlib.suppress(UserError):  # somebody else was quicker
                await engine.decide(approval.run_id, approval.id, approved=True)
        await asyncio.sleep(0.002)


def meeting(order: Order) -> Callable[[Work], Any]:
    """Two tasks that can only end when both run at the same time."""

    async def do(work: Work) -> TaskOutcome:
        mine, other = ("a", "b") if work.task.id == "a" else ("b", "a")

        def meet() -> None:
            first, second = sorted((mine, other))
            for pipe in (first, second):
                if pipe == mine:
                    (order.folder / pipe).open("wb").close()
                else:
                    (order.folder / pipe).open("rb").close()

        await asyncio.to_thread(meet)
        return TaskOutcome(result=os.getpid())

    return do


async def hang(work: Work) -> TaskOutcome:
    async def at_once() -> object:
        return None

    await work.record("ready", "stage", at_once)
    await asyncio.Event().wait()
    raise AssertionError


def die_while_it_is_made(order: Order) -> None:
    """Arrange a death within or after the transaction that makes the tables."""
    for module in (sqlite, postgres_schema):
        if order.die_at == "while the home is made":
            module.migrate = lambda conn, version: die() or migrate(conn, version)  # type: ignore
        if order.die_at == "when the home is made":
            module.migrate = lambda conn, version: migrate(conn, version) and die()  # type: ignore


def die_in_the_store(order: Order) -> None:
    """Arrange a death within or after the nth commit of this process from now on.

    `before commit 3` dies with all statements of the third transaction done and none committed.
    """
    moment, _, number = (order.die_at or "").rpartition(" ")
    if moment in ("before commit", "after commit"):
        count_sqlite(moment, int(number))
        count_postgres(moment, int(number))


def count_sqlite(moment: str, number: int) -> None:
    counter = itertools.count(1)
    transact = _SqliteSession.transact

    def counted(
        self: _SqliteSession, works: Sequence[Callable[..., Any]], *, durable: bool
    ) -> list[Any]:
        due = self._hub is not None and next(counter) == number
        if due and moment == "before commit":
            works = [*works, lambda conn: die()]
        values = transact(self, works, durable=durable)
        if due:
            die()
        return values

    _SqliteSession.transact = counted  # type: ignore[method-assign,assignment]


def count_postgres(moment: str, number: int) -> None:
    counter = itertools.count(1)
    transact = Session.transact

    def counted(self: Session, work: Callable[..., Any]) -> Any:
        due = self.hub is not None and next(counter) == number
        if due and moment == "before commit":
            inner = work
            work = lambda conn: (inner(conn), die())  # noqa: E731
        value = transact(self, work)
        if due:
            die()
        return value

    Session.transact = counted  # type: ignore[method-assign,assignment]


async def do_again(order: Order, engine: Engine) -> None:
    """What a person does, who does it again when he is not sure whether it was done."""
    if order.again == "submit":
        request = RunRequest(text="Decide.", team="fixed")
        await engine.submit(request, key=Key(key_hash="k", request_digest="d"))
        return
    known = await engine.list()
    if order.again == "retry":
        with contextlib.suppress(UserError):  # it goes on already
            await engine.retry(known[0].id)
    elif len(known) == 1:
        await engine.fork(known[0].id)


async def carry_out(order: Order) -> None:
    """Submit a run where that is ordered, and drive whatever has not ended."""
    die_while_it_is_made(order)
    clock = SystemClock()
    store = store_for(order.url, order.folder / "mas.db", clock)
    doers = {role: FunctionDoer(doer(order)) for role in ROLES}
    doers |= {"meeting": FunctionDoer(meeting(order)), "hanging": FunctionDoer(hang)}
    doers |= {"asking": FunctionDoer(asking(order))}
    engine = Engine(
        store=store,
        teams={"fixed": FixedTeam(plans=PLANS[order.plan])},
        doers=doers,
        clock=clock,
        settings=EngineSettings(limits=Limits(slots=order.slots)),
    )
    async with store, engine:
        die_in_the_store(order)
        if order.submits:
            run = await engine.submit(RunRequest(text="Decide.", team="fixed", budget=BUDGET))
            note(order, f"accepted {run.id} -")
        if order.again is not None:
            await do_again(order, engine)
        person = asyncio.create_task(approve_all(engine)) if order.plan == "waiting" else None
        for unfinished in await engine.unfinished():
            await engine.drive(unfinished.id)
        if person is not None:
            person.cancel()
            await asyncio.wait([person])
