"""What the gateway knows of both protocols: paths, errors, and the list of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from mas.core.coding import Wire
from mas.core.values import JsonObject

Kind = Literal["messages", "chat", "responses", "count"]
"""What a model is asked for; `count` asks for a number of tokens and costs nothing."""

_CALLS: Final[Mapping[str, tuple[Wire, Kind, str]]] = {
    "/v1/messages": ("anthropic", "messages", "/v1/messages"),
    "/v1/messages/count_tokens": ("anthropic", "count", "/v1/messages/count_tokens"),
    # The base of this protocol carries the version.
    "/v1/chat/completions": ("openai", "chat", "/chat/completions"),
    "/v1/responses": ("openai", "responses", "/responses"),
}
_MODELS: Final = "/v1/models"
_ANTHROPIC_ERRORS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
_OPENAI_CODES: Final = {401: "invalid_api_key", 404: "not_found"}
_EPOCH: Final = "2026-01-01T00:00:00Z"
_EPOCH_SECONDS: Final = 1_767_225_600


@dataclass(frozen=True, kw_only=True)
class CallRoute:
    """A path at which a model is asked."""

    wire: Wire
    kind: Kind
    upstream: str
    """What follows the provider's base URL."""


@dataclass(frozen=True, kw_only=True)
class ModelsRoute:
    """The list of models, or one of them."""

    name: str
    """Empty: all of them."""


def route_of(method: str, path: str) -> CallRoute | ModelsRoute | None:
    """What is served at a path; None: nothing."""
    if method == "POST" and path in _CALLS:
        wire, kind, upstream = _CALLS[path]
        return CallRoute(wire=wire, kind=kind, upstream=upstream)
    if method == "GET" and (path == _MODELS or path.startswith(_MODELS + "/")):
        return ModelsRoute(name=path[len(_MODELS) :].strip("/"))
    return None


def wire_of(path: str, headers: Mapping[str, str]) -> Wire:
    """The protocol that someone talks who has not been let in."""
    if path.startswith("/v1/messages") or "anthropic-version" in headers:
        return "anthropic"
    return "openai"


def base_url(wire: Wire, host: str, port: int) -> str:
    """Where a client of this protocol finds the gateway."""
    version = "" if wire == "anthropic" else "/v1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{version}"


def error_body(wire: Wire, status: int, message: str, *, code: str = "") -> JsonObject:
    """An error as a client of this protocol reads it."""
    if wire == "anthropic":
        fallback = "api_error" if status >= 500 else "invalid_request_error"
        kind = _ANTHROPIC_ERRORS.get(status, fallback)
        return {"type": "error", "error": {"type": kind, "message": message}}
    kind = "server_error" if status >= 500 else "invalid_request_error"
    found = code or _OPENAI_CODES.get(status)
    return {"error": {"message": message, "type": kind, "param": None, "code": found}}


def model_body(wire: Wire, model: str) -> JsonObject:
    """The one model that there is."""
    if wire == "anthropic":
        return {"id": model, "type": "model", "display_name": model, "created_at": _EPOCH}
    return {"id": model, "object": "model", "created": _EPOCH_SECONDS, "owned_by": "mas"}


def models_body(wire: Wire, model: str) -> JsonObject:
    """The list of it."""
    one = model_body(wire, model)
    if wire == "anthropic":
        return {"data": [one], "has_more": False, "first_id": model, "last_id": model}
    return {"object": "list", "data": [one]}
