"""What every store keeps: the port `mas.adapters.stores.store.Store` (R5, R9)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from mas.adapters.stores import events, runs, schema
from mas.adapters.stores.postgres import WRITERS, PostgresStore
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.store import Changes, Store
from mas.adapters.stores.transaction import now
from mas.core.errors import Bug, UserError
from mas.core.events import RunPlanning, TaskStarted
from mas.core.run import RunRequest
from mas.testing.clock import ManualClock

LIMIT = 60.0
BOTH_KINDS = (RunPlanning(), TaskStarted(task="a", attempt=1, worker="w"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere to keep a journal; every store that is opened on it sees the same."""

    path: Path | None = None
    url: str | None = None

    @property
    def writers(self) -> int:
        """How many transactions may write at once."""
        return 1 if self.url is None else WRITERS

    def store(self, clock: ManualClock) -> SqliteStore | PostgresStore:
        if self.url is not None:
            return PostgresStore(self.url, clock=clock)
        return SqliteStore(self.path, clock=clock)


def make_place(kind: str, request: pytest.FixtureRequest) -> Place:
    if kind == "postgres":
        return Place(url=request.getfixturevalue("fresh_database")())
    folder: Path = request.getfixturevalue("tmp_path")
    return Place(path=folder / "home" / "mas.db" if kind == "file" else None)


@pytest.fixture(params=["file", "memory", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    return make_place(request.param, request)


@pytest.fixture(params=["file", "postgres"])
def lasting_place(request: pytest.FixtureRequest) -> Place:
    return make_place(request.param, request)


@pytest.fixture
async def store(place: Place, clock: ManualClock) -> AsyncIterator[SqliteStore | PostgresStore]:
    async with asyncio.timeout(LIMIT), place.store(clock) as opened:
        yield opened


def add_worker(conn: Connection, name: str) -> str:
    row = {"id": name, "machine": "m", "pid": 1, "process_started": "0", "lease_until": 0}
    conn.execute(insert(schema.worker), row)
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(select(schema.worker.c.id).order_by(schema.worker.c.id)).scalars())


def add_run(conn: Connection, run_id: str) -> None:
    runs.add(conn, run_id, RunRequest(text="x", team="t"), created_at=now(conn))


async def test_r5_a_transaction_commits_when_its_function_returns(store: Store) -> None:
    assert await store.run(add_worker, "a") == "a"
    assert await store.run_durable(add_worker, name="b") == "b"

    assert await store.read(names) == ["a", "b"]


async def test_r5_a_transaction_that_raises_leaves_no_trace(store: Store) -> None:
    def half(conn: Connection) -> None:
        add_worker(conn, "a")
        raise UserError("No.")

    with pytest.raises(UserError, match="No"):
        await store.run(half)

    assert await store.read(names) == []


async def test_r5_a_failure_does_not_hurt_those_who_queued_up_beside_it(
    store: Store,
) -> None:
    gate = threading.Event()

    def hold(conn: Connection) -> None:
        gate.wait(LIMIT)

    def fail(conn: Connection) -> None:
        add_worker(conn, "bad")
        raise UserError("No.")

    holding = asyncio.create_task(store.run(hold))
    work = [asyncio.create_task(store.run(add_worker, f"w{n}")) for n in range(3)]
    work.insert(1, asyncio.create_task(store.run(fail)))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    gate.set()
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    await holding

    assert [type(outcome) for outcome in outcomes] == [str, UserError, str, str]
    assert await store.read(names) == ["w0", "w1", "w2"]


async def test_r5_a_statement_that_breaks_a_rule_is_a_fault_of_ours_without_its_values(
    store: Store,
) -> None:
    await store.run(add_worker, "secret")

    with pytest.raises(Bug) as caught:
        await store.run(add_worker, "secret")

    assert "secret" not in str(caught.value)


async def test_a_caller_cancelled_before_its_turn_leaves_no_trace(
    store: Store, place: Place
) -> None:
    gate = threading.Event()
    begun = threading.Semaphore(0)

    def hold(conn: Connection) -> None:
        begun.release()
        gate.wait(LIMIT)

    holding = [asyncio.create_task(store.run(hold)) for _ in range(place.writers)]
    for _ in holding:
        await asyncio.to_thread(begun.acquire, timeout=LIMIT)
    waiting = asyncio.create_task(store.run(add_worker, "a"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    gate.set()
    await asyncio.gather(*holding)

    assert waiting.cancelled()
    assert await store.read(names) == []


async def test_a_caller_cancelled_in_the_midst_is_told_when_its_transaction_has_ended(
    store: Store,
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        add_worker(conn, "a")
        begun.set()
        gate.wait(LIMIT)

    running = asyncio.create_task(store.run(slow))
    await asyncio.to_thread(begun.wait, LIMIT)
    running.cancel()
    await asyncio.sleep(0)
    assert not running.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await store.read(names) == ["a"]


async def test_r5_time_stands_still_within_a_transaction(store: Store, clock: ManualClock) -> None:
    def twice(conn: Connection) -> bool:
        first = now(conn)
        clock.advance(timedelta(seconds=1))
        return now(conn) == first

    assert await store.run(twice)
    assert await store.run(now) == clock.now()


async def test_r9_events_are_numbered_per_run_without_gaps(store: Store) -> None:
    def failing(conn: Connection) -> None:
        events.append(conn, "one", RunPlanning())
        raise UserError("No.")

    for name in ("one", "two"):
        await store.run(add_run, name)
    await store.run(events.append, "one", RunPlanning(), RunPlanning())
    await store.run(events.append, "two", RunPlanning())
    with pytest.raises(UserError):
        await store.run(failing)
    await asyncio.gather(*(store.run(events.append, "one", RunPlanning()) for _ in range(20)))

    found = await store.read(events.after, "one", 0, limit=100)
    assert [event.number for event in found] == list(range(1, 23))
    assert len(await store.read(events.after, "two", 0, limit=100)) == 1


async def test_r9_whoever_waits_for_a_run_is_woken_by_its_events(store: Store) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as changes:
        await changes.wait()  # the first look at what others have done may wake
        waiting = asyncio.create_task(changes.wait())
        await store.run(events.append, "one", RunPlanning())
        await waiting


async def test_r9_a_change_before_the_wait_is_not_missed(store: Store) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as changes:
        await store.run(events.append, "one", RunPlanning())
        await changes.wait()


async def test_r9_steps_inside_an_attempt_wake_only_those_who_want_every_event(
    store: Store,
) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as every:
        await every.wait()  # the first look at what others have done is over
        with store.changes("one", interest="state") as state:
            await inside_and_out(store, every, state)


async def inside_and_out(store: Store, every: Changes, state: Changes) -> None:
    waiting = asyncio.create_task(state.wait())
    await store.run(events.append, "one", TaskStarted(task="a", attempt=1, worker="w"))
    await every.wait()
    assert not waiting.done()
    await store.run(events.append, "one", RunPlanning())
    await waiting


async def test_what_is_queued_is_finished_before_the_store_closes(
    lasting_place: Place, clock: ManualClock
) -> None:
    async with lasting_place.store(clock) as other:
        queued = [asyncio.create_task(other.run(add_worker, f"w{n}")) for n in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*queued)

    async with lasting_place.store(clock) as other:
        assert await other.read(count) == 50


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(schema.worker)).scalar_one()


async def test_a_closed_store_says_so(place: Place, clock: ManualClock) -> None:
    async with place.store(clock) as store:
        pass

    with pytest.raises(Bug, match="closed"):
        await store.read(names)


async def test_r9_events_of_another_process_wake_whoever_waits(
    lasting_place: Place, clock: ManualClock
) -> None:
    async with (
        asyncio.timeout(LIMIT),
        lasting_place.store(clock) as mine,
        lasting_place.store(clock) as other,
    ):
        await mine.run(add_run, "one")
        with mine.changes("one") as changes:
            await changes.wait()  # the first look
            for number, body in enumerate(BOTH_KINDS, start=1):
                waiting = asyncio.create_task(changes.wait())
                await other.run(events.append, "one", body)
                await waiting
                assert len(await mine.read(events.after, "one", 0, limit=5)) == number


async def test_r5_a_reading_transaction_sees_one_state_of_the_data(
    lasting_place: Place, clock: ManualClock
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def look_twice(conn: Connection) -> tuple[int, int]:
        before = count(conn)
        begun.set()
        gate.wait(LIMIT)
        return before, count(conn)

    async with asyncio.timeout(LIMIT), lasting_place.store(clock) as store:
        looking = asyncio.create_task(store.read(look_twice))
        await asyncio.to_thread(begun.wait, LIMIT)
        await store.run(add_worker, "a")
        gate.set()

        assert await looking == (0, 0)
        assert await store.read(count) == 1


async def test_r9_events_of_two_processes_are_numbered_in_the_order_of_their_commits(
    lasting_place: Place, clock: ManualClock
) -> None:
    async with (
        asyncio.timeout(LIMIT),
        lasting_place.store(clock) as mine,
        lasting_place.store(clock) as other,
    ):
        await mine.run(add_run, "one")
        writing = [
            asyncio.create_task(store.run(events.append, "one", RunPlanning()))
            for _ in range(20)
            for store in (mine, other)
        ]
        seen: list[int] = []
        while len(seen) < len(writing):
            page = await mine.read(events.after, "one", len(seen), limit=100)
            seen += [event.number for event in page]
        await asyncio.gather(*writing)

    assert seen == list(range(1, 41))
