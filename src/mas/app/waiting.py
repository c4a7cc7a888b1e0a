"""The calls of all runs that wait for a person, in pages."""

from __future__ import annotations

from dataclasses import dataclass

from mas.app.looking import Looking
from mas.core.approvals import Approval, Place

CURSOR = r"^\d{1,18}-[A-Za-z0-9_-]{1,100}-[A-Za-z0-9_]{1,40}$"
"""`next` of a page: the place of its last call."""


@dataclass(frozen=True, kw_only=True)
class WaitingPage:
    """Calls that wait, the oldest first. `next` is `after` of the page that follows; None: none
    does."""

    approvals: tuple[Approval, ...]
    next: str | None


async def waiting_page(service: Looking, *, after: str | None = None, limit: int) -> WaitingPage:
    """The oldest calls that wait, or those behind the page with `next` as `after`.

    A call that is answered meanwhile moves no other to another page: the cursor is a place in the
    order, whether or not a call still stands there.
    """
    # One more than wanted tells whether there is another page.
    found = await service.waiting(limit=limit + 1, after=None if after is None else _place(after))
    shown = found[:limit]
    more = len(found) > limit
    return WaitingPage(approvals=shown, next="-".join(map(str, shown[-1].place)) if more else None)


def _place(cursor: str) -> Place:
    asked_us, _, rest = cursor.partition("-")
    run_id, _, approval = rest.rpartition("-")
    return int(asked_us), run_id, approval
