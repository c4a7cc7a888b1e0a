"""What a person can set about models; where it comes from is the business of `app.settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import msgspec

Protocol = Literal["anthropic", "openai"]
Typed = Literal["native", "tool", "prompt"]
"""How a model is made to answer in JSON: by the provider's schema support, by a tool that it has
to call, or by being asked for it."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server of one's own that speaks a known protocol; its name is the provider in names."""

    protocol: Protocol
    base_url: str
    key_env: str = ""
    """The variable that holds its key; empty: it wants none."""
    typed: Typed | None = None
    """None: what suits the model, and the next best where the server refuses it."""


class Price(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Dollars per million tokens. Tokens read from or written to a cache count as input where
    nothing else is said."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Which models there are, and for whom. All names are `provider:model`."""

    default: str | None = None
    """None: roles without a model of their own have none, and rules decide."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """By role; a hyphen and an underscore are the same."""
    fallbacks: tuple[str, ...] = ()
    """Asked in turn when the first choice fails."""
    fallbacks_by_role: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """In place of `fallbacks`."""
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    prices: Mapping[str, Price] = field(default_factory=dict)
    """By `provider:model`; they go before the price list that comes with MAS."""
    typed: Mapping[str, Typed] = field(default_factory=dict)
    """By `provider:model`; goes before the endpoint's."""
    timeout: timedelta = timedelta(seconds=120)
    """For one call to one model, its retries and the pauses between them included."""
    tries: int = 4
    """Calls to one model, before its fall-back is asked."""
    longest_pause: timedelta = timedelta(seconds=60)
    """A provider that wants a longer one is given up for this call."""
