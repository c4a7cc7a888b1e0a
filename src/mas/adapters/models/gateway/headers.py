"""Which headers travel: few, by name. Keys, tokens, cookies and account names never do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mas.adapters.models.targets import Target

Headers = Iterable[tuple[bytes, bytes]]

_UP: Final = frozenset(
    {"accept", "content-type", "user-agent", "idempotency-key", "x-app", "openai-beta"}
)
_UP_BEGINNINGS: Final = ("anthropic-", "x-stainless-", "x-claude-code-", "x-codex-")
_DOWN: Final = frozenset(
    {
        *("content-type", "content-encoding", "cache-control"),
        *("retry-after", "retry-after-ms", "x-should-retry", "request-id", "x-request-id"),
    }
)
_DOWN_BEGINNINGS: Final = ("anthropic-ratelimit-", "x-ratelimit-")


def decoded(headers: Headers) -> dict[str, str]:
    """Headers by their names in lower case; of several of a name the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def tokens_in(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Tokens that a client has sent, in the way of either protocol."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    found = (headers.get("x-api-key", ""), bearer if scheme.lower() == "bearer" else "")
    return tuple(one.strip() for one in found if one.strip())


def upwards(headers: Mapping[str, str], target: Target) -> list[tuple[str, str]]:
    """What is sent to the provider, with the key that is its own."""
    sent = [
        (name, value)
        for name, value in headers.items()
        if name in _UP or name.startswith(_UP_BEGINNINGS)
    ]
    # The stream is read on its way, and must not be packed.
    sent.append(("accept-encoding", "identity"))
    if target.key and target.wire == "anthropic":
        sent.append(("x-api-key", target.key))
    elif target.key:
        sent.append(("authorization", f"Bearer {target.key}"))
    if target.wire == "anthropic" and "anthropic-version" not in headers:
        sent.append(("anthropic-version", "2023-06-01"))
    return sent


def downwards(headers: Mapping[str, str]) -> dict[str, str]:
    """What an agent is told of an answer's headers."""
    return {
        name: value
        for name, value in headers.items()
        if name in _DOWN or name.startswith(_DOWN_BEGINNINGS)
    }
