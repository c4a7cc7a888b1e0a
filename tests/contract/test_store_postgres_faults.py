"""Faults of a PostgreSQL server, each in plain words and without anybody's secrets (Q1, Q3)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Connection, text

from mas.adapters.stores import runs
from mas.adapters.stores.migrations import VERSION
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.transaction import now
from mas.core.errors import Bug, MasError, Transient, UserError
from mas.core.run import RunRequest
from support.postgres_server import PASSWORD, PostgresServer

LIMIT = 60.0


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


def add_run(conn: Connection, run_id: str = "one") -> None:
    runs.add(conn, run_id, RunRequest(text="x", team="t"), created_at=now(conn))


def add_worker(conn: Connection, name: str) -> None:
    conn.execute(text(f"insert into worker values ('{name}', 'm', 1, '0', 0)"))


def workers(conn: Connection) -> list[str]:
    return list(conn.execute(text("select id from worker order by id")).scalars())


async def refused(url: str, kind: type[MasError], code: str) -> MasError:
    async with asyncio.timeout(LIMIT):
        with pytest.raises(kind) as caught:
            async with PostgresStore(url):
                pass
    error = caught.value
    assert error.code == code, error
    assert error.hint
    assert PASSWORD not in str(error)
    assert "127.0.0.1" in error.message
    return error


async def test_q1_a_schema_of_our_name_that_is_not_ours_is_refused_and_left_alone(
    url: str, postgres_server: PostgresServer
) -> None:
    postgres_server.ask("create schema mas create table song (title text)", url=url)

    await refused(url, UserError, "store_foreign")

    tables = "select table_name from information_schema.tables where table_schema = 'mas'"
    assert postgres_server.ask(tables, url=url) == [("song",)]


async def test_q1_a_database_of_a_newer_version_is_refused_with_both_versions(
    url: str, postgres_server: PostgresServer
) -> None:
    async with PostgresStore(url):
        pass
    postgres_server.ask("update mas.mas_schema set version = version + 1", url=url)

    error = await refused(url, UserError, "store_too_new")

    assert f"version {VERSION + 1}" in error.message
    assert f"up to {VERSION}" in error.message


async def test_q1_a_database_without_unicode_is_refused(postgres_server: PostgresServer) -> None:
    postgres_server.ask("create database latin encoding 'LATIN1' template template0")
    try:
        error = await refused(postgres_server.url("latin"), UserError, "store_encoding")
    finally:
        postgres_server.drop(postgres_server.url("latin"))

    assert "UTF8" in error.hint


async def test_q1_a_server_that_is_not_there_is_named_as_unreachable() -> None:
    error = await refused(
        f"postgresql://me:{PASSWORD.replace(' ', '%20')}@127.0.0.1:1/mas",
        Transient,
        "store_unreachable",
    )

    assert "mas on 127.0.0.1:1" in error.message
    assert "refused" in error.message


async def test_q1_a_missing_database_is_named(postgres_server: PostgresServer) -> None:
    error = await refused(postgres_server.url("nowhere"), UserError, "store_missing")

    assert "nowhere" in error.message


@pytest.mark.parametrize("given", ["", "wrong " + PASSWORD[:3]])
async def test_q3_a_wrong_password_is_named_without_being_shown(
    postgres_server: PostgresServer, given: str
) -> None:
    postgres_server.ask(GUARDED)
    error = await refused(
        postgres_server.url("postgres", user="guarded", password=given), UserError, "store_login"
    )

    assert "wrong" not in f"{error} {error.__cause__}"


GUARDED = (
    "do $$ begin if to_regrole('guarded') is null then "
    f"create role guarded login password '{PASSWORD}'; end if; end $$"
)


async def test_q1_a_role_that_may_make_nothing_is_told_what_it_needs(
    postgres_server: PostgresServer, url: str
) -> None:
    postgres_server.ask(GUARDED)
    mine = url.replace("mas@", f"guarded:{PASSWORD.replace(' ', '%20')}@")

    error = await refused(mine, UserError, "store_closed")

    assert "grant" in error.hint


async def test_q1_a_server_without_room_for_one_more_is_tried_again_later(
    postgres_server: PostgresServer,
) -> None:
    postgres_server.ask("create role crowded login connection limit 0")

    await refused(postgres_server.url("postgres", user="crowded"), Transient, "store_busy")


async def test_q1_a_database_that_may_not_be_written_is_named_as_read_only(
    postgres_server: PostgresServer, url: str
) -> None:
    async with PostgresStore(url):
        pass
    name = url.rpartition("/")[2]
    postgres_server.ask(f"alter database {name} set default_transaction_read_only to on")
    async with PostgresStore(url) as store:
        with pytest.raises(UserError, match="read-only") as caught:
            await store.run(add_run)

    assert caught.value.code == "store_read_only"


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        ("53100", Transient, "store_full"),
        ("55P03", Transient, "store_busy"),
        ("57P01", Transient, "store_unreachable"),
        ("58030", Transient, "store_io"),
        ("XX001", UserError, "store_damaged"),
        ("22012", Bug, "store_bug"),
    ],
)
async def test_q1_a_fault_of_the_server_leaves_no_trace_and_is_put_into_plain_words(
    url: str, state: str, kind: type[MasError], code: str
) -> None:
    def fail(conn: Connection) -> None:
        add_worker(conn, "a")
        conn.execute(text(f"do $$ begin raise 'secret' using errcode = '{state}'; end $$"))

    async with PostgresStore(url) as store:
        with pytest.raises(kind) as caught:
            await store.run(fail)
        assert (caught.value.code, "secret" in str(caught.value)) == (code, False)
        assert await store.read(workers) == []
        await store.run(add_worker, "b")


async def test_q1_a_row_that_another_process_holds_is_named_as_busy(url: str) -> None:
    def impatient(conn: Connection) -> None:
        conn.execute(text("set local lock_timeout to '20ms'"))
        runs.locked_head(conn, "one")

    async with asyncio.timeout(LIMIT), PostgresStore(url) as store:
        await store.run(add_run)
        with psycopg.connect(url) as other:
            other.execute("select id from mas.run for update")
            with pytest.raises(Transient, match="busy") as caught:
                await store.run(impatient)
        assert caught.value.code == "store_busy"
