"""Database errors in the terms of the error tree: one sentence, and what to do."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mas.core.errors import Bug, MasError, Transient, UserError

_SET_HOME = "Set MAS_HOME to a folder that you may write to."


def translate(error: Exception, where: str) -> MasError:
    """The `MasError` for an error of SQLAlchemy or sqlite3; `where` is the database's path."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", None) or ""
        known = _known(name, where)
        if known is not None:
            return known
        # The text of SQLAlchemy's error holds statement and values: requests do not go to logs.
        return Bug(f"The database {where} refused a statement: {cause}.", code="store_bug")
    if isinstance(error, SQLAlchemyError):
        return Bug(f"A statement for {where} is wrong: {type(error).__name__}.", code="store_bug")
    return Bug(f"The database {where} failed: {error}.", code="store_bug")


def _known(name: str, where: str) -> MasError | None:
    """Extended codes begin with the name of their family (`SQLITE_IOERR_WRITE`)."""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return busy(where)
    if name.startswith("SQLITE_FULL"):
        return full(f"The disk that holds {where}")
    if name.startswith("SQLITE_READONLY"):
        return UserError(
            f"The database {where} is read-only.", hint=_SET_HOME, code="store_read_only"
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return UserError(
            f"The database {where} cannot be opened.", hint=_SET_HOME, code="store_closed"
        )
    if name.startswith("SQLITE_NOTADB"):
        return not_ours(where)
    if name.startswith("SQLITE_CORRUPT"):
        return UserError(
            f"The database {where} is damaged.",
            hint="Restore it from a copy, or move it away to begin with an empty one.",
            code="store_damaged",
        )
    if name.startswith(("SQLITE_IOERR", "SQLITE_PROTOCOL", "SQLITE_NOMEM")):
        return Transient(
            f"The disk that holds {where} does not answer as it should ({name}).",
            hint="Check that disk, or set MAS_HOME to a folder on another one.",
            code="store_io",
        )
    return None


def not_ours(where: str) -> UserError:
    """The error for a file that holds something else."""
    return UserError(
        f"The file {where} is not a database of MAS.",
        hint="Move it away, or set MAS_HOME to another folder.",
        code="store_foreign",
    )


def busy(where: str) -> Transient:
    """The error for a database that others hold for too long."""
    return Transient(
        f"The database {where} is busy: another process is writing and did not finish.",
        hint="Try again; if it stays so, look for a stopped mas process.",
        code="store_busy",
    )


def full(disk: str) -> Transient:
    """The error for a full disk; `disk` names it, at the beginning of a sentence."""
    return Transient(
        f"{disk} is full.",
        hint="Free some space and go on with: mas runs resume",
        code="store_full",
    )


def too_new(
    where: str, *, version: int, known: int, instead: str = "set MAS_HOME to another folder"
) -> UserError:
    """The error for a database that a newer MAS has made; `instead`: what helps as well."""
    return UserError(
        f"The database {where} has schema version {version}; this MAS knows up to {known}.",
        hint=f"Install the newer MAS that made it, or {instead}.",
        code="store_too_new",
    )


def unwritable(where: str, error: OSError) -> MasError:
    """The error for a folder or file that the operating system refuses."""
    reason = error.strerror or type(error).__name__
    return UserError(f"{where} cannot be used: {reason}.", hint=_SET_HOME, code="store_closed")
