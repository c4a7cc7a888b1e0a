"""Statements about lessons, and the port over them (R13)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, text, update

from mas.adapters.stores import schema
from mas.adapters.stores.store import Store
from mas.adapters.stores.transaction import from_us, now_us
from mas.core.lessons import Lesson, LessonKind, NewLesson, fitting
from mas.core.values import encode_json

ABOUT_LIMIT = 1_000
TEXT_LIMIT = 2_000
"""Characters of a lesson that are kept."""

KEPT_EVIDENCE = 20
"""Records that a lesson names; the oldest go first."""

SEARCHED = 2_000
"""The newest lessons of a kind among which a fitting one is looked for."""

_ID_DIGITS = (6, 12, 32)
"""Longer ids are for the rare lesson whose short one another has."""

_lesson = schema.lesson.c
_THIS = _lesson.id == bindparam("lesson_id")

# Said the same way by SQLite and PostgreSQL, though SQLAlchemy has a construct for each.
_ENSURE = text(
    "insert into lesson (id, kind, team, about, text, evidence, successes, failures, learned_at)"
    " values (:id, :kind, :team, :about, :text, :evidence, 0, 0, :at) on conflict do nothing"
)
_LOCKED = select(schema.lesson).where(_THIS).with_for_update()
_LIST = select(schema.lesson).order_by(_lesson.learned_at.desc(), _lesson.id)
_OF_KIND = _LIST.where(_lesson.kind == bindparam("of_kind")).limit(bindparam("most"))
_EVIDENCE = update(schema.lesson).where(_THIS).values(evidence=bindparam("new_evidence"))
_SUCCEEDED = update(schema.lesson).where(_THIS).values(successes=_lesson.successes + 1)
_FAILED = update(schema.lesson).where(_THIS).values(failures=_lesson.failures + 1)
_REMOVE = delete(schema.lesson).where(_THIS)


def add_lessons(conn: Connection, lessons: Iterable[NewLesson]) -> tuple[str, ...]:
    """Store what a run has taught and return the ids, in a stable order.

    A lesson that is known already gets the new evidence instead of a twin. One that is about
    nothing or says nothing is left out.
    """
    cut = (_cut(lesson) for lesson in lessons)
    keyed = sorted(
        ((_digest(lesson), lesson) for lesson in cut if lesson.about and lesson.text),
        key=lambda pair: pair[0],
    )
    # One order for all transactions, so that no two wait for each other.
    return tuple(dict.fromkeys(_add(conn, digest, lesson) for digest, lesson in keyed))


def count_lessons(conn: Connection, ids: Collection[str], *, succeeded: bool) -> None:
    """Note how a run has ended to which these lessons were offered; unknown ids do nothing."""
    rows = [{"lesson_id": id_} for id_ in sorted(set(ids))]
    if rows:
        conn.execute(_SUCCEEDED if succeeded else _FAILED, rows)


def all_lessons(conn: Connection) -> tuple[Lesson, ...]:
    """Every lesson, the newest first."""
    return tuple(_to_lesson(row) for row in conn.execute(_LIST))


def of_kind(conn: Connection, kind: LessonKind, *, most: int = SEARCHED) -> tuple[Lesson, ...]:
    """The newest lessons of a kind."""
    return tuple(_to_lesson(row) for row in conn.execute(_OF_KIND, {"of_kind": kind, "most": most}))


def remove(conn: Connection, lesson_id: str) -> bool:
    """Remove a lesson; False when there is none of that id."""
    return conn.execute(_REMOVE, {"lesson_id": lesson_id}).rowcount == 1


class StoredLessons:
    """The port `Lessons` on a store, and what a person may do with lessons."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def fitting(self, text: str, *, kind: LessonKind, most: int = 3) -> tuple[Lesson, ...]:
        """The lessons whose request or error is most alike `text`."""
        return fitting(await self._store.read(of_kind, kind), text, most=most)

    async def all(self) -> tuple[Lesson, ...]:
        """Every lesson, the newest first."""
        return await self._store.read(all_lessons)

    async def remove(self, lesson_id: str) -> bool:
        """Remove a lesson; False when there is none of that id."""
        return await self._store.run_durable(remove, lesson_id)


def _add(conn: Connection, digest: str, lesson: NewLesson) -> str:
    for digits in _ID_DIGITS:
        id_ = f"l{digest[:digits]}"
        conn.execute(
            _ENSURE,
            {
                "id": id_,
                "kind": lesson.kind,
                "team": lesson.team,
                "about": lesson.about,
                "text": lesson.text,
                "evidence": encode_json(lesson.evidence[-KEPT_EVIDENCE:]),
                "at": now_us(conn),
            },
        )
        known = _to_lesson(conn.execute(_LOCKED, {"lesson_id": id_}).one())
        if _digest(known) == digest:
            break
    evidence = tuple(dict.fromkeys((*known.evidence, *lesson.evidence)))[-KEPT_EVIDENCE:]
    if evidence != known.evidence:
        conn.execute(_EVIDENCE, {"lesson_id": id_, "new_evidence": encode_json(evidence)})
    return id_


def _cut(lesson: NewLesson) -> NewLesson:
    return msgspec.structs.replace(
        lesson,
        about=_storable(lesson.about, limit=ABOUT_LIMIT),
        text=_storable(lesson.text, limit=TEXT_LIMIT),
    )


def _storable(text: str, *, limit: int) -> str:
    """Without what no database takes: zero signs and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "").strip()[:limit].strip()


def _digest(lesson: NewLesson) -> str:
    """The same for lessons that say the same, whatever their white space."""
    parts = (lesson.kind, lesson.about, lesson.text)
    same = "\0".join(" ".join(part.split()) for part in parts)
    return hashlib.sha256(same.encode("utf-8")).hexdigest()


def _to_lesson(row: Row[*tuple[Any, ...]]) -> Lesson:
    return Lesson(
        id=row.id,
        kind=row.kind,
        team=row.team,
        about=row.about,
        text=row.text,
        evidence=msgspec.json.decode(row.evidence, type=tuple[str, ...]),
        successes=row.successes,
        failures=row.failures,
        learned_at=from_us(row.learned_at).isoformat(),
    )
