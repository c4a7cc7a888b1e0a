"""Names of models: which server they mean, with which key (A5, P5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mas.adapters.clock import SystemClock
from mas.adapters.models.registry import ConfiguredModels
from mas.adapters.models.settings import Endpoint, ModelSettings
from mas.adapters.models.targets import SHORT_NAMES, chosen_name, to_target
from mas.core.errors import UserError

KEYS = {
    "ANTHROPIC_API_KEY": "a-key",
    "OPENAI_API_KEY": "o-key",
    "GOOGLE_API_KEY": "g-key",
    "GROQ_API_KEY": "q-key",
    "MINE_KEY": "m-key",
}
MINE = Endpoint(protocol="openai", base_url="https://models.example.org", key_env="MINE_KEY")
SETTINGS = ModelSettings(endpoints={"mine": MINE})


@pytest.mark.parametrize(
    ("name", "full", "base_url", "key"),
    [
        ("anthropic:claude-x", "anthropic:claude-x", "https://api.anthropic.com", "a-key"),
        ("claude-x", "anthropic:claude-x", "https://api.anthropic.com", "a-key"),
        ("sonnet", SHORT_NAMES["sonnet"], "https://api.anthropic.com", "a-key"),
        ("gpt-5", "openai:gpt-5", "https://api.openai.com/v1", "o-key"),
        ("gemini-x", "google:gemini-x", "https://generativelanguage.googleapis.com", "g-key"),
        ("groq:llama-3.3", "groq:llama-3.3", "https://api.groq.com/openai/v1", "q-key"),
        ("ollama:qwen3:8b", "ollama:qwen3:8b", "http://127.0.0.1:11434/v1", ""),
        ("mine:org/model", "mine:org/model", "https://models.example.org/v1", "m-key"),
    ],
)
def test_a5_a_name_means_one_model_on_one_server(
    name: str, full: str, base_url: str, key: str
) -> None:
    target = to_target(name, SETTINGS, KEYS)
    assert (target.name, target.base_url, target.key) == (full, base_url, key)
    assert key == "" or key not in repr(target)


@pytest.mark.parametrize(
    ("variable", "address", "name", "base_url"),
    [
        ("OLLAMA_HOST", "0.0.0.0", "ollama:m", "http://127.0.0.1:11434/v1"),
        ("OLLAMA_HOST", "gpu:9000", "ollama:m", "http://gpu:9000/v1"),
        ("OLLAMA_HOST", "https://gpu.example.org", "ollama:m", "https://gpu.example.org/v1"),
        ("OLLAMA_HOST", "[::1]:11434", "ollama:m", "http://[::1]:11434/v1"),
        ("VLLM_API_URL", "http://gpu:8000", "vllm:m", "http://gpu:8000/v1"),
        ("VLLM_API_URL", "http://gpu:8000/v1/", "vllm:m", "http://gpu:8000/v1"),
        ("ANTHROPIC_BASE_URL", "http://gate:8080/v1", "claude-x", "http://gate:8080"),
        ("OPENAI_BASE_URL", "http://gate:8080/openai/v1", "gpt-x", "http://gate:8080/openai/v1"),
    ],
)
def test_p5_an_address_is_taken_as_people_write_it(
    variable: str, address: str, name: str, base_url: str
) -> None:
    assert to_target(name, SETTINGS, {**KEYS, variable: address}).base_url == base_url


@pytest.mark.parametrize(
    ("name", "environment", "told"),
    [
        ("anthropic:claude-x", {}, "ANTHROPIC_API_KEY is not set"),
        ("google:gemini-x", {}, "GOOGLE_API_KEY is not set"),
        ("mine:x", {}, "MINE_KEY is not set"),
        ("vllm:x", {}, "VLLM_API_URL is not set"),
        ("nobody:x", KEYS, "is no name of a model"),
        ("anthropic:", KEYS, "is no name of a model"),
        ("llama-3", KEYS, "is no name of a model"),
        ("openai:a b", KEYS, "is no name of a model"),
        ("gpt-x", {"OPENAI_API_KEY": "two\nlines-secret"}, "no key has"),
        ("gpt-x", {"OPENAI_API_KEY": "비밀열쇠-secret"}, "no key has"),
        ("gpt-x", {**KEYS, "OPENAI_BASE_URL": "ftp://x"}, "OPENAI_BASE_URL"),
        ("gpt-x", {**KEYS, "OPENAI_BASE_URL": "https://u:secret@h"}, "OPENAI_BASE_URL"),
        ("gpt-x", {**KEYS, "OPENAI_BASE_URL": "http://h:99999"}, "OPENAI_BASE_URL"),
        ("ollama:x", {"OLLAMA_HOST": "h:notaport"}, "OLLAMA_HOST"),
    ],
)
def test_a5_what_cannot_be_used_is_told_with_its_variable_and_without_secrets(
    name: str, environment: dict[str, str], told: str
) -> None:
    with pytest.raises(UserError) as caught:
        to_target(name, SETTINGS, environment)
    assert caught.value.code == "model_setting"
    assert told in caught.value.message
    assert caught.value.hint
    assert "secret" not in str(caught.value)


def test_a5_a_wish_goes_before_the_role_and_the_role_before_the_default() -> None:
    settings = ModelSettings(default="gpt-d", roles={"test-er": "gpt-r"})
    chosen: Callable[..., Any] = lambda role, wanted: chosen_name(  # noqa: E731
        settings, KEYS, role=role, wanted=wanted
    )
    assert chosen("planner", None) == "gpt-d"
    assert chosen("test_er", None) == "gpt-r"
    assert chosen("test-er", "gpt-w") == "gpt-w"
    assert chosen("test-er", "inherit") == "gpt-r"
    assert chosen("planner", "haiku") == SHORT_NAMES["haiku"]


def test_a5_a_short_name_without_its_key_gives_way_to_what_is_set() -> None:
    groq = {"GROQ_API_KEY": "q-key"}
    settings = ModelSettings(default="groq:llama")
    assert chosen_name(settings, groq, role="coder", wanted="sonnet") == "groq:llama"
    lone = chosen_name(ModelSettings(), groq, role="coder", wanted="sonnet")
    assert lone == SHORT_NAMES["sonnet"]


async def test_a6_without_any_setting_there_is_no_model() -> None:
    async with ConfiguredModels(ModelSettings(), KEYS, clock=SystemClock()) as models:
        assert models.for_role("planner") is None
        assert models.for_role("planner", wanted="inherit") is None


async def test_a5_without_the_libraries_the_command_that_installs_them_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mas.adapters.models.registry.find_spec", lambda name: None)
    async with ConfiguredModels(ModelSettings(), KEYS, clock=SystemClock()) as models:
        with pytest.raises(UserError, match=r"pip install 'mas\[models\]'"):
            models.for_role("planner", wanted="gpt-x")
