"""Errors of PostgreSQL in the terms of the error tree: one sentence, and what to do.

Sentences hold the database's name and server, never user values and never the password: of what
the server says about a statement only names of tables, columns and constraints are passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
from psycopg import errors
from sqlalchemy.exc import DBAPIError

from mas.adapters.stores import faults
from mas.core.errors import Bug, MasError, Transient, UserError

ACCEPTED = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"

_COLLISIONS = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)
_UNREACHABLE_STATES = ("08", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04")


def translate(error: Exception, where: str) -> MasError:
    """The `MasError` for an error of SQLAlchemy or psycopg; `where` names database and server."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        known = _known(cause.sqlstate, where) if cause.sqlstate else _at_the_door(cause, where)
        return known or Bug(
            f"The database {where} refused a statement: {_named(cause)}.", code="store_bug"
        )
    return Bug(f"A statement for {where} is wrong: {type(error).__name__}.", code="store_bug")


def collided(error: Exception) -> bool:
    """Whether two transactions may just have stood in each other's way.

    Among them are two that have looked for a row, found none, and made it at the same time: run
    again, the second finds it.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, _COLLISIONS)


def unreachable(where: str, reason: str) -> Transient:
    """The error for a server that does not answer, or no longer."""
    return Transient(
        f"The database {where} does not answer: {reason}.",
        hint="Check that the server runs and can be reached from here, then go on with: "
        "mas runs resume",
        code="store_unreachable",
    )


def not_ours(where: str, schema: str) -> UserError:
    """The error for a schema of that name which holds something else."""
    return UserError(
        f'The schema "{schema}" of the database {where} holds tables that MAS has not made.',
        hint="Set DATABASE_URL to another database.",
        code="store_foreign",
    )


def too_new(where: str, *, version: int, known: int) -> UserError:
    """The error for a database that a newer MAS has brought forward."""
    return faults.too_new(
        where, version=version, known=known, instead="set DATABASE_URL to another database"
    )


def no_unicode(where: str) -> UserError:
    """The error for a database that has no Korean."""
    return UserError(
        f"The database {where} cannot hold text of every language.",
        hint="Create one with: createdb --encoding UTF8 --template template0 NAME",
        code="store_encoding",
    )


def bad_url(reason: str) -> UserError:
    """The error for an address that cannot be understood; `reason` must not quote it."""
    return UserError(
        f"DATABASE_URL is not the address of a database: {reason}.",
        hint=f"Use {ACCEPTED}, or leave it out to keep everything in one file.",
        code="bad_database_url",
    )


def _known(state: str, where: str) -> MasError | None:
    """The first two characters of a state are its class."""
    if state.startswith(_UNREACHABLE_STATES):
        return unreachable(where, "the server has closed the connection")
    if state == "53100":
        return faults.full(f"The disk of the database {where}")
    if state in ("53300", "53000", "53200"):
        return _crowded(where)
    if state == "25006":
        return UserError(
            f"The database {where} is read-only.",
            hint="Set DATABASE_URL to the primary server, and to a role that may write.",
            code="store_read_only",
        )
    if state == "42501":
        return UserError(
            f"The database {where} does not let this role work in it.",
            hint="Let the role create a schema: grant create on database ... to ...",
            code="store_closed",
        )
    if state in ("55P03", "57014", "40001", "40P01"):
        return faults.busy(where)
    if state.startswith("58"):
        return Transient(
            f"The disk of the database {where} does not answer as it should ({state}).",
            hint="Check that disk and the log of the server.",
            code="store_io",
        )
    if state in ("XX001", "XX002"):
        return UserError(
            f"The database {where} is damaged.",
            hint="Restore it from a copy, or set DATABASE_URL to another database.",
            code="store_damaged",
        )
    return None


def _crowded(where: str) -> Transient:
    return Transient(
        f"The server of the database {where} has no room for another connection.",
        hint="Try again, or raise its max_connections: each mas process takes up to seven.",
        code="store_busy",
    )


def _login(where: str) -> UserError:
    return UserError(
        f"The server of the database {where} refuses this user or password.",
        hint="Check user and password in DATABASE_URL.",
        code="store_login",
    )


def _missing(where: str) -> UserError:
    return UserError(
        f"There is no database {where}.",
        hint="Create it with createdb, or check DATABASE_URL.",
        code="store_missing",
    )


def _locked_out(where: str) -> UserError:
    return UserError(
        f"The server of the database {where} takes no connection of this kind.",
        hint="Let it in (pg_hba.conf, sslmode), or check DATABASE_URL.",
        code="store_login",
    )


# A connection that is refused comes without a state: all that tells is the server's sentence.
_DOOR: tuple[tuple[str, Callable[[str], MasError]], ...] = (
    (r"authentication failed|no password supplied|password.* required", _login),
    (r'role ".*" does not exist', _login),
    (r'database ".*" does not exist', _missing),
    (r"pg_hba\.conf|does not support SSL|certificate", _locked_out),
    (r"too many (clients|connections)|connection slots|PoolTimeout", _crowded),
)


def _at_the_door(cause: psycopg.Error, where: str) -> MasError | None:
    said = str(cause)
    for pattern, error in _DOOR:
        if re.search(pattern, said):
            return error(where)
    if isinstance(cause, psycopg.ProgrammingError):
        return bad_url("libpq does not accept it")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return unreachable(where, _reason(said))
    return None


def _reason(said: str) -> str:
    """What libpq or the server says last, without what comes before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Is the server", "Multiple"))]
    last = (told or lines or ["no reason was given"])[-1]
    return re.sub(r"^.*(failed|FATAL|error): +", "", last).rstrip(".")


def _named(cause: psycopg.Error) -> str:
    diag = cause.diag
    names = [name for name in (diag.table_name, diag.column_name, diag.constraint_name) if name]
    if cause.sqlstate is not None and cause.sqlstate.startswith("42") and diag.message_primary:
        names.append(diag.message_primary)  # about the statement's words, which hold no values
    what = f"{type(cause).__name__} ({cause.sqlstate})"
    return f"{what} on {', '.join(names)}" if names else what
