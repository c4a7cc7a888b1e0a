"""Which store a setting means: one file, or a PostgreSQL database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mas.adapters.stores.sqlite import SqliteStore
from mas.core.errors import UserError
from mas.core.ports import Clock

if TYPE_CHECKING:
    from mas.adapters.stores.postgres import PostgresStore

_POSTGRES = ("postgres", "postgresql", "postgresql+psycopg")
_SQLITE = "sqlite"
_HINT = (
    "Use postgresql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:///FILE, "
    "or leave it out to keep everything in one file."
)


def store_for(url: str | None, path: Path, clock: Clock) -> SqliteStore | PostgresStore:
    """The store at `url`, still to be opened; without one (None or empty) the file `path`.

    `clock` is the time of a file; a server has its own, which all machines share.

    Raises:
        UserError: The address means no store that there is (`bad_database_url`), or the library
            for it is not installed (`missing_extra`).
    """
    if not url:
        return SqliteStore(path, clock=clock)
    scheme, separator, rest = url.partition("://")
    if not separator:
        # What stands there is not shown: it may be a password.
        raise _bad_url("it has no scheme")
    if scheme == _SQLITE:
        return SqliteStore(_file(rest), clock=clock)
    if scheme in _POSTGRES:
        return _postgres(f"postgresql://{rest}")
    named = f"databases of kind {scheme!r}" if re.fullmatch(r"[a-z0-9+.-]{1,30}", scheme) else "it"
    raise _bad_url(f"MAS does not know {named}")


def _postgres(url: str) -> PostgresStore:
    # Loaded only where it is used: the library is an extra, and takes its time to load.
    try:
        from mas.adapters.stores.postgres import PostgresStore
    except ImportError as exc:
        raise UserError(
            "DATABASE_URL names a PostgreSQL database, and the library for it is not installed.",
            hint="Install it: pip install 'mas[postgres]'",
            code="missing_extra",
        ) from exc
    return PostgresStore(url)


def _file(rest: str) -> Path:
    """As SQLAlchemy reads it: `/FILE` is relative to the working folder, `//FILE` absolute."""
    name = unquote(rest.partition("?")[0])
    if not name.startswith("/") or name in ("/", "/:memory:"):
        raise _bad_url("it names no file")
    return Path(name[1:]).expanduser()


def _bad_url(reason: str) -> UserError:
    return UserError(
        f"DATABASE_URL is not the address of a database: {reason}.",
        hint=_HINT,
        code="bad_database_url",
    )
