"""What a person may do with what runs have taught (R13)."""

from __future__ import annotations

from mas.adapters.stores.lessons import StoredLessons
from mas.app.settings import Settings
from mas.app.storage import open_store
from mas.core.errors import UserError
from mas.core.lessons import Lesson


async def lessons_of(settings: Settings) -> tuple[Lesson, ...]:
    """Every lesson, the newest first."""
    async with open_store(settings) as store:
        return await StoredLessons(store).all()


async def remove_lesson(settings: Settings, lesson_id: str) -> str:
    """Remove a lesson and return its id.

    Raises:
        UserError: There is none of that id.
    """
    wanted = lesson_id.strip()
    async with open_store(settings) as store:
        removed = await StoredLessons(store).remove(wanted)
    if not removed:
        raise UserError(
            f"There is no lesson {lesson_id!r}.",
            hint="See `mas knowledge lessons list`.",
            code="unknown_lesson",
        )
    return wanted
