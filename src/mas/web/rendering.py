"""Templates to HTML, with what every page needs around its own content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mas.core.language import Language
from mas.http.caller import caller_of
from mas.http.world import World
from mas.web.wording import Wording

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@cache
def environment() -> Environment:
    """The templates. Everything that is put in is escaped; a name that is not there is an error."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static_url(name: str) -> str:
    """Address of a file of `static`, which changes with its content and is cached for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def language_of(request: Request) -> Language:
    """The reader's language: the switch (cookie `lang`), else what the browser prefers."""
    chosen = request.cookies.get("lang")
    if chosen in ("en", "ko"):
        return cast("Language", chosen)
    wished = request.headers.get("accept-language", "")
    for one in wished.split(","):
        code = one.partition(";")[0].strip().lower().partition("-")[0]
        if code in ("en", "ko"):
            return cast("Language", code)
    return "en"


async def page(
    request: Request, template: str, *, here: str = "", status: int = 200, **context: object
) -> HTMLResponse:
    """A whole page. `here` is the entry of the menu that it belongs to."""
    world = cast("World", request.app.state.world)
    language = language_of(request)
    theme = request.cookies.get("theme", "system")
    html = environment().get_template(template).render(
        t=Wording(language),
        lang=language,
        theme=theme if theme in ("light", "dark") else "system",
        caller=caller_of(request),
        site=_SITE,
        here=here,
        waiting=await _waiting(world),
        static=static_url,
        **context,
    )
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})


async def _waiting(_: World) -> int:
    return 0


_SITE = {"name": "MAS"}
