"""What a running transaction carries besides its connection: the time, and what it touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOW = "mas.now"
_TOUCHED = "mas.touched"


def begin(conn: Connection, *, at: datetime) -> None:
    """Give a transaction that has just begun its time; called by the store."""
    conn.info[_NOW] = at
    conn.info[_TOUCHED] = {}


def now(conn: Connection) -> datetime:
    """The database's time when the transaction began. Leases are compared with nothing else."""
    at: datetime = conn.info[_NOW]
    return at


def now_us(conn: Connection) -> int:
    """The database's time as it is stored."""
    return to_us(now(conn))


def touch(conn: Connection, run_id: str, *, state: bool) -> None:
    """Note that a run gets events; `state` when not all are inside an attempt."""
    runs = touched(conn)
    runs[run_id] = runs.get(run_id, False) or state


def touched(conn: Connection) -> dict[str, bool]:
    """What the transaction that has just ended has noted; called by the store."""
    runs: dict[str, bool] = conn.info[_TOUCHED]
    return runs


def to_us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """The moment that `to_us` stored."""
    return _EPOCH + value * _MICROSECOND


def optional_moment(value: int | None) -> datetime | None:
    """The moment, or None where none is stored."""
    return None if value is None else from_us(value)


def to_duration_us(value: timedelta | None) -> int | None:
    """Microseconds of a duration, or None."""
    return None if value is None else value // _MICROSECOND


def optional_duration(value: int | None) -> timedelta | None:
    """The duration that `to_duration_us` stored."""
    return None if value is None else value * _MICROSECOND
