"""`/login`: a token for a session; `/logout`: the end of it. Both work without script."""

from __future__ import annotations

from math import ceil
from typing import cast
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mas.core.access_tokens import TOKEN_PREFIX
from mas.core.errors import Transient, UserError
from mas.http.access.door import Door, Visit
from mas.http.access.incoming import local_path
from mas.web.rendering import page

router = APIRouter(include_in_schema=False)

_MOST_FIELDS = 20


@router.get("/login", response_class=HTMLResponse)
async def form(request: Request) -> Response:
    """Ask for a token, of whoever has not logged in."""
    wanted = local_path(request.query_params.get("next", "/"))
    if _visit(request).proof != "nobody":
        return RedirectResponse(wanted, 303)
    return await _page(request, wanted)


@router.post("/login", response_class=HTMLResponse)
async def log_in(request: Request) -> Response:
    """Start a session and go on to where somebody wanted to go; say beside the field why not."""
    fields = await _fields(request)
    wanted = local_path(fields.get("next", "/"))
    door = _door(request)
    if door.access.is_open:
        return RedirectResponse(wanted, 303)
    given = fields.get("token", "").strip()
    if not given:
        return await _page(request, wanted, error="login.error.empty", status=422)
    try:
        cookie = await door.log_in(_visit(request), given)
    except UserError:
        answer = await _page(request, wanted, error="login.error.wrong", status=401)
        # Programs have to say who they are in this way; browsers ask for nothing.
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    except Transient as error:
        if error.code != "too_many_attempts" or error.retry_after is None:
            raise
        seconds = max(ceil(error.retry_after.total_seconds()), 1)
        answer = await _page(request, wanted, error="login.error.wait", status=429, seconds=seconds)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    return RedirectResponse(wanted, 303, {"Set-Cookie": cookie})


@router.post("/logout")
async def log_out(request: Request) -> Response:
    """End the session."""
    door = _door(request)
    cookie = await door.log_out(_visit(request))
    wanted = "/" if door.access.is_open else "/login"
    return RedirectResponse(wanted, 303, {"Set-Cookie": cookie})


async def _page(
    request: Request, wanted: str, *, error: str = "", status: int = 200, seconds: int = 0
) -> HTMLResponse:
    return await page(
        request,
        "login.html",
        status=status,
        next=wanted,
        error=error,
        seconds=seconds,
        csrf=_visit(request).csrf,
        prefix=TOKEN_PREFIX,
    )


async def _fields(request: Request) -> dict[str, str]:
    """What the form says; nothing where it says too much."""
    body = (await request.body()).decode("utf-8", "replace")
    try:
        return dict(parse_qsl(body, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _visit(request: Request) -> Visit:
    return cast("Visit", request.scope["state"]["visit"])


def _door(request: Request) -> Door:
    return cast("Door", request.app.state.door)
