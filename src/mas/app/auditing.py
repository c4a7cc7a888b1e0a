"""Writing down who does what (U3): masked, cut, in the name of one actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mas.core.actors import Actor
from mas.core.audit import AuditAction, AuditNote

DETAIL_LIMIT = 500
"""Characters of a subject or detail that are kept."""


@dataclass(frozen=True, kw_only=True)
class Notes:
    """Makes the notes of one actor; `mask` takes secrets out of what was said."""

    actor: Actor
    mask: Callable[[str], str]

    def note(
        self, action: AuditAction, *, run_id: str | None = None, subject: str = "", detail: str = ""
    ) -> AuditNote:
        """What is written down about one deed."""
        return AuditNote(
            actor=self.actor.name,
            role=self.actor.role,
            origin=self.actor.origin,
            action=action,
            run_id=run_id,
            subject=self._shown(subject),
            detail=self._shown(detail),
        )

    def _shown(self, text: str) -> str:
        # Masked before it is cut: half a secret has no shape any more.
        masked = self.mask(text.encode("utf-8", "replace").decode("utf-8"))
        return masked if len(masked) <= DETAIL_LIMIT else f"{masked[: DETAIL_LIMIT - 1]}…"
