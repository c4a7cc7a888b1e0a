"""Which store DATABASE_URL means, and what is said when it means none (P1, P5)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.stores.choose import store_for
from mas.adapters.stores.postgres import PostgresStore
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.errors import UserError

SECRET = "hunter2"


def chosen(url: str | None, path: Path = Path("mas.db")) -> SqliteStore | PostgresStore:
    return store_for(url, path, SystemClock())


@pytest.mark.parametrize("url", [None, ""])
async def test_p1_without_an_address_everything_is_kept_in_one_file(
    tmp_path: Path, url: str | None
) -> None:
    async with chosen(url, tmp_path / "mas.db"):
        assert (tmp_path / "mas.db").exists()


async def test_p5_an_address_may_name_another_file(tmp_path: Path) -> None:
    async with chosen(f"sqlite:///{tmp_path}/my%20own.db"):
        assert (tmp_path / "my own.db").exists()


async def test_p5_a_file_without_a_leading_slash_is_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with chosen("sqlite:///own.db"):
        assert (tmp_path / "own.db").exists()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_p5_each_usual_scheme_of_postgresql_is_understood(scheme: str) -> None:
    assert isinstance(chosen(f"{scheme}://me:{SECRET}@db.example/mas"), PostgresStore)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@db.example/mas",
        f"postgresql+asyncpg://me:{SECRET}@db.example/mas",
        f"{SECRET}",
        f"{SECRET}://x",
        f"postgresql://me:{SECRET}@db.example:port/mas?what={SECRET}",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///",
    ],
)
def test_q1_an_address_of_no_store_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(UserError) as caught:
        chosen(url)

    assert caught.value.code == "bad_database_url"
    assert "DATABASE_URL" in caught.value.message
    assert caught.value.hint
    if not url.startswith(SECRET):  # there it stands where the kind of database should
        assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_q1_a_missing_library_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mas.adapters.stores.postgres", None)

    with pytest.raises(UserError, match=r"pip install 'mas\[postgres\]'") as caught:
        chosen("postgresql://db.example/mas")

    assert caught.value.code == "missing_extra"
