"""`mas knowledge ...`: what runs have taught."""

from __future__ import annotations

import sys

from mas.app import knowledge
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.language import plain


async def list_lessons(settings: Settings, *, as_json: bool) -> int:
    """All lessons, the newest first, with how often they have helped."""
    lessons = await knowledge.lessons_of(settings)
    if as_json:
        print_json(lessons)
        return exits.DONE
    if not lessons:
        print("No lessons yet: a run that succeeds leaves one.", file=sys.stderr)
        return exits.DONE
    print_table(
        ("ID", "KIND", "HELPED", "FAILED", "ABOUT", "LESSON"),
        (
            (
                lesson.id,
                lesson.kind,
                str(lesson.successes),
                str(lesson.failures),
                plain(lesson.about, limit=50),
                plain(lesson.text, limit=80),
            )
            for lesson in lessons
        ),
    )
    return exits.DONE


async def remove_lesson(settings: Settings, lesson_id: str, *, as_json: bool) -> int:
    """Remove one lesson."""
    removed = await knowledge.remove_lesson(settings, lesson_id)
    if as_json:
        print_json({"removed": removed})
    else:
        print(f"Lesson {removed} is removed.")
    return exits.DONE
