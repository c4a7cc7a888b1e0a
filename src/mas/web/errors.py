"""Errors as pages, for whoever reads pages: what happened, what still works, what to do next.

Problems are made in one place for all callers (`mas.http.problems`, the guard). Here a problem that
is about to be sent to a browser becomes a page with the same status and headers.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mas.core.language import Language
from mas.http.problems import PROBLEM_JSON
from mas.web.accepts import prefers_page
from mas.web.rendering import language_of, page
from mas.web.views.faults import Told, told_of
from mas.web.wording import Wording

_LARGEST_PROBLEM = 200_000
_STATUS_WORDS = (401, 403, 404, 405, 408, 409, 413, 421, 422, 429, 500, 503)

_STEP_OF_CODE: Mapping[str, str] = {
    "csrf": "again",
    "cross_site": "again",
    "unknown_role": "agents",
    "no_checkpoint": "agents",
    "unknown_lesson": "knowledge",
}
_FOR_PROGRAMS = ("not_found", "wrong_method")
"""Codes whose hints name addresses that no person has a use for."""

_log = logging.getLogger(__name__)


class ErrorPages:
    """ASGI middleware around the whole application, the guard included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything pass but problems for browsers."""
        if scope["type"] != "http" or not wants_page(scope):
            await self._app(scope, receive, send)
            return
        # So that what the guard finds out is seen here, too.
        scope.setdefault("state", {})
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.take)
        finally:
            # A fault is answered first and raised then.
            if answer.problem is not None:
                made = await to_page(Request(scope), answer.status, answer.headers, answer.problem)
                await made(scope, receive, send)


class _Answer:
    """What an application sends: handed on at once, unless it is a problem."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._holds = False
        self._body = b""
        self.status = 500
        self.headers = Headers()
        self.problem: bytes | None = None

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = Headers(raw=message["headers"])
            if headers.get("content-type", "").startswith(PROBLEM_JSON):
                self._holds, self.status, self.headers = True, message["status"], headers
                return
        elif self._holds:
            self._body += message.get("body", b"")[:_LARGEST_PROBLEM]
            if not message.get("more_body", False):
                self.problem = self._body
            return
        await self._send(message)


def wants_page(scope: Scope) -> bool:
    """Whether a request is one of a browser for a page."""
    return not scope["path"].startswith(("/api/", "/static/")) and prefers_page(
        Headers(scope=scope)
    )


async def to_page(request: Request, status: int, headers: Headers, problem: bytes) -> Response:
    """The page of a problem; the problem itself where not even that can be made."""
    told = _read(problem)
    try:
        made: Response = await page(
            request,
            "error.html",
            status=status,
            title=error_title(status, language_of(request)),
            told=problem_in(told, language_of(request)),
            code=told["code"],
            problem_status=status,
            next_step=_next_step(status, told["code"]),
        )
    except Exception:  # noqa: BLE001 - the top of a face
        # The database may be gone, or a template broken: the reader still gets the sentence.
        _log.exception("the page of an error could not be made")
        made = Response(problem, status, media_type=PROBLEM_JSON)
    _take_over(headers, made)
    return made


def _take_over(headers: Headers, made: Response) -> None:
    """Keep what the answer said beside its body: cookies, times to wait, protection."""
    own = {name.lower() for name, _ in made.raw_headers if name.lower() != b"set-cookie"}
    made.raw_headers = [
        *made.raw_headers,
        *((name, value) for name, value in headers.raw if name.lower() not in own),
    ]


def _read(problem: bytes) -> dict[str, str]:
    try:
        told = json.loads(problem)
    except ValueError:
        told = {}
    return {name: str(told.get(name) or "") for name in ("detail", "code", "hint")}


def error_title(status: int, language: Language) -> str:
    """What has happened, in few words."""
    known = status if status in _STATUS_WORDS else 500 if status >= 500 else 422
    return Wording(language)(f"error.title.{known}")


def problem_in(problem: Mapping[str, str], language: Language) -> Told:
    """What is said to people, without hints that no person has a use for."""
    code = problem["code"]
    said = told_of(code=code, message=problem["detail"], hint=problem["hint"], reader=language)
    unfit = code in _FOR_PROGRAMS and said.hint_language == "en"
    return replace(said, hint="") if unfit else said


def _next_step(status: int, code: str) -> str:
    """The key of what to do next (`error.step.KEY`)."""
    if code in _STEP_OF_CODE:
        return _STEP_OF_CODE[code]
    by_status = {401: "login", 403: "role", 404: "runs", 409: "back", 429: "wait"}
    return by_status.get(status, "doctor" if status >= 500 else "back")
