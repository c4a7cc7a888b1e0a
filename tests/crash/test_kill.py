"""Kill -9 at every moment of a run: nothing is lost and nothing recorded is done again (R5)."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest
from crash_scenario import PLANS, STAGES, Order

from mas.adapters.clock import SystemClock
from mas.adapters.stores.choose import store_for
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.approvals import Approval
from mas.core.events import Event
from mas.core.fold import fold
from mas.core.messages import Message
from mas.core.records import Record
from mas.core.run import Run, RunRequest, RunStatus, Task, TaskState
from mas.engine import Engine
from mas.testing.doubles import FixedTeam

LIMIT = 100.0
pytestmark = pytest.mark.timeout(600)
KILLED = -signal.SIGKILL
SLOW = pytest.mark.slow
"""The same on another store, or with more kills, than what is enough to see a fault at once."""
NURSERY = Path(__file__).with_name("nursery.py")


class Nursery:
    """Starts processes that do as they are ordered."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._living: set[int] = set()

    def start(self, order: Order) -> int:
        pid = self._ask(asdict(order))
        self._living.add(pid)
        return pid

    def wait(self, pid: int) -> int:
        """The exit code; negative is the signal that ended it."""
        status = self._ask({"wait": pid})
        self._living.discard(pid)
        return status

    def run(self, order: Order) -> int:
        return self.wait(self.start(order))

    def close(self) -> None:
        for pid in list(self._living):
            os.kill(pid, signal.SIGKILL)
            self.wait(pid)
        self._process.communicate()

    def _ask(self, request: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where one run is kept: a folder, with the journal in it or in a database of its own."""

    folder: Path
    fresh_database: Callable[[], str] | None
    url: str | None

    @classmethod
    def of(cls, folder: Path, fresh_database: Callable[[], str] | None) -> Home:
        url = None if fresh_database is None else fresh_database()
        return cls(folder=folder, fresh_database=fresh_database, url=url)

    def another(self, name: str) -> Home:
        """A home of the same kind that knows nothing of this one."""
        folder = self.folder / name
        folder.mkdir()
        return Home.of(folder, self.fresh_database)

    def order(
        self, plan: str, *, die_at: str | None = None, submits: bool = True, slots: int = 8
    ) -> Order:
        return Order(
            home=str(self.folder),
            url=self.url,
            plan=plan,
            die_at=die_at,
            submits=submits,
            slots=slots,
        )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=SLOW)])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A folder in memory where there is one: a kill loses nothing of it, and it is quicker."""
    fresh = request.getfixturevalue("fresh_database") if request.param == "postgres" else None
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield Home.of(tmp_path, fresh)
        return
    with tempfile.TemporaryDirectory(prefix="mas-crash-", dir=memory) as folder:
        yield Home.of(Path(folder), fresh)


class Story:
    """What is left of a run, read by a process that took no part in it."""

    run: Run | None = None
    tasks: tuple[Task, ...] = ()
    records: tuple[Record, ...] = ()
    events: tuple[Event, ...] = ()
    approvals: tuple[Approval, ...] = ()
    messages: tuple[Message, ...] = ()

    def __init__(self, order: Order, *, index: int = 0, of: int = 1) -> None:
        """Of the run at `index`, newest first, of at most `of`."""
        self._index, self._of = index, of
        lines = order.side_file.read_text().split("\n")[:-1] if order.side_file.exists() else []
        self.accepted = [line.split()[1] for line in lines if line.startswith("accepted")]
        self.bodies = [
            (int(attempt), task, key)
            for attempt, task, key in (
                line.split()[:3] for line in lines if not line.startswith("accepted")
            )
        ]
        asyncio.run(self._read(order))

    async def _read(self, order: Order) -> None:
        async with opened(order) as engine:
            found = await engine.list()
            assert len(found) <= self._of
            if found:
                run_id = found[self._index].id
                self.run = await engine.get(run_id)
                self.tasks = await engine.tasks(run_id)
                self.records = await engine.records(run_id)
                self.approvals = await engine.approvals(run_id)
                self.messages = await engine.messages(run_id)
                self.events = tuple([event async for event in engine.watch(run_id)])


def store_of(order: Order, clock: SystemClock) -> SqliteStore | PostgresStore:
    return store_for(order.url, order.folder / "mas.db", clock)


@asynccontextmanager
async def opened(order: Order) -> AsyncIterator[Engine]:
    """An engine that submits to a home and looks at it, but drives nothing."""
    clock = SystemClock()
    teams = {"fixed": FixedTeam(plans=PLANS[order.plan])}
    async with asyncio.timeout(LIMIT), store_of(order, clock) as store:
        yield Engine(store=store, teams=teams, doers={}, clock=clock)


def submitted(home: Home, plan: str, *, die_at: str | None = None, slots: int = 8) -> Order:
    """A run that this process has submitted, and the order to drive it."""

    async def submit() -> None:
        async with opened(order) as engine:
            await engine.submit(RunRequest(text="Decide.", team="fixed"))

    order = home.order(plan, die_at=die_at, submits=False, slots=slots)
    asyncio.run(submit())
    return order


def check(order: Order, *, deaths: int) -> None:
    """The run is whole, and at most the steps in flight at a death were begun twice."""
    story = Story(order)
    plan = PLANS[order.plan]
    where = order.die_at
    assert story.run is not None, where
    assert story.accepted in ([], [story.run.id]), where
    assert story.run.status is RunStatus.SUCCEEDED, where
    assert story.run.result == {task.id: f"result of {task.id}" for task in plan.tasks}, where
    keys = {(record.task, record.key): record for record in story.records}
    assert set(keys) == {(task.id, stage) for task in plan.tasks for stage in STAGES}, where

    begun = Counter((task, key) for _, task, key in story.bodies)
    assert set(begun) == set(keys), where
    for (task, key), record in keys.items():
        attempts = [a for a, t, k in story.bodies if (t, k) == (task, key)]
        assert max(attempts) <= record.attempt, f"{task}/{key} was recorded and done again: {where}"
        assert len(attempts) == len(set(attempts)), where
        if key == "act":
            assert begun[task, key] == 1, f"the effect of {task} was done twice: {where}"
    in_flight = deaths * (1 if order.plan == "chain" else len(plan.tasks))
    assert sum(count - 1 for count in begun.values()) <= in_flight, where
    check_events(story)


def check_events(story: Story) -> None:
    """Events have no gaps and fold to what the tables say."""
    assert story.run is not None
    view = fold(story.events)
    assert (view.status, view.stop_reason, view.last_event) == (
        story.run.status,
        story.run.stop_reason,
        story.run.last_event,
    )
    assert {name: (task.state, task.attempt) for name, task in view.tasks.items()} == {
        task.id: (task.state, task.attempt) for task in story.tasks
    }
    assert {(name, key) for name, task in view.tasks.items() for key in task.recorded} == {
        (record.task, record.key) for record in story.records
    }


def resumed(order: Order) -> Order:
    return replace(order, die_at=None, submits=False)


@pytest.mark.parametrize("plan", [pytest.param("chain", marks=SLOW), "side_by_side"])
@pytest.mark.parametrize("moment", ["before commit", pytest.param("after commit", marks=SLOW)])
def test_r5_a_kill_at_any_commit_loses_nothing(
    nursery: Nursery, home: Home, plan: str, moment: str
) -> None:
    for number in itertools.count(1):
        place = home.another(str(number))
        order = place.order(plan, die_at=f"{moment} {number}")
        status = nursery.run(order)
        if status == 0:
            break
        assert status == KILLED
        assert nursery.run(resumed(order)) == 0
        story = Story(order)
        if story.run is None:
            assert (number, moment, story.accepted) == (1, "before commit", [])
            assert story.bodies == []
        else:
            check(order, deaths=1)
    # What comes together is committed in one round: stages of one task never do.
    in_a_row = len(PLANS[plan].tasks) if plan == "chain" else 1
    assert number > len(STAGES) * in_a_row


@SLOW
@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_r7_a_kill_around_approval_help_and_model_call_loses_and_repeats_nothing(
    nursery: Nursery, home: Home, moment: str
) -> None:
    """Also R8: what a lost call was promised does not stand against the next (budget of 25)."""
    for number in itertools.count(1):
        place = home.another(str(number))
        order = place.order("waiting", die_at=f"{moment} {number}")
        status = nursery.run(order)
        if status == 0:
            break
        assert status == KILLED
        assert nursery.run(resumed(order)) == 0
        story = Story(order)
        if story.run is not None:
            check_waiting(order, story)
    assert number > 15


def check_waiting(order: Order, story: Story) -> None:
    where = order.die_at
    assert story.run is not None, where
    assert story.run.status is RunStatus.SUCCEEDED, (where, story.run.failure)
    assert story.run.result == {"a": {"h": "result of h"}, "h": "result of h"}, where
    assert story.run.usage.tokens == 10, where
    assert Counter(key for _, task, key in story.bodies if task == "a")["act"] == 1, where
    assert [(one.id, one.state) for one in story.approvals] == [("a1", "approved")], where
    assert [one.content for one in story.messages] == ["It is done."], where
    recorded = {record.key: record.attempt for record in story.records if record.task == "a"}
    for attempt, task, key in story.bodies:
        assert task != "a" or attempt <= recorded[key], f"{key} was done again: {where}"
    check_events(story)


@pytest.mark.parametrize("moment", ["while the home is made", "when the home is made"])
def test_r5_a_kill_while_the_home_is_made_leaves_one_that_works(
    nursery: Nursery, home: Home, moment: str
) -> None:
    order = home.order("chain", die_at=moment)

    assert nursery.run(order) == KILLED
    assert nursery.run(replace(order, die_at=None)) == 0
    check(order, deaths=0)


@pytest.mark.parametrize("moment", [pytest.param("before body", marks=SLOW), "after body"])
def test_r5_a_kill_inside_any_step_repeats_at_most_that_step(
    nursery: Nursery, home: Home, moment: str
) -> None:
    for task, stage in itertools.product(PLANS["chain"].tasks, STAGES):
        place = home.another(f"{task.id}-{stage}")
        order = place.order("chain", die_at=f"{moment} {task.id}/{stage}")
        assert nursery.run(order) == KILLED
        assert nursery.run(resumed(order)) == 0
        check(order, deaths=1)


@pytest.mark.parametrize("plan", [pytest.param("chain", marks=SLOW), "side_by_side"])
def test_r5_a_kill_from_outside_at_whatever_moment_loses_nothing(
    nursery: Nursery, home: Home, plan: str
) -> None:
    killed = 0
    for number in range(1, 26, 2):
        place = home.another(str(number))
        order = submitted(place, plan)
        pid = nursery.start(order)
        asyncio.run(until(order, number=number))
        os.kill(pid, signal.SIGKILL)  # where it stands by now, nobody knows
        killed += nursery.wait(pid) == KILLED
        assert nursery.run(order) == 0
        check(order, deaths=1)
    assert killed


@pytest.mark.parametrize("plan", [pytest.param("chain", marks=SLOW), "side_by_side"])
def test_r5_a_run_that_is_killed_again_and_again_still_ends(
    nursery: Nursery, home: Home, plan: str
) -> None:
    order = home.order(plan, die_at="after commit 6")
    assert nursery.run(order) == KILLED
    deaths = 1
    while nursery.run(replace(order, submits=False)) == KILLED:
        deaths += 1
        assert deaths < 50

    assert deaths > 3
    check(order, deaths=deaths)


def test_r4_processes_that_drive_one_run_together_do_every_step_once(
    nursery: Nursery, home: Home
) -> None:
    order = submitted(home, "many", slots=2)
    pids = [nursery.start(order) for _ in range(3)]

    assert [nursery.wait(pid) for pid in pids] == [0, 0, 0]
    check(order, deaths=0)


def test_r4_two_processes_work_on_one_run_at_the_same_time(nursery: Nursery, home: Home) -> None:
    for name in "ab":
        os.mkfifo(home.folder / name)
    order = submitted(home, "pair", slots=1)
    first = nursery.start(order)
    asyncio.run(until(order, "task_started"))
    second = nursery.start(order)

    assert [nursery.wait(pid) for pid in (first, second)] == [0, 0]
    story = Story(order)
    assert story.run is not None
    assert story.run.result == {"a": first, "b": second}


@pytest.mark.parametrize("task", ["planner", "researcher", "decider"])
def test_r5_a_process_that_waits_goes_on_when_the_other_one_dies(
    nursery: Nursery, home: Home, task: str
) -> None:
    order = submitted(home, "chain", die_at=f"first after body {task}/plan")
    first, second = nursery.start(order), nursery.start(order)

    assert sorted(nursery.wait(pid) for pid in (first, second)) == [KILLED, 0]
    check(order, deaths=1)


def test_r6_a_cancel_from_another_process_is_obeyed_within_a_second(
    nursery: Nursery, home: Home
) -> None:
    async def cancel(order: Order) -> float:
        async with opened(order) as engine:
            (run,) = await engine.list()
            asked_at = time.monotonic()
            await engine.cancel(run.id)
            async for event in engine.watch(run.id):
                last = event
            assert last.type == "run_finished"
            return time.monotonic() - asked_at

    def took(place: Home) -> float:
        order = submitted(place, "hanging")
        pid = nursery.start(order)
        asyncio.run(until(order, "task_recorded"))
        seconds = asyncio.run(cancel(order))

        assert nursery.wait(pid) == 0
        story = Story(order)
        assert story.run is not None
        assert (story.run.status, story.run.stop_reason) == (RunStatus.CANCELLED, "cancelled")
        check_events(story)
        return seconds

    # A busy machine may be late now and then, not each time.
    assert any(took(home.another(str(turn))) < 1.0 for turn in range(8))


def test_r6_an_interrupted_process_puts_its_tasks_back_before_it_goes(
    nursery: Nursery, home: Home
) -> None:
    order = submitted(home, "hanging")
    pid = nursery.start(order)
    asyncio.run(until(order, "task_recorded"))
    os.kill(pid, signal.SIGINT)

    assert nursery.wait(pid) == 130

    async def look() -> None:
        async with opened(order) as engine:
            (run,) = await engine.list()
            (task,) = await engine.tasks(run.id)
            assert run.status is RunStatus.RUNNING
            assert task.state is TaskState.READY
            assert (await engine.events(run.id))[-1].to_json()["reason"] == "shutdown"

    asyncio.run(look())


async def until(order: Order, type_: str = "", *, number: int = 0) -> None:
    """Return when the only run of a home has an event of this type, or with this number."""
    async with opened(order) as engine:
        (run,) = await engine.list()
        async for event in engine.watch(run.id):
            if event.type == type_ or event.number == number:
                return
    raise AssertionError(f"the run has ended without event {type_ or number}")


@pytest.mark.parametrize("moment", [pytest.param("before commit", marks=SLOW), "after commit"])
@pytest.mark.parametrize("again", ["retry", "fork", "submit"])
def test_r6_a_kill_around_retry_fork_or_a_repeated_request_does_nothing_twice(
    nursery: Nursery, home: Home, again: str, moment: str
) -> None:
    """At the commits of the deed itself and the first of what follows; also R5."""
    for number in (1, 2, 3, 6):
        place = home.another(str(number))
        order = place.order("failing", submits=again != "submit")
        if again == "submit":
            order = replace(order, plan="chain")
        else:
            assert nursery.run(order) == 0
            assert order.side_file.read_text().count(" act\n") == 3
            (order.folder / "mended").touch()
        order = replace(order, submits=False, again=again)
        assert nursery.run(replace(order, die_at=f"{moment} {number}")) == KILLED
        assert nursery.run(order) == 0
        check_again(order)


def check_again(order: Order) -> None:
    forked = order.again == "fork"
    story = Story(order, of=2 if forked else 1)
    assert story.run is not None
    assert story.run.status is RunStatus.SUCCEEDED, story.run.failure
    check_events(story)
    acted = Counter(task for _, task, key in story.bodies if key == "act")
    assert acted == {"planner": 1, "researcher": 1, "decider": 2 if forked else 1}
    if forked:
        source = Story(order, index=1, of=2)
        assert source.run is not None
        assert source.run.status is RunStatus.FAILED
        check_events(source)
