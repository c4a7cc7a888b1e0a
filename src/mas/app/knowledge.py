"""What a person may do with what runs have taught (R13)."""

from __future__ import annotations

from mas.adapters.stores import lessons
from mas.adapters.stores.lessons import StoredLessons
from mas.adapters.stores.store import Store
from mas.app.accounts import local_actor
from mas.app.auditing import Notes
from mas.app.settings import Settings
from mas.app.storage import open_store
from mas.core.audit import AuditNote
from mas.core.errors import UserError
from mas.core.lessons import Lesson
from mas.engine.journal.audit import audited


class Knowledge:
    """The lessons on an open journal, in somebody's name."""

    def __init__(self, store: Store, notes: Notes) -> None:
        self._store = store
        self._notes = notes

    async def lessons(self) -> tuple[Lesson, ...]:
        """Every lesson, the newest first."""
        return await StoredLessons(self._store).all()

    async def remove(self, lesson_id: str) -> str:
        """Remove a lesson and return its id.

        Raises:
            UserError: There is none of that id (`unknown_lesson`).
        """
        wanted = lesson_id.strip()

        def noted(removed: bool) -> tuple[AuditNote, ...]:
            return (self._notes.note("lesson.remove", subject=wanted),) if removed else ()

        if not await self._store.run_durable(audited, lessons.remove, noted, wanted):
            raise UserError(
                f"There is no lesson {lesson_id!r}.",
                hint="See `mas knowledge lessons list`.",
                code="unknown_lesson",
            )
        return wanted


async def lessons_of(settings: Settings) -> tuple[Lesson, ...]:
    """Every lesson, the newest first."""
    async with open_store(settings) as store:
        return await StoredLessons(store).all()


async def remove_lesson(settings: Settings, lesson_id: str) -> str:
    """Remove a lesson, in the name of this account, and return its id.

    Raises:
        UserError: There is none of that id.
    """
    async with open_store(settings) as store:
        return await Knowledge(store, Notes(actor=local_actor(), mask=str)).remove(lesson_id)
