"""Everything about a run that its page shows, read at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mas.app.fanout import MergedWork
from mas.app.service import RunDetail, Service
from mas.core.audit import AuditEntry

_AUDITED = 500
"""Newest entries about a run that are looked through for who has answered."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A run with who has answered its calls, and when it was looked at."""

    detail: RunDetail
    audit: tuple[AuditEntry, ...]
    now: datetime
    merges: tuple[MergedWork, ...] = ()


async def look_at(service: Service, run_id: str) -> Sight:
    """Read a run.

    Raises:
        UserError: There is none (`unknown_run`).
    """
    detail = await service.detail(run_id)
    answered = any(one.state in ("approved", "rejected") for one in detail.approvals)
    audit = await service.audit(run_id=run_id, limit=_AUDITED) if answered else ()
    run = detail.run
    merges = await service.merges(run) if run.team == "fanout" and run.status.ended else ()
    return Sight(detail=detail, audit=audit, now=datetime.now(UTC), merges=merges)
