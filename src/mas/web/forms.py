"""Reading the forms of the pages. That a form is ours was proven before (`mas.http.guard`)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.responses import RedirectResponse

MOST_FIELDS = 100


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, the last of a name; nothing where it has too many."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return {}


def see(address: str) -> RedirectResponse:
    """Go on to a page after a form has done its work, so that a reload does not do it again."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
