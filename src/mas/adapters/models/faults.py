"""What the library raises, as errors of MAS: what happened, and what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import httpx2
from pydantic_ai import exceptions as library

from mas.adapters.models.targets import Target
from mas.core.errors import MasError, Permanent, Transient, UserError
from mas.core.masking import Masker

RAISED = (
    library.AgentRunError,
    library.UserError,
    httpx2.HTTPError,
    # An answer of an unexpected form ends in one of these inside the library.
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
    AssertionError,
)
"""All that a call may raise, and that is nobody's mistake in MAS."""

_BAD_CALL = "tool_use_failed"
"""Groq's code for a call that its model has written so badly that nobody could read it."""
_TOLD = 300
"""Characters of the provider's own words."""
_FORM = re.compile(
    r"response_format|json|output_config|output_format|structured|schema|grammar|guided"
    r"|tool|function",
    re.IGNORECASE,
)
_TOOLS = re.compile(r"not support[^.]*(tool|function)|(tool|function)[^.]*not support", re.I)


def refuses_form(error: BaseException) -> bool:
    """Whether the server, or the library in its name, refuses the way in which typed output or
    tools were asked for; another way may do."""
    if isinstance(error, library.UserError):
        return True
    special = (
        library.ModelAuthenticationError,
        library.ModelNotFoundError,
        library.ModelContextWindowExceededError,
    )
    if not isinstance(error, library.ModelRequestRejectedError) or isinstance(error, special):
        return False
    if error.provider_error_code == _BAD_CALL:
        return False
    return _FORM.search(_words(error)) is not None


def to_error(error: BaseException, target: Target) -> MasError:
    """The error of MAS; the caller chains it."""
    told = Masker([target.key] if target.key else []).mask(_words(error))[:_TOLD]
    said = f" It says: {told.rstrip('.')}." if told else ""
    name = target.name
    if isinstance(error, library.ModelAPIError):
        return _of_provider(error, target, said)
    if isinstance(error, library.ContentFilterError):
        return Permanent(
            f"{name} refuses to answer.{said}",
            hint="Put the request differently, or choose another model.",
            code="model_refused",
        )
    if isinstance(error, httpx2.TimeoutException):
        return _late(name)
    if isinstance(error, httpx2.HTTPError):
        return _unreachable(target, said)
    if isinstance(error, library.UserError):
        return UserError(
            f"{name} cannot be asked in this way.{said}",
            hint="Choose another model, or set models.typed for it.",
            code="model_setting",
        )
    return nonsense(name, said)


def nonsense(name: str, said: str = "") -> Permanent:
    """The answer is none that could be read."""
    return Permanent(
        f"The answer of {name} cannot be read.{said}",
        hint="Look whether its address leads to a model's server, or choose another model.",
        code="model_nonsense",
    )


def _of_provider(error: library.ModelAPIError, target: Target, said: str) -> MasError:
    name = target.name
    if error.provider_error_code == _BAD_CALL:
        return nonsense(name, said)
    match error:
        case library.ModelAuthenticationError():
            return _key_refused(target, said)
        case library.ModelNotFoundError():
            return _unknown(error, target, said)
        case library.ModelContextWindowExceededError():
            return _too_large(name, said)
        case library.ModelHTTPError(status_code=413):
            return _too_large(name, said)
        case library.ModelQuotaExceededError():
            return UserError(
                f"The account behind {name} has nothing left to spend.{said}",
                hint="Add credit or raise its limit, or choose another model.",
                code="model_quota",
            )
        case library.ModelRateLimitError() | library.ModelUnavailableError():
            return _overloaded(error, name, said)
        case library.ModelTimeoutError() | library.ModelRequestTimeout():
            return _late(name)
        case library.ModelConnectionError() | library.ModelServerError():
            return _unreachable(target, said, _wanted(error))
        case library.ModelRequestRejectedError():
            return _rejected(name, said)
    if isinstance(error, library.ModelHTTPError):
        return _rejected(name, said)
    return nonsense(name, said)


def _key_refused(target: Target, said: str) -> UserError:
    if not target.key_name:
        return UserError(
            f"The server of {target.name} wants a key.{said}",
            hint="Set key_env for its endpoint, or the variable of its provider.",
            code="model_key",
        )
    return UserError(
        f"The key in {target.key_name} is refused for {target.name}.{said}",
        hint=f"Set {target.key_name} to a key that may use this model.",
        code="model_key",
    )


def _unknown(error: library.ModelNotFoundError, target: Target, said: str) -> UserError:
    suggested = getattr(error, "suggested_model_id", None)
    hint = f"Did you mean {suggested}? " if suggested else ""
    if target.family == "ollama":
        hint = f"Fetch it with: ollama pull {target.model}. "
    return UserError(
        f"{target.name} is not known at {target.base_url}.{said}",
        hint=f"{hint}Look at the name and at the address.",
        code="model_unknown",
    )


def _too_large(name: str, said: str) -> UserError:
    return UserError(
        f"The request is too large for {name}.{said}",
        hint="Choose a model with a larger context, or ask for less at once.",
        code="model_too_large",
    )


def _rejected(name: str, said: str) -> MasError:
    if _TOOLS.search(said):
        return UserError(
            f"{name} takes no tools.{said}",
            hint=f'Set typed."{name}" = "prompt" under [models] in mas.toml, or choose another.',
            code="model_setting",
        )
    return Permanent(
        f"{name} rejects the request.{said}",
        hint="Choose another model, or report what it says.",
        code="model_rejected",
    )


def _overloaded(error: library.ModelAPIError, name: str, said: str) -> Transient:
    return Transient(
        f"{name} is overloaded or limits its calls.{said}",
        hint="Wait a while, set models.fallbacks, or run fewer tasks at once (limits.slots).",
        code="model_overloaded",
        retry_after=_wanted(error),
    )


def _unreachable(target: Target, said: str, wanted: timedelta | None = None) -> Transient:
    start = " Is it started?" if target.free else ""
    return Transient(
        f"{target.name} cannot be reached at {target.base_url}, or fails there.{said}",
        hint=f"Look at the network and the address, or set models.fallbacks.{start}",
        code="model_unreachable",
        retry_after=wanted,
    )


def _late(name: str) -> Transient:
    return Transient(
        f"{name} does not answer in time.",
        hint="Try again, set models.timeout_seconds higher, or set models.fallbacks.",
        code="model_timeout",
    )


def _wanted(error: library.ModelAPIError) -> timedelta | None:
    """The pause that the provider asks for: `retry-after-ms`, or `retry-after` as seconds or as
    a date."""
    if error.retry_after is None:
        return None
    # Bounded: a number of any size would not fit into a duration.
    return timedelta(seconds=min(max(error.retry_after, 0.0), 86_400.0))


def _words(error: BaseException) -> str:
    """What the provider says for itself, in one line."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    words = inner.get("message") if isinstance(inner, Mapping) else inner
    if not isinstance(words, str):
        words = getattr(error, "message", None) or str(error)
    return " ".join(str(words).split())
