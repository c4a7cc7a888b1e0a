"""Templates to HTML, with what every page needs around its own content.

A template is rendered in one language: its environment has `t`, `lang`, `static` and the filters of
`mas.web.formats` built in, so that macros have them too. `page` adds what belongs to the request:
`caller`, `theme`, `site`, `here`, `here_url`, `other_lang`, `waiting`, `health`, `now`, `version`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape
from starlette.datastructures import Headers

from mas import __version__
from mas.core.calls import offered_name
from mas.core.errors import MasError
from mas.core.language import Language, plain
from mas.http.caller import Caller
from mas.http.world import World
from mas.web import formats
from mas.web.health import UNKNOWN, health_of
from mas.web.page_site import site_of
from mas.web.views.effects import told_effect
from mas.web.views.statuses import run_look, task_look
from mas.web.wording import Wording, has_phrase

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
LANGUAGES: tuple[Language, ...] = ("en", "ko")
THEMES = ("system", "light", "dark")
_YEAR_SECONDS = 365 * 86_400


@cache
def static_url(name: str) -> str:
    """Address of a file of `static`, which changes with its content and is cached for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


class _Compiled(BytecodeCache):
    """Templates that are compiled already, for the environments of all languages."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """See jinja2."""
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """See jinja2."""
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def prepare() -> None:
    """Load the templates that people see first, so that no page has to wait for them."""
    for name in ("base.html", "start.html", "run.html"):
        environment("en").get_template(name)
    for name in environment("en").list_templates(filter_func=_is_part):
        environment("en").get_template(name)


def _is_part(name: str) -> bool:
    return name.startswith(("parts/", "run/"))


@cache
def environment(language: Language) -> Environment:
    """The templates in a language. What is put in is escaped; a name that is not there fails."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"t": Wording(language), "lang": language, "static": static_url}
    made.filters |= {
        "money": formats.money,
        "duration": partial(_duration, language),
        "number": formats.number,
        "size": formats.size,
        "when": partial(_when, language),
        "shorten": _shorten,
        "tool_name": offered_name,
        "commands": formats.commands,
        "effect": partial(_effect, language),
        "audit_action": partial(_audit_action, Wording(language)),
        "run_look": run_look,
        "task_look": task_look,
    }
    return made


def _duration(language: Language, value: Any) -> str:
    return formats.duration(value, language)


def _when(language: Language, value: Any, style: formats.Style = "minute") -> Markup:
    return formats.when(value, language, now=datetime.now(UTC), style=style)


def _shorten(text: str, limit: int) -> str:
    return plain(text, limit=limit)


def _effect(language: Language, text: str, limit: int = 1000) -> Markup:
    """What a call does or why it asks, marked where that is not in the reader's language."""
    said = told_effect(text, language, limit=limit)
    if said.language == language:
        return escape(said.text)
    return Markup('<span lang="{}">{}</span>').format(said.language, said.text)


def _audit_action(t: Wording, action: str) -> str:
    """What was done; an action that is new has no words yet and stands for itself."""
    key = f"audit.action.{action}"
    return t(key) if has_phrase(key) else action


def fragment(language: Language, template: str, /, **context: object) -> str:
    """A piece of a page: a template, or one macro of it as `parts/rows.html#row`.

    A macro is given the context as its arguments by name.
    """
    name, _, macro = template.partition("#")
    found = environment(language).get_template(name)
    if not macro:
        return found.render(**context)
    call = cast("Callable[..., object]", getattr(found.make_module(), macro))
    return str(call(**context))


def language_of(request: Request) -> Language:
    """The reader's language: the switch (`?lang=`, then its cookie), else the setting of the
    page, else what the browser prefers."""
    world = cast("World | None", getattr(request.app.state, "world", None))
    fixed = None if world is None else world.settings.page.language
    for chosen in (request.query_params.get("lang"), request.cookies.get("lang"), fixed):
        if chosen in LANGUAGES:
            return chosen
    return preferred_language(request.headers)


def preferred_language(headers: Headers) -> Language:
    """What the browser asks for; English where it wants neither."""
    wished: list[tuple[float, int, Language]] = []
    for place, one in enumerate(headers.get("accept-language", "").split(",")[:20]):
        code, _, weight = one.partition(";")
        found = code.strip().lower().partition("-")[0]
        if found in LANGUAGES:
            wished.append((-_weight(weight), place, found))
    return min(wished)[2] if wished else "en"


def _weight(told: str) -> float:
    try:
        return float(told.strip().removeprefix("q=") or 1)
    except ValueError:
        return 1.0


def theme_of(request: Request) -> str:
    """`light`, `dark` or `system`: the switch, `?theme=`, then its cookie."""
    for chosen in (request.query_params.get("theme"), request.cookies.get("theme")):
        if chosen in THEMES:
            return chosen
    return "system"


async def page(
    request: Request,
    template: str,
    *,
    here: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: object,
) -> HTMLResponse:
    """A whole page. `here` is the entry of the menu that it belongs to."""
    world = cast("World", request.app.state.world)
    language = language_of(request)
    html = (
        environment(language)
        .get_template(template)
        .render(
            theme=theme_of(request),
            other_lang="ko" if language == "en" else "en",
            here_url=_here_url(request),
            caller=known_caller(request),
            site=site_of(request.app, language),
            here=here,
            waiting=await _waiting(world, request),
            health=await health_of(request.app) if known_caller(request) else UNKNOWN,
            now=datetime.now(UTC),
            version=__version__,
            **context,
        )
    )
    answer = HTMLResponse(html, status, {"Cache-Control": "no-store", **(headers or {})})
    keep_choices(request, answer)
    return answer


def keep_choices(request: Request, answer: Response) -> None:
    """Remember a language or theme that the address names, in cookies that say nothing else."""
    for name, allowed in (("lang", LANGUAGES), ("theme", THEMES)):
        chosen = request.query_params.get(name)
        if chosen in allowed:
            set_choice(request, answer, name, str(chosen))


def set_choice(request: Request, answer: Response, name: str, value: str) -> None:
    """Set the cookie of a choice."""
    answer.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def known_caller(request: Request) -> Caller | None:
    """Who is calling; None where the guard has let nobody in, as on the page for logging in."""
    return cast("Caller | None", request.scope.get("state", {}).get("caller"))


def _here_url(request: Request) -> str:
    """The address of this page without a choice of language or theme in it, to come back to."""
    if request.method != "GET":
        return "/"
    query = parse_qsl(request.url.query, keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in query if name not in ("lang", "theme")])
    return quote(request.url.path) + (f"?{kept}" if kept else "")


async def _waiting(world: World, request: Request) -> int:
    """How many calls wait for a person; none where that cannot be told now."""
    if known_caller(request) is None:
        return 0
    try:
        return await world.service.count_waiting()
    except MasError:
        return 0
