"""OpenAI Chat Completions: OpenAI, Groq, Ollama, vLLM and any server that speaks it."""

from __future__ import annotations

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.ollama import OllamaProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.providers.vllm import VLLMProvider

from mas.adapters.models.providers import NO_KEY
from mas.adapters.models.targets import Target

_COMPATIBLE = OpenAIModelProfile(
    # The older name of the limit is the one that every such server knows.
    openai_chat_supports_max_completion_tokens=False,
    # They hold tokens to the schema, and the model itself would never see it.
    native_output_requires_schema_in_instructions=True,
)


def to_model(target: Target, http: httpx2.AsyncClient) -> Model:
    """See `providers.to_model`."""
    client = _client(target, http)
    if target.family == "openai":
        return OpenAIChatModel(target.model, provider=OpenAIProvider(openai_client=client))
    if target.family == "ollama":
        ollama = OllamaProvider(openai_client=client)
        return OpenAIChatModel(target.model, provider=ollama, profile=_COMPATIBLE)
    if target.family == "vllm":
        vllm = VLLMProvider(openai_client=client)
        return OpenAIChatModel(target.model, provider=vllm, profile=_COMPATIBLE)
    profile = _groq_profile if target.family == "groq" else _COMPATIBLE
    own = OpenAICompatibleProvider(target.provider, openai_client=client, profile=profile)
    return OpenAIChatModel(target.model, provider=own)


def _client(target: Target, http: httpx2.AsyncClient) -> AsyncOpenAI:
    client = AsyncOpenAI(
        api_key=target.key or NO_KEY, base_url=target.base_url, max_retries=0, http_client=http
    )
    # What the library found in OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_ADMIN_KEY and
    # OPENAI_CUSTOM_HEADERS; an argument of None would let it look.
    client.organization = None
    client.project = None
    client.admin_api_key = None
    client._custom_headers = {}
    return client


def _groq_profile(model: str) -> ModelProfile | None:
    return OpenAICompatibleProvider.model_profile(f"groq/{model}")
