"""What every store keeps: the port `mas.adapters.stores.store.Store` (R5, R9)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from mas.adapters.stores import events, runs, schema
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.transaction import now
from mas.core.errors import Bug, UserError
from mas.core.events import RunPlanning, TaskStarted
from mas.core.run import RunRequest
from mas.testing.clock import ManualClock

LIMIT = 10.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["file", "memory"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> AsyncIterator[SqliteStore]:
    path = tmp_path / "home" / "mas.db" if request.param == "file" else None
    async with asyncio.timeout(LIMIT), SqliteStore(path, clock=clock) as opened:
        yield opened


def add_worker(conn: Connection, name: str) -> str:
    row = {"id": name, "machine": "m", "pid": 1, "process_started": "0", "lease_until": 0}
    conn.execute(insert(schema.worker), row)
    return name


def names(conn: Connection) -> list[str]:
    return list(conn.execute(select(schema.worker.c.id).order_by(schema.worker.c.id)).scalars())


def add_run(conn: Connection, run_id: str) -> None:
    runs.add(conn, run_id, RunRequest(text="x", team="t"), created_at=now(conn))


async def test_r5_a_transaction_commits_when_its_function_returns(store: SqliteStore) -> None:
    assert await store.run(add_worker, "a") == "a"
    assert await store.run_durable(add_worker, name="b") == "b"

    assert await store.read(names) == ["a", "b"]


async def test_r5_a_transaction_that_raises_leaves_no_trace(store: SqliteStore) -> None:
    def half(conn: Connection) -> None:
        add_worker(conn, "a")
        raise UserError("No.")

    with pytest.raises(UserError, match="No"):
        await store.run(half)

    assert await store.read(names) == []


async def test_r5_a_failure_does_not_hurt_those_who_queued_up_beside_it(
    store: SqliteStore,
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
    store: SqliteStore,
) -> None:
    await store.run(add_worker, "secret")

    with pytest.raises(Bug) as caught:
        await store.run(add_worker, "secret")

    assert "secret" not in str(caught.value)


async def test_a_caller_cancelled_before_its_turn_leaves_no_trace(store: SqliteStore) -> None:
    gate = threading.Event()
    holding = asyncio.create_task(store.run(lambda conn: gate.wait(LIMIT)))
    waiting = asyncio.create_task(store.run(add_worker, "a"))
    await asyncio.sleep(0)
    while not holding.done() and not waiting.done():
        waiting.cancel()
        gate.set()
        await asyncio.wait([waiting])
    await holding

    assert waiting.cancelled()


async def test_a_caller_cancelled_in_the_midst_is_told_when_its_transaction_has_ended(
    store: SqliteStore,
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


async def test_r5_time_stands_still_within_a_transaction(
    store: SqliteStore, clock: ManualClock
) -> None:
    def twice(conn: Connection) -> bool:
        first = now(conn)
        clock.advance(timedelta(seconds=1))
        return now(conn) == first

    assert await store.run(twice)
    assert await store.run(now) == clock.now()


async def test_r9_events_are_numbered_per_run_without_gaps(store: SqliteStore) -> None:
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


async def test_r9_whoever_waits_for_a_run_is_woken_by_its_events(store: SqliteStore) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as changes:
        await changes.wait()  # the first look at what others have done may wake
        waiting = asyncio.create_task(changes.wait())
        await store.run(events.append, "one", RunPlanning())
        await waiting


async def test_r9_a_change_before_the_wait_is_not_missed(store: SqliteStore) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as changes:
        await store.run(events.append, "one", RunPlanning())
        await changes.wait()


async def test_r9_steps_inside_an_attempt_wake_only_those_who_want_every_event(
    store: SqliteStore,
) -> None:
    await store.run(add_run, "one")
    with store.changes("one") as every, store.changes("one", interest="state") as state:
        for _ in range(2):  # by then the first look at what others have done is over
            await store.run(lambda conn: None)
        every.wake()
        state.wake()
        await asyncio.gather(every.wait(), state.wait())
        waiting = asyncio.create_task(state.wait())

        await store.run(events.append, "one", TaskStarted(task="a", attempt=1, worker="w"))
        await every.wait()
        assert not waiting.done()
        await store.run(events.append, "one", RunPlanning())
        await waiting


async def test_what_is_queued_is_finished_before_the_store_closes(
    store: SqliteStore, tmp_path: Path, clock: ManualClock
) -> None:
    path = tmp_path / "other.db"
    async with SqliteStore(path, clock=clock) as other:
        queued = [asyncio.create_task(other.run(add_worker, f"w{n}")) for n in range(50)]
        await asyncio.sleep(0)
    await asyncio.gather(*queued)

    async with SqliteStore(path, clock=clock) as other:
        assert await other.read(count) == 50


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(schema.worker)).scalar_one()


async def test_a_closed_store_says_so(tmp_path: Path, clock: ManualClock) -> None:
    async with SqliteStore(tmp_path / "mas.db", clock=clock) as store:
        pass

    with pytest.raises(Bug, match="closed"):
        await store.read(names)
