"""`/api/knowledge`: what runs have taught (U3, R13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter

from mas.api.params import LessonId
from mas.api.roles import ADMINISTERS, READS
from mas.api.shapes import Shape
from mas.core.lessons import LessonKind
from mas.http.problems import PROBLEMS
from mas.http.world import TheService

router = APIRouter(prefix="/api/knowledge", tags=["knowledge"], responses=PROBLEMS)


class LessonItem(Shape):
    """What worked in a run, and how often it has helped since."""

    id: str
    kind: LessonKind
    team: str
    about: str
    text: str
    evidence: list[str]
    """Records that show it, as `RUN/TASK/KEY`."""
    successes: int
    failures: int
    learned_at: datetime | None


class Lessons(Shape):
    """Lessons, the newest first."""

    items: list[LessonItem]


class Removed(Shape):
    """What was removed."""

    id: str


@router.get(
    "/lessons",
    operation_id="list_lessons",
    dependencies=READS,
    summary="List lessons",
    response_model=Lessons,
)
async def lessons(service: TheService) -> Any:
    """What runs have taught, the newest first."""
    return Lessons(
        items=[
            LessonItem(
                id=one.id,
                kind=one.kind,
                team=one.team,
                about=one.about,
                text=one.text,
                evidence=list(one.evidence),
                successes=one.successes,
                failures=one.failures,
                learned_at=datetime.fromisoformat(one.learned_at) if one.learned_at else None,
            )
            for one in await service.lessons()
        ]
    )


@router.delete(
    "/lessons/{lesson_id}",
    operation_id="remove_lesson",
    dependencies=ADMINISTERS,
    summary="Remove a lesson",
    response_model=Removed,
)
async def remove_lesson(lesson_id: LessonId, service: TheService) -> Any:
    """Let no run learn from it any more. Needs the role admin."""
    return Removed(id=await service.remove_lesson(lesson_id))
