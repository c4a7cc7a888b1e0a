"""`mas audit`: who has done what, when, and from where."""

from __future__ import annotations

import sys

from mas.app.service import open_service
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json_line, print_table
from mas.core.audit import AuditEntry
from mas.core.language import plain

_PAGE = 500


async def show_audit(settings: Settings, *, run: str | None, limit: int, as_json: bool) -> int:
    """The newest entries, the oldest of them first; with `as_json` one object a line."""
    entries: list[AuditEntry] = []
    async with open_service(settings) as service:
        run_id = None if run is None else await service.find(run)
        while len(entries) < limit:
            page = await service.audit(
                before=entries[-1].number if entries else None,
                limit=min(_PAGE, limit - len(entries)),
                run_id=run_id,
            )
            if not page:
                break
            entries += page
    entries.reverse()
    if as_json:
        for entry in entries:
            print_json_line(entry)
        return exits.DONE
    if not entries:
        print("mas: Nobody has done anything yet.", file=sys.stderr)
        return exits.DONE
    print_table(
        ("#", "WHEN (UTC)", "WHO", "FROM", "WHAT", "RUN", "TO", "DETAIL"),
        (
            (
                str(entry.number),
                f"{entry.at:%Y-%m-%d %H:%M:%S}",
                f"{plain(entry.actor, limit=40)} ({entry.role})",
                plain(entry.origin, limit=60),
                entry.action,
                entry.run_id or "-",
                plain(entry.subject, limit=40) or "-",
                plain(entry.detail, limit=60),
            )
            for entry in entries
        ),
    )
    return exits.DONE
