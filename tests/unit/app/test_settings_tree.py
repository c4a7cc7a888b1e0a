"""One tree of settings from environment, file and defaults, each with its origin (P5)."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mas.adapters.mcp.config import McpConfig
from mas.adapters.models.targets import VENDORS
from mas.app.diagnosis import diagnose
from mas.app.settings import Settings, load_settings
from mas.app.settings_file import FileContent
from mas.app.toolbox import masker_of
from mas.core.errors import UserError

DOCS = Path(__file__).parents[3] / "docs"
FULL = """
[models]
default = "anthropic:claude-x"
fallbacks = ["openai:gpt-x", "house:y"]
timeout_seconds = 30
tries = 2
longest_pause_seconds = 5.5
[models.roles]
researcher = "groq:llama"
test-er = "openai:gpt-x"
[models.fallbacks_by_role]
planner = ["house:y"]
[models.endpoints.house]
protocol = "openai"
base_url = "https://models.example.org/v1"
key_env = "HOUSE_KEY"
typed = "prompt"
[models.prices."house:y"]
input = 3
output = 15.0
[models.typed]
"groq:llama" = "tool"
[database]
url = "postgresql://mas:hunter2-secret@db/mas"
[budget]
tokens = 100000
usd = 2.5
seconds = 90
[limits]
slots = 3
total = 12
[limits.roles]
researcher = 2
[tools]
seconds = 10
output_limit_bytes = 4000
kept_output_bytes = 5000
[paths]
policy = "rules/policy.toml"
agents = "/srv/agents"
"""


def loaded(home: Path, text: str = "", **environment: str) -> Settings:
    home.mkdir(exist_ok=True)
    (home / "mas.toml").write_text(text, "utf-8")
    return load_settings({"MAS_HOME": str(home), **environment})


def origins(settings: Settings) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.origin) for one in settings.shown}


def test_p5_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings({"MAS_HOME": str(tmp_path / "none yet")})
    home = tmp_path / "none yet"
    assert settings.models.default is None
    assert settings.models.timeout == timedelta(seconds=120)
    assert (settings.database_url, settings.database) == (None, home / "mas.db")
    assert settings.budget.cost_micros is None
    assert settings.limits.slots == 16
    assert settings.policy_file == home / "policy.toml"
    assert settings.mcp_file == home / "mcp.json"
    assert settings.agents_folder == home / "agents"
    assert settings.outputs_folder == home / "outputs"
    assert settings.workspaces_folder == home / "workspaces"
    assert {origin for _, origin in origins(settings).values()} == {"default"}
    assert not home.exists()


def test_p5_the_file_sets_every_part_of_the_tree(tmp_path: Path) -> None:
    settings = loaded(tmp_path, FULL)
    models = settings.models
    assert models.default == "anthropic:claude-x"
    assert models.fallbacks == ("openai:gpt-x", "house:y")
    assert models.roles == {"researcher": "groq:llama", "test-er": "openai:gpt-x"}
    assert models.fallbacks_by_role == {"planner": ("house:y",)}
    assert models.endpoints["house"].key_env == "HOUSE_KEY"
    assert models.prices["house:y"].output == 15.0
    assert models.typed == {"groq:llama": "tool"}
    assert (models.timeout, models.tries) == (timedelta(seconds=30), 2)
    assert settings.budget.tokens == 100_000
    assert settings.budget.cost_micros == 2_500_000
    assert settings.budget.time == timedelta(seconds=90)
    assert settings.limits.by_role == {"researcher": 2}
    assert (settings.limits.slots, settings.limits.total) == (3, 12)
    assert settings.tools.time == timedelta(seconds=10)
    assert settings.policy_file == tmp_path / "rules" / "policy.toml"
    assert settings.agents_folder == Path("/srv/agents")
    assert origins(settings)["budget.usd"] == ("2.5", "mas.toml")


def test_p5_the_environment_goes_before_the_file_and_is_named_as_the_origin(
    tmp_path: Path,
) -> None:
    settings = loaded(
        tmp_path,
        FULL,
        MAS_MODEL="openai:gpt-y",
        MAS_MODEL_RESEARCHER="ollama:qwen3:8b",
        MAS_MODEL_TEST_ER="ollama:z",
        MAS_MODELS_FALLBACKS=" openai:a , openai:b,",
        MAS_BUDGET_USD="0.25",
        MAS_BUDGET_TOKENS="",
        MAS_LIMITS_SLOTS="1",
        DATABASE_URL="sqlite:///other.db",
    )
    assert settings.models.default == "openai:gpt-y"
    assert settings.models.roles == {"researcher": "ollama:qwen3:8b", "test_er": "ollama:z"}
    assert settings.models.fallbacks == ("openai:a", "openai:b")
    assert settings.budget.cost_micros == 250_000
    assert settings.budget.tokens == 100_000
    assert settings.limits.slots == 1
    assert settings.database_url == "sqlite:///other.db"
    shown = origins(settings)
    assert shown["models.default"] == ("openai:gpt-y", "MAS_MODEL")
    assert shown["models.roles.researcher"] == ("ollama:qwen3:8b", "MAS_MODEL_RESEARCHER")
    assert "models.roles.test-er" not in shown
    assert shown["budget.usd"] == ("0.25", "MAS_BUDGET_USD")
    assert shown["budget.tokens"] == ("100,000", "mas.toml")


def test_p5_secrets_are_masked_wherever_settings_are_shown(tmp_path: Path) -> None:
    settings = loaded(tmp_path, FULL, OPENAI_API_KEY="sk-hunter2-secret")
    assert "hunter2" in (settings.database_url or "")
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://mas:hunter2@db:5432/mas", "postgresql://db:5432/mas"),
        ("postgresql://db/mas?user=mas&password=hunter2&sslmode=require", "postgresql://db/mas"),
        ("host=db user=mas password='hunter2'", "set"),
        ("sqlite:////srv/mas/own.db", "sqlite:////srv/mas/own.db"),
    ],
)
def test_q3_the_address_of_a_database_is_shown_without_who_may_use_it(
    tmp_path: Path, address: str, shown: str
) -> None:
    settings = loaded(tmp_path, "", DATABASE_URL=address)
    assert origins(settings)["database.url"] == (shown, "DATABASE_URL")
    assert settings.database_url == address
    masker = masker_of(settings, McpConfig(file=tmp_path / "mcp.json"))
    if "hunter2" in address:
        assert "hunter2" not in masker.mask(f"no connection to {address}: hunter2 is wrong")


def test_q3_commands_are_shown_without_the_values_of_secret_flags(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        '[fanout]\nsetup = "npm ci --token setupTok88  --quiet"',
        MAS_CODER="command:tool --api-key 'coder Key77' --fast",
    )
    shown = origins(settings)
    assert shown["fanout.setup"] == ("npm ci --token ***  --quiet", "mas.toml")
    assert shown["fanout.coder"] == ("command:tool --api-key *** --fast", "MAS_CODER")
    masker = masker_of(settings, McpConfig(file=tmp_path / "mcp.json"))
    masked = masker.mask("npm ci --token setupTok88; tool --api-key coder Key77")
    assert "setupTok88" not in masked
    assert "coder Key77" not in masked


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[models]\ndefault = "a"\ndefualt = "b"', "mas.toml, models: Object contains unknown"),
        ("[models]\ndefault = 3", "mas.toml, models.default: Expected `str"),
        ("[modles]\n", "mas.toml, the file: Object contains unknown field `modles`"),
        ('[budget]\nusd = "2"', "mas.toml, budget.usd: Expected `float"),
        ("[budget]\nusd = -1", "mas.toml, budget.usd: a number above 0 is needed"),
        ("[budget]\nusd = nan", "mas.toml, budget.usd: a number above 0 is needed"),
        ("[budget]\ntokens = 1.5", "mas.toml, budget.tokens: Expected `int"),
        ("[limits]\nslots = 0", "mas.toml, limits.slots: a whole number above 0 is needed"),
        ("[limits.roles]\nx = 0", "mas.toml, limits.roles.x: a whole number above 0"),
        ("[models\n", "mas.toml is no TOML: Expected ']'"),
        ('[models]\na = "b\n', "(at line 2, column 7)"),
        ('[models.typed]\n"a:b" = "magic"', "Invalid enum value 'magic'"),
        ('[models.endpoints.openai]\nprotocol="openai"\nbase_url="http://x"', "no provider has"),
        ('[models.endpoints.x]\nprotocol="grpc"\nbase_url="http://x"', "endpoints[...].protocol"),
        ("[models.prices.x]\ninput = -1\noutput = 1", "0 or more, is needed"),
    ],
)
def test_p5_a_mistake_in_the_file_is_told_with_file_and_place(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(UserError) as caught:
        loaded(tmp_path, text)
    assert caught.value.code == "bad_setting"
    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("key", ["key", "api_key", "token", "KEY"])
def test_q3_a_key_in_the_file_is_refused_without_showing_it(tmp_path: Path, key: str) -> None:
    endpoint = f'[models.endpoints.x]\nprotocol = "openai"\n{key} = "hunter2-secret"\n'
    with pytest.raises(UserError, match="a key does not belong into a file") as caught:
        loaded(tmp_path, endpoint)
    assert "key_env" in caught.value.hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MAS_BUDGET_USD", "plenty"),
        ("MAS_BUDGET_USD", "-1"),
        ("MAS_BUDGET_USD", "inf"),
        ("MAS_BUDGET_TOKENS", "1.5"),
        ("MAS_LIMITS_SLOTS", "0"),
        ("MAS_MODELS_TIMEOUT_SECONDS", "nan"),
    ],
)
def test_p5_a_mistake_in_a_variable_is_told_with_its_name(
    tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(UserError, match=f"^{variable}: a .*number above 0 is needed"):
        loaded(tmp_path, **{variable: value})


def test_p5_a_file_that_cannot_be_read_is_an_error_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "mas.toml").mkdir()
    with pytest.raises(UserError, match=r"mas\.toml"):
        load_settings({"MAS_HOME": str(tmp_path)})


def test_q3_a_file_in_the_current_folder_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloned = tmp_path / "cloned"
    cloned.mkdir()
    (cloned / "mas.toml").write_text("broken [[[", "utf-8")
    (cloned / ".env").write_text("MAS_MODEL=evil:model", "utf-8")
    monkeypatch.chdir(cloned)
    assert loaded(tmp_path / "home").models.default is None


def test_p5_every_setting_and_variable_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text("utf-8")
    missing = [name for name in _keys(FileContent) if f"`{name}" not in text]
    assert missing == []
    everything = load_settings({"MAS_HOME": "/nowhere"}).shown
    assert [one.name for one in everything if f"`{one.name}`" not in text] == []
    models = (DOCS / "models.md").read_text("utf-8")
    for name, vendor in VENDORS.items():
        for word in (name, *vendor.keys, *vendor.addresses):
            assert f"`{word}" in models


def test_p5_the_examples_in_the_documents_are_settings(tmp_path: Path) -> None:
    for name in ("configuration.md", "models.md"):
        for block in (DOCS / name).read_text("utf-8").split("```toml\n")[1:]:
            example = block.partition("```")[0]
            assert tomllib.loads(example)
            loaded(tmp_path, example)


def _keys(part: Any, prefix: str = "") -> list[str]:
    found: list[str] = []
    for field in msgspec.structs.fields(part):
        name = f"{prefix}{field.name}"
        nested = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        found += _keys(field.type, f"{name}.") if nested else [name]
    return found


async def test_u5_doctor_says_which_model_is_set_whether_its_key_is_there_and_where_from(
    tmp_path: Path,
) -> None:
    settings = loaded(tmp_path, FULL, ANTHROPIC_API_KEY="sk-hunter2-secret", MAS_BUDGET_USD="3")
    checks = await diagnose(settings)
    by_name = {check.name: check for check in checks}
    assert by_name["model"].ok
    assert "anthropic:claude-x" in by_name["model"].found
    assert "ANTHROPIC_API_KEY is set" in by_name["model"].found
    researcher = by_name["model of researcher"]
    assert (researcher.ok, researcher.needed) == (False, True)
    assert "GROQ_API_KEY is not set" in researcher.found
    fallbacks = [check for check in checks if check.name == "fall-back"]
    assert [(check.ok, check.needed) for check in fallbacks] == [(False, False)] * 2
    found = [check.found for check in checks if check.name == "setting"]
    assert "budget.usd = 3 (MAS_BUDGET_USD)" in found
    assert "models.default = anthropic:claude-x (mas.toml)" in found
    assert "hunter2" not in str(checks)


async def test_u5_doctor_without_a_model_says_that_rules_decide_and_how_to_set_one(
    tmp_path: Path,
) -> None:
    checks = {check.name: check for check in await diagnose(loaded(tmp_path))}
    assert (checks["model"].ok, checks["model"].needed) == (False, False)
    assert "MAS_MODEL" in checks["model"].mend
    assert "setting" not in checks
