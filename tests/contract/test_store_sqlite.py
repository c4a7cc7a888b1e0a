"""The SQLite file: its rights, its faults in plain words, and several processes on it (Q1)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection

from mas.adapters.clock import SystemClock
from mas.adapters.stores import sqlite
from mas.adapters.stores.migrations import VERSION, migrate
from mas.adapters.stores.sqlite import APPLICATION_ID, SqliteStore
from mas.core.errors import MasError, Transient, UserError
from mas.core.run import RunRequest
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, Plan

LIMIT = 60.0


def store_at(path: Path) -> SqliteStore:
    return SqliteStore(path, clock=SystemClock())


def engine_on(store: SqliteStore) -> Engine:
    teams = {"fixed": FixedTeam(plans=Plan(tasks=()))}
    return Engine(store=store, teams=teams, doers={}, clock=SystemClock())


async def refused(path: Path) -> MasError:
    async with asyncio.timeout(LIMIT):
        with pytest.raises(MasError) as caught:
            async with store_at(path):
                pass
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value


async def test_q3_folder_and_file_belong_to_their_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "mas.db"
    async with store_at(path) as store:
        await store.run(lambda conn: None)
        modes = {
            file.name: stat.S_IMODE(file.stat().st_mode)
            for file in (path.parent, *path.parent.iterdir())
        }

    assert modes.pop("home") == 0o700
    assert set(modes.values()) == {0o600}
    assert "mas.db-wal" in modes


async def test_q3_a_file_that_others_could_read_is_narrowed(tmp_path: Path) -> None:
    path = tmp_path / "mas.db"
    path.touch(mode=0o644)
    async with store_at(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_q1_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mas.db"
    path.write_text("my notes, " * 200)
    before = path.read_bytes()

    error = await refused(path)

    assert isinstance(error, UserError)
    assert error.code == "store_foreign"
    assert path.read_bytes() == before


async def test_q1_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mas.db"
    with sqlite3.connect(path) as other:
        other.execute("create table songs (title)")
    other.close()
    before = path.read_bytes()

    assert (await refused(path)).code == "store_foreign"
    assert path.read_bytes() == before


async def test_q1_a_database_of_a_newer_version_is_refused_with_both_versions(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mas.db"
    with sqlite3.connect(path) as newer:
        newer.execute(f"pragma application_id={APPLICATION_ID}")
        newer.execute(f"pragma user_version={VERSION + 1}")
    newer.close()

    error = await refused(path)

    assert error.code == "store_too_new"
    assert f"version {VERSION + 1}" in error.message
    assert f"up to {VERSION}" in error.message


async def test_q1_a_damaged_database_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "mas.db"
    async with store_at(path) as store:
        run = await engine_on(store).submit(RunRequest(text="x" * 50_000, team="fixed"))
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(data)

    async with asyncio.timeout(LIMIT):
        with pytest.raises(UserError, match="damaged") as caught:
            async with store_at(path) as store:
                await engine_on(store).get(run.id)
    assert caught.value.code == "store_damaged"


@pytest.mark.parametrize("where", ["under_a_file", "in_no_real_folder", "is_a_folder"])
async def test_q1_a_home_that_cannot_be_written_is_named_with_what_to_do(
    tmp_path: Path, where: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    path = {
        "under_a_file": tmp_path / "file" / "mas.db",
        "in_no_real_folder": Path("/proc/nothing/mas.db"),
        "is_a_folder": tmp_path / "folder",
    }[where]

    error = await refused(path)

    assert isinstance(error, UserError)
    assert "MAS_HOME" in error.hint


async def test_q1_a_database_that_may_not_be_written_is_named_as_read_only(tmp_path: Path) -> None:
    async with store_at(tmp_path / "mas.db") as store:
        await store.run(lambda conn: conn.exec_driver_sql("PRAGMA query_only=ON").close())
        with pytest.raises(UserError, match="read-only") as caught:
            await engine_on(store).submit(RunRequest(text="x", team="fixed"))

    assert caught.value.code == "store_read_only"


async def test_q1_a_full_disk_refuses_a_run_wholly_and_takes_it_once_there_is_room(
    tmp_path: Path,
) -> None:
    def limit(pages: int) -> Callable[[Connection], None]:
        return lambda conn: conn.exec_driver_sql(f"PRAGMA max_page_count={pages}").close()

    async with store_at(tmp_path / "mas.db") as store:
        engine = engine_on(store)
        await store.run(limit(1))  # means: not one page more than there are
        with pytest.raises(Transient, match="full") as caught:
            await engine.submit(RunRequest(text="x" * 100_000, team="fixed"))
        assert caught.value.code == "store_full"
        assert await engine.list() == ()

        await store.run(limit(10_000))
        run = await engine.submit(RunRequest(text="x" * 100_000, team="fixed"))
        assert [found.id for found in await engine.list()] == [run.id]


async def test_q1_a_database_that_another_process_holds_is_named_as_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.01)
    path = tmp_path / "mas.db"
    async with store_at(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(Transient, match="busy") as caught:
            await engine_on(store).submit(RunRequest(text="x", team="fixed"))
        assert caught.value.code == "store_busy"
        other.execute("rollback")
        other.close()

        assert (await engine_on(store).submit(RunRequest(text="x", team="fixed"))).id


async def test_q1_many_processes_may_make_the_same_home_at_once(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys\n"
        "from mas.adapters.clock import SystemClock\n"
        "from mas.adapters.stores.sqlite import SqliteStore\n"
        "async def main():\n"
        "    sys.stdin.readline()\n"
        "    async with SqliteStore(pathlib.Path(sys.argv[1]), clock=SystemClock()) as store:\n"
        "        await store.run(lambda conn: None)\n"
        "asyncio.run(main())\n"
    )
    path = str(tmp_path / "home" / "mas.db")
    async with asyncio.timeout(LIMIT):
        children = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", code, path, stdin=asyncio.subprocess.PIPE
            )
            for _ in range(4)
        ]
        await asyncio.gather(*(child.communicate(b"go\n") for child in children))

    assert [child.returncode for child in children] == [0, 0, 0, 0]


async def test_an_older_schema_is_brought_forward_step_by_step(tmp_path: Path) -> None:
    def to_two(conn: Connection) -> None:
        conn.exec_driver_sql("alter table worker add column colour text")

    def to_three(conn: Connection) -> None:
        conn.exec_driver_sql("update worker set colour = 'red'")

    def colours(conn: Connection) -> list[object]:
        return list(conn.exec_driver_sql("select colour from worker").scalars())

    async with store_at(tmp_path / "mas.db") as store:
        insert = "insert into worker values ('w', 'm', 1, '0', 0)"
        await store.run(lambda conn: conn.exec_driver_sql(insert).close())
        assert await store.run(migrate, 1, migrations=(to_two, to_three)) == 3
        assert await store.read(colours) == ["red"]


def shape(conn: Connection) -> list[tuple[object, ...]]:
    """Every column, index and trigger."""
    tables = conn.exec_driver_sql("select name from sqlite_master where type = 'table'").scalars()
    found: list[tuple[object, ...]] = []
    for table in sorted(tables):
        for row in conn.exec_driver_sql(f"pragma table_info({table})"):
            default = row.dflt_value and row.dflt_value.strip("'")
            found.append((table, row.name, row.type.lower(), row.notnull, default, row.pk))
        for index in conn.exec_driver_sql(f"pragma index_list({table})").all():
            columns = conn.exec_driver_sql(f"pragma index_info({index.name})").all()
            found.append((table, index.name, index.unique, *(row.name for row in columns)))
    triggers = "select name, sql from sqlite_master where type = 'trigger' order by name"
    return [*sorted(found, key=str), *(tuple(row) for row in conn.exec_driver_sql(triggers))]


def back_to_two(conn: Connection) -> None:
    for name in ("audit", "idempotency", "session", "secret", "driver"):
        conn.exec_driver_sql(f"drop table {name}")
    for name in ("run_by_age", "run_by_team", "run_by_status", "run_by_kind"):
        conn.exec_driver_sql(f"drop index {name}")
    conn.exec_driver_sql("create index run_by_status on run (status)")
    for column in ("chances", "earlier_attempts"):
        conn.exec_driver_sql(f"alter table task drop column {column}")
    conn.exec_driver_sql("pragma user_version = 2")


async def test_a_second_version_is_brought_forward_to_the_tables_of_today(tmp_path: Path) -> None:
    async with store_at(tmp_path / "mas.db") as store:
        wanted = await store.read(shape)
        await store.run(back_to_two)
        assert await store.read(shape) != wanted
        insert = "insert into worker values ('kept', 'm', 1, '0', 0)"
        await store.run(lambda conn: conn.exec_driver_sql(insert).close())

    async with store_at(tmp_path / "mas.db") as store:
        assert await store.read(shape) == wanted
        kept = await store.read(lambda conn: conn.exec_driver_sql("select id from worker").all())
        assert [row.id for row in kept] == ["kept"]


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    def broken(conn: Connection) -> None:
        conn.exec_driver_sql("alter table worker add column colour text")
        raise UserError("No.")

    def columns(conn: Connection) -> list[str]:
        rows = conn.exec_driver_sql("pragma table_info(worker)")
        return [row.name for row in rows]

    async with store_at(tmp_path / "mas.db") as store:
        before = await store.read(columns)
        with pytest.raises(UserError):
            await store.run(migrate, 1, migrations=(broken,))
        assert await store.read(columns) == before


async def test_r1_a_second_store_in_one_process_leaves_the_locks_of_the_first(
    tmp_path: Path,
) -> None:
    """Closing any descriptor of a file drops all locks of a process on it; without them another
    process that leaves takes the write-ahead log away."""
    path = tmp_path / "mas.db"
    script = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('select 1 from run').close()"
    )
    async with asyncio.timeout(LIMIT), store_at(path) as store:
        await engine_on(store).submit(RunRequest(text="before", team="fixed"))
        async with store_at(path):
            pass
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path))
        assert await other.wait() == 0
        kept = path.with_name("mas.db-wal").stat().st_ino
        await engine_on(store).submit(RunRequest(text="after", team="fixed"))
        assert path.with_name("mas.db-wal").stat().st_ino == kept
    with sqlite3.connect(path) as conn:
        assert conn.execute("select count(*) from run").fetchone() == (2,)


class FilledMeanwhile:
    """A connection beside which another process makes the schema, after the first look."""

    in_transaction = property(lambda self: self._raw.in_transaction)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = sqlite3.connect(path, isolation_level=None)
        self._raw.execute("pragma journal_mode=wal")

    def execute(self, sql: str) -> sqlite3.Cursor:
        if sql == "PRAGMA user_version":
            with sqlite3.connect(self._path) as other:
                other.execute("create table run (id)")
                other.execute(f"pragma application_id={APPLICATION_ID}")
                other.execute(f"pragma user_version={VERSION}")
            other.close()
        return self._raw.execute(sql)


def test_q1_a_file_that_another_process_makes_just_now_is_not_taken_for_a_foreign_one(
    tmp_path: Path,
) -> None:
    raw = cast(sqlite3.Connection, FilledMeanwhile(tmp_path / "mas.db"))
    assert sqlite._check_ours(raw, "mas.db") == 0
    assert not raw.in_transaction
    assert sqlite._check_ours(cast(FilledMeanwhile, raw)._raw, "mas.db") == VERSION
