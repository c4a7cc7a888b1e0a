"""Anthropic Messages, at Anthropic or at any server that speaks it."""

from __future__ import annotations

import httpx2
from anthropic import AsyncAnthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from mas.adapters.models.providers import NO_KEY
from mas.adapters.models.targets import Target


def to_model(target: Target, http: httpx2.AsyncClient) -> Model:
    """See `providers.to_model`."""
    client = AsyncAnthropic(
        api_key=target.key or NO_KEY, base_url=target.base_url, max_retries=0, http_client=http
    )
    # Headers of ANTHROPIC_CUSTOM_HEADERS; no argument keeps the library from adding them.
    client._custom_headers = {}
    return AnthropicModel(target.model, provider=AnthropicProvider(anthropic_client=client))
