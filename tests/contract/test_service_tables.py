"""The audit log, idempotency keys, sessions and lists of runs on every store (U3, R6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, text

from mas.adapters.stores import audit, drivers, idempotency, lists, runs, schema, workers
from mas.adapters.stores.idempotency import KEPT, Key
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.sessions import StoredSessions
from mas.adapters.stores.sqlite import SqliteStore
from mas.adapters.stores.store import Store
from mas.adapters.stores.transaction import now
from mas.adapters.stores.workers import Worker
from mas.core.audit import AuditAction, AuditNote
from mas.core.errors import MasError, UserError
from mas.core.run import RunFilter, RunRequest, RunStatus
from mas.core.sessions import Session
from mas.engine.journal import lifecycle
from mas.engine.journal.audit import audited
from mas.engine.journal.driving import begin_driving
from mas.testing.clock import ManualClock

LIMIT = 100.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncIterator[Store]:
    async with asyncio.timeout(LIMIT):
        if request.param == "postgres":
            address: Callable[[], str] = request.getfixturevalue("fresh_database")
            async with PostgresStore(address(), clock=clock) as opened:
                yield opened
        else:
            async with SqliteStore(None, clock=clock) as opened:
                yield opened


def said(action: AuditAction = "run.start", run_id: str | None = None) -> AuditNote:
    return AuditNote(actor="kim", role="operator", origin="cli", action=action, run_id=run_id)


async def test_u3_entries_are_numbered_without_gaps_and_read_newest_first(store: Store) -> None:
    await asyncio.gather(*(store.run(audit.add, said(run_id=f"r{n % 2}")) for n in range(10)))

    first = await store.read(audit.newest, limit=4)
    assert [entry.number for entry in first] == [10, 9, 8, 7]
    rest = await store.read(audit.newest, limit=100, before=7)
    assert [entry.number for entry in rest] == [6, 5, 4, 3, 2, 1]
    of_one = await store.read(audit.newest, limit=100, run_id="r1")
    assert {entry.run_id for entry in of_one} == {"r1"}
    assert (first[0].actor, first[0].role, first[0].origin) == ("kim", "operator", "cli")


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'nobody'",
        "delete from audit",
        "delete from audit where number = 1",
    ],
)
async def test_u3_the_database_itself_refuses_to_change_the_audit_log(
    store: Store, statement: str
) -> None:
    await store.run(audit.add, said())
    with pytest.raises(MasError):
        await store.run(lambda conn: conn.execute(text(statement)).close())
    (entry,) = await store.read(audit.newest, limit=10)
    assert entry.actor == "kim"


async def test_u3_an_entry_is_not_replaced_either(store: Store) -> None:
    def replace(conn: Connection) -> None:
        how = "insert or replace" if conn.dialect.name == "sqlite" else "insert"
        conn.execute(
            text(f"{how} into audit values (1, 0, 'x', 'admin', 'cli', 'run.start', null, '', '')")
        )

    await store.run(audit.add, said())
    with pytest.raises(MasError):
        await store.run(replace)
    (entry,) = await store.read(audit.newest, limit=10)
    assert entry.actor == "kim"


async def test_u3_what_fails_leaves_no_entry_and_no_entry_leaves_nothing(store: Store) -> None:
    def fails(conn: Connection) -> None:
        runs.add(conn, "a", RunRequest(text="x", team="t"), created_at=now(conn))
        raise UserError("No.")

    def does(conn: Connection) -> None:
        runs.add(conn, "b", RunRequest(text="x", team="t"), created_at=now(conn))

    def notes(_: None) -> tuple[AuditNote, ...]:
        raise UserError("No.")

    with pytest.raises(UserError):
        await store.run(audited, fails, lambda _: (said(),))
    with pytest.raises(UserError):
        await store.run(audited, does, notes)
    assert await store.read(audit.newest, limit=10) == ()
    assert not await store.read(runs.exists, "a")
    assert not await store.read(runs.exists, "b")


REQUEST = RunRequest(text="Do it.", team="t")


async def accept(store: Store, key: Key, token: str) -> lifecycle.Accepted:
    return await store.run_durable(
        lifecycle.accept, REQUEST, token=iter([token, "ffffffff"]).__next__, key=key
    )


async def test_r5_one_key_makes_one_run_however_often_and_from_wherever(store: Store) -> None:
    key = Key(key_hash="k", request_digest="d")
    all_ = await asyncio.gather(*(accept(store, key, f"0000000{n}") for n in range(8)))

    assert sum(one.made for one in all_) == 1
    assert len({one.run.id for one in all_}) == 1
    assert len(await store.read(runs.newest, limit=10)) == 1
    again = await store.read(lifecycle.accepted_before, key)
    assert again is not None
    assert again.id == all_[0].run.id


async def test_r5_a_key_is_not_taken_for_another_request(store: Store) -> None:
    await accept(store, Key(key_hash="k", request_digest="d"), "00000001")
    with pytest.raises(UserError) as told:
        await accept(store, Key(key_hash="k", request_digest="other"), "00000002")
    assert told.value.code == "idempotency_conflict"
    assert len(await store.read(runs.newest, limit=10)) == 1


async def test_r5_keys_are_kept_for_a_day_at_least_and_not_for_ever(
    store: Store, clock: ManualClock
) -> None:
    old = Key(key_hash="old", request_digest="d")
    await accept(store, old, "00000001")
    clock.advance(timedelta(hours=25))
    assert not (await accept(store, old, "00000002")).made
    clock.advance(KEPT)
    await accept(store, Key(key_hash="new", request_digest="d"), "00000003")
    assert await store.read(idempotency.find, "old") is None


async def test_u3_a_session_is_found_until_it_is_over(store: Store, clock: ManualClock) -> None:
    sessions = StoredSessions(store)
    session = Session(
        id_hash="i",
        name="kim",
        role="operator",
        token_hash="t",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=1),
    )
    await sessions.add(session)
    assert await sessions.find("i") == session
    assert await sessions.find("j") is None
    clock.advance(timedelta(hours=1))
    assert await sessions.find("i") is None
    await sessions.remove_expired()
    await sessions.add(session)  # its place is free again
    await sessions.remove("i")
    await sessions.remove("i")
    assert await sessions.find("i") is None


async def test_u3_all_replicas_share_a_secret_that_is_made_once(store: Store) -> None:
    sessions = StoredSessions(store)
    made = await asyncio.gather(*(sessions.secret("csrf") for _ in range(5)))
    assert len(set(made)) == 1
    assert len(made[0]) == 32
    assert await sessions.secret("other") != made[0]


def add_runs(conn: Connection, count: int) -> None:
    teams, texts = ("decide", "build"), ("Adopt Tekton?", "배포를 고쳐줘", "100% of École_/x")
    ended = (RunStatus.SUCCEEDED, RunStatus.FAILED)
    first = int(now(conn).timestamp() * 1_000_000)
    rows = [
        {
            "id": f"r{n:06d}",
            "request": texts[n % 3],
            "team": teams[n % 2],
            "language": "en",
            "options": b"{}",
            "status": ended[n % 2] if n % 500 else RunStatus.RUNNING,
            "partial": False,
            "result": b"0" * 2000,
            "input_tokens": 0,
            "output_tokens": 0,
            "cost_micros": 0,
            "created_at": first + n // 2,  # two at the same time
            "last_event": 0,
        }
        for n in range(count)
    ]
    conn.execute(insert(schema.run), rows)


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (RunFilter(), lambda n: True),
        (RunFilter(team="decide"), lambda n: n % 2 == 0),
        (RunFilter(statuses=(RunStatus.FAILED,)), lambda n: n % 2 == 1),
        (
            RunFilter(statuses=(RunStatus.FAILED, RunStatus.RUNNING), team="decide"),
            lambda n: n % 500 == 0,
        ),
        (RunFilter(text="tekton"), lambda n: n % 3 == 0),
        (RunFilter(text="배포"), lambda n: n % 3 == 1),
        (RunFilter(text="0% OF École_"), lambda n: n % 3 == 2),
        (RunFilter(text="%"), lambda n: n % 3 == 2),
        (RunFilter(text="_/X"), lambda n: n % 3 == 2),
        (RunFilter(text="a_o"), lambda n: False),
        (RunFilter(text="\0"), lambda n: False),
        (RunFilter(team="nobody"), lambda n: False),
    ],
)
async def test_u3_pages_of_runs_hold_each_that_fits_once_newest_first(
    store: Store, filters: RunFilter, wanted: Callable[[int], bool]
) -> None:
    await store.run(add_runs, 1_200)
    found: list[str] = []
    while page := await store.read(
        lists.page, filters, limit=170, before=found[-1] if found else None
    ):
        found += [run.id for run in page]
    assert found == [f"r{n:06d}" for n in reversed(range(1_200)) if wanted(n)]


async def test_u3_a_page_behind_a_run_that_there_is_not_is_none(store: Store) -> None:
    assert await store.read(lists.page, RunFilter(), limit=10, before="nowhere") is None


async def test_p1_a_page_of_ten_thousand_runs_is_read_in_a_moment(store: Store) -> None:
    await store.run(add_runs, 10_000)
    for filters in (
        RunFilter(),
        RunFilter(team="build"),
        RunFilter(statuses=(RunStatus.RUNNING, RunStatus.QUEUED)),
        RunFilter(text="nowhere"),
    ):
        # A busy machine may be late now and then, not each time.
        took = []
        while not took or (min(took) >= 0.5 and len(took) < 10):
            began = time.perf_counter()
            await store.read(lists.page, filters, limit=50, before="r005000")
            took.append(time.perf_counter() - began)
        assert min(took) < 0.5, filters
    counts = await store.read(lists.counts)
    assert counts.runs["decide", RunStatus.RUNNING] == 20
    assert sum(counts.runs.values()) == 10_000


async def test_r5_who_drives_a_run_is_known_until_he_is_forgotten(
    store: Store, clock: ManualClock
) -> None:
    lease = timedelta(seconds=30)
    one, two = (Worker(id=name, machine="m", pid=1, process_started="0") for name in ("one", "two"))
    await store.run(begin_driving, "r", one, lease=lease)
    ((run_id, leased),) = await store.read(drivers.at_work)
    assert (run_id, leased.worker, leased.expired) == ("r", one, False)
    clock.advance(timedelta(minutes=1))
    ((_, leased),) = await store.read(drivers.at_work)
    assert leased.expired
    # The next worker clears away what it has left.
    await store.run(begin_driving, "r", two, lease=lease)
    await store.run(begin_driving, "r", two, lease=lease)
    ((_, leased),) = await store.read(drivers.at_work)
    assert leased.worker == two
    await store.run(drivers.end, "r", "two")
    assert await store.read(drivers.at_work) == ()
    await store.run(workers.remove, "two")
