"""Google's Gemini API."""

from __future__ import annotations

import httpx2
from google.genai import Client
from google.genai.types import HttpOptions
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from mas.adapters.models.targets import Target


def to_model(target: Target, http: httpx2.AsyncClient) -> Model:
    """See `providers.to_model`."""
    seconds = http.timeout.read
    client = Client(
        vertexai=False,
        api_key=target.key,
        http_options=HttpOptions(
            base_url=target.base_url,
            httpx_async_client=http,
            # Without one the library waits for ever.
            timeout=None if seconds is None else int(seconds * 1000),
        ),
    )
    # It has made a client for calls that wait, which is never used.
    client.close()
    return GoogleModel(target.model, provider=GoogleProvider(client=client))
