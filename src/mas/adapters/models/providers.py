"""Which vendor's library serves a target; each loads only when a model of it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

import httpx2
from pydantic_ai.models import Model

from mas.adapters.models.targets import Target, Wire

NO_KEY = "none"
"""Sent to servers that want no key, because the libraries insist on one."""

_MODULES: dict[Wire, str] = {
    "anthropic": "mas.adapters.models.anthropic_client",
    "openai": "mas.adapters.models.openai_client",
    "google": "mas.adapters.models.google_client",
}


class _Library(Protocol):
    def to_model(self, target: Target, http: httpx2.AsyncClient) -> Model: ...


def to_model(target: Target, http: httpx2.AsyncClient) -> Model:
    """The library's model for a target. Nothing is sent; `http` stays the caller's to close.

    The first one of a vendor loads its library: seconds in which an event loop would stand still.
    That is for a thread.

    Everything that the libraries would take out of the process's environment is given to them,
    or taken away again: keys, addresses, organisations, headers, proxies.

    Raises:
        ImportError: The vendor's library is not installed.
    """
    return cast("_Library", import_module(_MODULES[target.wire])).to_model(target, http)
