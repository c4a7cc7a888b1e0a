"""Reading the forms of the pages. That a form is ours was proven before (`mas.http.guard`)."""

from __future__ import annotations

import hashlib
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


def submission(*parts: str) -> str:
    """An idempotency key that is the same for the same form sent twice, and another for every
    other: one of its fields is a key that each showing of the page has of its own."""
    told = "\0".join(parts).encode("utf-8", "replace")
    return "page-" + hashlib.sha256(told).hexdigest()


def see(address: str) -> RedirectResponse:
    """Go on to a page after a form has done its work, so that a reload does not do it again."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
