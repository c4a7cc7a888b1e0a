"""Errors as problem documents (RFC 9457): one table from the error tree to HTTP statuses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from math import ceil
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match

from mas.core.errors import BudgetReached, MasError, Refused, Transient, UserError
from mas.core.language import plain

PROBLEM_JSON = "application/problem+json"
_LONGEST = 1000
"""Characters of a sentence that a problem repeats."""
_MOST_PLACES = 20
_log = logging.getLogger(__name__)

_ABSENT = (
    "not_found no_report unknown_agent unknown_approval unknown_lesson unknown_record unknown_role "
    "unknown_run unknown_step unknown_task unknown_tool"
).split()
_CLASHES = (
    "ambiguous_run approval_closed branch_exists branch_moved cannot_fork id_taken "
    "idempotency_conflict no_answer no_branches no_checkpoint no_ranking no_run_repository "
    "nobody_listens nothing_to_deliver_to nothing_to_retry nothing_waits run_cancelled run_ended "
    "several_wait still_working"
).split()
"""The request is right, but not as things stand."""

_BY_CODE: Mapping[str, HTTPStatus] = {
    **dict.fromkeys(_ABSENT, HTTPStatus.NOT_FOUND),
    **dict.fromkeys(_CLASHES, HTTPStatus.CONFLICT),
    "budget_used_up": HTTPStatus.PAYMENT_REQUIRED,
    "forbidden": HTTPStatus.FORBIDDEN,
    "bad_json": HTTPStatus.BAD_REQUEST,
    "bad_path": HTTPStatus.BAD_REQUEST,
    "no_token": HTTPStatus.UNAUTHORIZED,
    "wrong_token": HTTPStatus.UNAUTHORIZED,
    "csrf": HTTPStatus.FORBIDDEN,
    "cross_site": HTTPStatus.FORBIDDEN,
    "wrong_method": HTTPStatus.METHOD_NOT_ALLOWED,
    "slow_body": HTTPStatus.REQUEST_TIMEOUT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "not_json": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "wrong_host": HTTPStatus.MISDIRECTED_REQUEST,
    "open_behind_proxy": HTTPStatus.FORBIDDEN,
}

_SERVER_LACKS = frozenset(
    {"no_docker", "no_image", "no_isolation", "no_cluster", "no_home", "no_program"}
    | {"no_model", "model_setting", "model_key", "missing_extra", "bad_setting"}
)
"""Errors of a person who is not the client: whoever runs the server can mend them."""

_BY_BRANCH: tuple[tuple[type[MasError], HTTPStatus], ...] = (
    (BudgetReached, HTTPStatus.PAYMENT_REQUIRED),
    (Refused, HTTPStatus.FORBIDDEN),
    (Transient, HTTPStatus.SERVICE_UNAVAILABLE),
    (UserError, HTTPStatus.UNPROCESSABLE_ENTITY),
)


class Place(BaseModel):
    """What is wrong with one value of a request."""

    place: str
    detail: str


class Problem(BaseModel):
    """What went wrong and what to do about it; every error has this shape."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    errors: list[Place] | None = None
    """Of a request that does not fit: each value, with what is wrong."""


_IN_BODY = "in_body"

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, and what to do about it.",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""For the `responses` of every route."""


def status_of(error: MasError) -> HTTPStatus:
    """The HTTP status for an error of the tree."""
    if error.code == "too_many_attempts":
        return HTTPStatus.TOO_MANY_REQUESTS
    if isinstance(error, UserError):
        if _IN_BODY in error.details and (error.code in _ABSENT or error.code == "model_setting"):
            return HTTPStatus.UNPROCESSABLE_ENTITY
        if error.code in _BY_CODE:
            return _BY_CODE[error.code]
        if error.code in _SERVER_LACKS or error.code.startswith("store_"):
            return HTTPStatus.SERVICE_UNAVAILABLE
    found = (status for branch, status in _BY_BRANCH if isinstance(error, branch))
    return next(found, HTTPStatus.INTERNAL_SERVER_ERROR)


@contextmanager
def of_body(*, model: str | None = None) -> Iterator[None]:
    """What a body names and is not there makes the body unfit: the address is right, and with a
    `model` in the body it is not the server's setting that is wrong."""
    try:
        yield
    except MasError as error:
        if error.code == "model_setting" and model is None:
            raise
        error.details[_IN_BODY] = "yes"
        raise


def problem(error: MasError, *, errors: Sequence[Place] = ()) -> Response:
    """The answer for an error."""
    status = status_of(error)
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, Transient) and error.retry_after is not None:
        headers["Retry-After"] = str(max(ceil(error.retry_after.total_seconds()), 1))
    elif isinstance(error, Transient):
        headers["Retry-After"] = "5"
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    shown: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": plain(error.message, limit=_LONGEST),
        "code": error.code,
        "hint": plain(error.hint, limit=_LONGEST),
    }
    if errors:
        shown["errors"] = [one.model_dump() for one in errors]
    # ASCII: what a client has sent may hold half a character, which UTF-8 cannot say.
    body = json.dumps(shown, ensure_ascii=True).encode("ascii")
    return Response(body, status.value, headers, PROBLEM_JSON)


def install(app: FastAPI) -> None:
    """Make every error of an app a problem document."""
    app.add_exception_handler(MasError, _on_mas_error)
    app.add_exception_handler(RequestValidationError, _on_unfit)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_anything)


async def _on_mas_error(_: Request, exc: Exception) -> Response:
    error = cast("MasError", exc)  # registered for nothing else
    if status_of(error) is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("a request failed: %s", error.message, exc_info=error)
    return problem(error)


async def _on_unfit(_: Request, exc: Exception) -> Response:
    found = cast("RequestValidationError", exc).errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(bad_json())
    places = list(_places(found))
    first = f" {places[0].place}: {places[0].detail}." if places else ""
    error = UserError(
        f"The request does not fit.{first}",
        hint="Send what /openapi.json describes.",
        code="request_unfit",
    )
    return problem(error, errors=places)


def _places(found: Iterable[Mapping[str, Any]]) -> Iterable[Place]:
    """Place and reason of each error; never the value, which may be long or no text."""
    for one in list(found)[:_MOST_PLACES]:
        steps = [str(step) for step in one["loc"] if step != "body"]
        yield Place(
            place=plain(".".join(steps) or "body", limit=100),
            detail=plain(str(one["msg"]).removeprefix("Value error, "), limit=300).rstrip("."),
        )


async def _on_http(request: Request, exc: Exception) -> Response:
    """What the framework itself refuses."""
    refused = cast("HTTPException", exc)
    if refused.status_code == HTTPStatus.NOT_FOUND:
        return problem(not_found("There is nothing at this address."))
    if refused.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_allowed(request))
        answer = problem(
            UserError(
                f"{request.method} is not possible at this address.",
                hint=f"Possible is: {allowed}." if allowed else "See /openapi.json.",
                code="wrong_method",
            )
        )
        if allowed:
            answer.headers["Allow"] = allowed
        return answer
    if refused.status_code == HTTPStatus.BAD_REQUEST:
        return problem(bad_json())
    return problem(UserError("The request cannot be used.", hint="See /openapi.json."))


def _allowed(request: Request) -> list[str]:
    """The methods that an address has: each may be a route of its own."""
    routes = request.app.router.routes
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]


async def _on_anything(_: Request, _exc: Exception) -> Response:
    return problem(
        MasError(
            "Something went wrong that should not.",
            hint="The log of the server has the details; please report them.",
            code="bug",
        )
    )


def bad_json() -> UserError:
    """The error for a body that is no JSON."""
    return UserError(
        "The body is not valid JSON.",
        hint='Send a JSON object in UTF-8, such as {"prompt": "...", "agent_count": 3}.',
        code="bad_json",
    )


def not_found(message: str, hint: str = "GET /openapi.json lists all addresses.") -> UserError:
    """The error for what is not there, or not for anybody to see."""
    return UserError(message, hint=hint, code="not_found")
