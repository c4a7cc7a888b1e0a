"""The PostgreSQL database: collisions, lost connections, and who is woken (P1, R5, R9)."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Connection, text

from mas.adapters.stores import events, postgres_listener, runs, schema
from mas.adapters.stores.migrations import migrate
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.postgres_link import CHANNEL
from mas.adapters.stores.store import Changes
from mas.adapters.stores.transaction import now
from mas.core.errors import Bug, Transient, UserError
from mas.core.events import RunPlanning, TaskStarted
from mas.core.run import RunRequest
from mas.testing.clock import ManualClock
from support.postgres_server import PostgresServer

LIMIT = 60.0
ODD = "Tekton 도입 여부를 결정해줘 %s {x} ' \" \\"
STARTED = TaskStarted(task="a", attempt=1, worker="w")


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


def add_run(conn: Connection, run_id: str = "one") -> None:
    runs.add(conn, run_id, RunRequest(text="x", team="t"), created_at=now(conn))


def add_worker(conn: Connection, name: str) -> None:
    conn.execute(text(f"insert into worker values ('{name}', 'm', 1, '0', 0)"))


def workers(conn: Connection) -> list[str]:
    return list(conn.execute(text("select id from worker order by id")).scalars())


async def test_r5_time_is_the_databases_for_every_machine(url: str) -> None:
    async with PostgresStore(url) as store:
        before = datetime.now(UTC)
        told = await store.run(now)
        assert before <= told <= datetime.now(UTC)
        assert told.utcoffset() == timedelta()
        assert await store.read(now) >= told

    async with PostgresStore(url, clock=ManualClock()) as store:
        assert await store.run(now) == ManualClock().now()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            "Tekton 도입 여부를 결정해줘 %s {x} ' \" \\",
            "Tekton 도입 여부를 결정해줘 %s {x} ' \" \\",
        ),
        ("zero \0 sign", "zero \ufffd sign"),
        ("half \udc80 pair", "half ? pair"),
    ],
)
async def test_q1_no_sign_in_a_text_can_end_a_run(url: str, given: str, kept: str) -> None:
    def add(conn: Connection) -> None:
        runs.add(conn, "one", RunRequest(text=given, team="t"), created_at=now(conn))

    async with PostgresStore(url) as store:
        await store.run(add)
        run = await store.read(runs.load, "one")

    assert run is not None
    assert run.request == kept


async def test_p1_tables_of_other_programs_in_the_same_database_are_left_alone(
    url: str, postgres_server: PostgresServer
) -> None:
    postgres_server.ask("create table public.run (title text)", url=url)
    async with PostgresStore(url) as store:
        await store.run(add_run)

    assert postgres_server.ask("select * from public.run", url=url) == []
    assert postgres_server.ask("select id from mas.run", url=url) == [("one",)]


async def test_r5_a_failure_that_was_swallowed_is_not_taken_for_a_success(url: str) -> None:
    def swallow(conn: Connection) -> None:
        add_worker(conn, "a")
        with pytest.raises(Exception, match="nothing"):
            conn.exec_driver_sql("select * from nothing")

    async with PostgresStore(url) as store:
        with pytest.raises(Bug, match="went on"):
            await store.run(swallow)
        assert await store.read(workers) == []


async def test_r5_transactions_that_block_each_other_are_run_again_until_both_are_done(
    url: str,
) -> None:
    both = threading.Barrier(2)
    tries: list[str] = []

    def crosswise(conn: Connection, first: str, second: str) -> None:
        tries.append(first)
        conn.execute(text(f"update worker set pid = pid + 1 where id = '{first}'"))
        if tries.count(first) == 1:
            both.wait(LIMIT)
        conn.execute(text(f"update worker set pid = pid + 1 where id = '{second}'"))

    def pids(conn: Connection) -> list[int]:
        return list(conn.execute(text("select pid from worker")).scalars())

    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        for name in "ab":
            await store.run(add_worker, name)
        await asyncio.gather(store.run(crosswise, "a", "b"), store.run(crosswise, "b", "a"))

        assert len(tries) > 2
        assert await store.read(pids) == [3, 3]


async def test_r5_a_process_that_stands_still_in_a_transaction_does_not_hold_up_others(
    url: str,
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def stand_still(conn: Connection) -> None:
        conn.execute(text("set local idle_in_transaction_session_timeout to '50ms'"))
        runs.locked_head(conn, "one")
        begun.set()
        ended.wait(LIMIT)
        workers(conn)

    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        await store.run(add_run)
        standing = asyncio.create_task(store.run(stand_still))
        await asyncio.to_thread(begun.wait, LIMIT)
        await store.run(events.append, "one", RunPlanning())
        with psycopg.connect(url) as other:
            assert other.execute("select last_event from mas.run").fetchone() == (1,)
        ended.set()
        with pytest.raises(Transient) as caught:
            await standing
        assert caught.value.code == "store_unreachable"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_r5_after_a_restart_of_the_server_everything_goes_on(
    lone_postgres_server: PostgresServer, how: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    server = lone_postgres_server
    begun, gate = threading.Event(), threading.Event()

    def interrupted(conn: Connection) -> None:
        add_worker(conn, "lost")
        begun.set()
        gate.wait(LIMIT)
        workers(conn)

    async with asyncio.timeout(LIMIT), PostgresStore(server.fresh()) as store:
        await asyncio.gather(*(store.run(add_worker, f"w{n}") for n in range(8)))
        await store.run(add_run)
        with store.changes("one") as changes:
            await changes.wait()
            under_way = asyncio.create_task(store.run(interrupted))
            await asyncio.to_thread(begun.wait, LIMIT)
            await asyncio.to_thread(server.stop, how)
            gate.set()
            with pytest.raises(Transient) as caught:
                await under_way
            assert caught.value.code == "store_unreachable"
            with pytest.raises(Transient):
                await store.read(workers)
            await asyncio.to_thread(server.start)

            assert "lost" not in await store.read(workers)
            await asyncio.gather(*(store.run(add_worker, f"x{n}") for n in range(8)))
            await until_heard(store, server, changes)


async def until_heard(store: PostgresStore, server: PostgresServer, changes: Changes) -> None:
    """Events of another process are heard again once the listener is connected."""
    url = server.url("db0")
    await asyncio.to_thread(server.until, LISTENING, rows=1, url=url)
    async with PostgresStore(url) as other:
        waiting = asyncio.create_task(changes.wait())
        await other.run(events.append, "one", RunPlanning())
        await waiting


LISTENING = (
    "select pid from pg_stat_activity where query = 'listen mas_changes' "
    "and datname = current_database()"
)


async def test_r9_a_connection_listens_only_while_somebody_waits(
    url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def until(count: int) -> None:
        await asyncio.to_thread(postgres_server.until, LISTENING, rows=count, url=url)

    monkeypatch.setattr(postgres_listener, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(postgres_listener, "SWEEP_SECONDS", 0.05)
    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        await until(0)
        for _ in range(3):
            with store.changes("one"), store.changes("two"):
                await until(1)
            while listeners():  # noqa: ASYNC110 - a thread tells nobody that it has ended
                await asyncio.sleep(0.01)
            await until(0)


def listeners() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "mas-store-listener"]


async def test_r9_whoever_waits_looks_for_himself_now_and_then(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_listener, "SWEEP_SECONDS", 0.05)
    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        with store.changes("one", interest="state") as changes:
            for _ in range(3):
                await changes.wait()


async def test_r9_only_what_somebody_must_hear_is_announced(url: str) -> None:
    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        with psycopg.connect(url, autocommit=True) as ear:
            ear.execute(f"listen {CHANNEL}")
            await store.run(add_run)
            for body in (STARTED, STARTED):
                await store.run(events.append, "one", body)
            heard = [notice.payload for notice in ear.notifies(timeout=LIMIT, stop_after=1)]
            assert heard == ["one inside"]
            await store.run(events.append, "one", STARTED, RunPlanning())
            heard = [notice.payload for notice in ear.notifies(timeout=LIMIT, stop_after=1)]
            assert heard[-1] == "one state"


async def test_r9_what_was_not_committed_is_not_announced(url: str) -> None:
    def half(conn: Connection) -> None:
        events.append(conn, "one", RunPlanning())
        raise UserError("No.")

    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        await store.run(add_run)
        with psycopg.connect(url, autocommit=True) as ear:
            ear.execute(f"listen {CHANNEL}")
            with pytest.raises(UserError):
                await store.run(half)
            await store.run(events.append, "one", RunPlanning())
            heard = [notice.payload for notice in ear.notifies(timeout=LIMIT, stop_after=1)]
            assert heard == ["one state"]


async def test_q1_many_processes_may_make_the_same_tables_at_once(url: str) -> None:
    code = (
        "import asyncio, sys\n"
        "from mas.adapters.stores.postgres import PostgresStore\n"
        "async def main():\n"
        "    sys.stdin.readline()\n"
        "    async with PostgresStore(sys.argv[1]) as store:\n"
        "        await store.run(lambda conn: None)\n"
        "asyncio.run(main())\n"
    )
    async with asyncio.timeout(LIMIT):
        children = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, url, stdin=asyncio.subprocess.PIPE
            )
            for _ in range(4)
        ]
        await asyncio.gather(*(child.communicate(b"go\n") for child in children))

    assert [child.returncode for child in children] == [0, 0, 0, 0]


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_version_is_brought_forward_to_the_tables_of_today(
    url: str, postgres_server: PostgresServer, version: int
) -> None:
    async with PostgresStore(url) as store:
        wanted = await store.read(shape)
        await store.run(back_to_two)
        if version == 1:
            await store.run(back_to_one)
        assert await store.read(shape) != wanted
        await store.run(add_worker, "kept")

    async with PostgresStore(url) as store:
        assert await store.read(shape) == wanted
        assert await store.read(workers) == ["kept"]


def shape(conn: Connection) -> list[tuple[object, ...]]:
    """Every column, index and trigger."""
    columns = conn.execute(
        text(
            "select table_name, column_name, data_type, is_nullable, column_default "
            "from information_schema.columns where table_schema = 'mas' order by 1, 2"
        )
    )
    indexes = conn.execute(
        text("select tablename, indexdef from pg_indexes where schemaname = 'mas' order by 1, 2")
    )
    triggers = conn.execute(
        text(
            "select tgname, pg_get_triggerdef(pg_trigger.oid), prosrc from pg_trigger "
            "join pg_proc on pg_proc.oid = tgfoid where not tgisinternal order by 1"
        )
    )
    return [tuple(row) for row in (*columns, *indexes, *triggers)]


def back_to_two(conn: Connection) -> None:
    for name in ("audit", "idempotency", "session", "secret", "driver"):
        conn.execute(text(f"drop table {name}"))
    conn.execute(text("drop function audit_kept"))
    for name in ("run_by_age", "run_by_team", "run_by_status", "run_by_kind"):
        conn.execute(text(f"drop index {name}"))
    conn.execute(text("create index run_by_status on run (status)"))
    for column in ("chances", "earlier_attempts"):
        conn.execute(text(f"alter table task drop column {column}"))
    conn.execute(text("update mas_schema set version = 2"))


def back_to_one(conn: Connection) -> None:
    first = {"worker", "run", "task", "edge", "record", "effect", "event"}
    for name in [name for name in schema.metadata.tables if name not in first]:
        conn.execute(text(f"drop table if exists {name} cascade"))
    for column in ("budget_tokens", "budget_cost_micros", "budget_time_us"):
        conn.execute(text(f"alter table run drop column {column}"))
    conn.execute(text("update mas_schema set version = 1"))


async def test_a_migration_that_fails_changes_nothing(url: str) -> None:
    def broken(conn: Connection) -> None:
        conn.exec_driver_sql("alter table worker add column colour text")
        raise UserError("No.")

    async with PostgresStore(url) as store:
        before = await store.read(shape)
        with pytest.raises(UserError):
            await store.run(migrate, 1, migrations=(broken,))
        assert await store.read(shape) == before


async def test_transactions_that_wait_for_different_rows_go_on_side_by_side(url: str) -> None:
    begun, gate = threading.Event(), threading.Event()

    def slow(conn: Connection) -> None:
        runs.locked_head(conn, "one")
        begun.set()
        gate.wait(LIMIT)

    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        for name in ("one", "two"):
            await store.run(add_run, name)
        holding = asyncio.create_task(store.run(slow))
        await asyncio.to_thread(begun.wait, LIMIT)
        began = time.monotonic()
        await store.run(events.append, "two", RunPlanning())
        assert not holding.done()
        gate.set()
        await holding
    assert time.monotonic() - began < LIMIT
