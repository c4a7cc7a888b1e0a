"""Known coding agents as data: how each is started, and how it is told its model (A7).

Each is started to print for people; MAS reads lines, and git and the exit code decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from mas.core.coding import ModelAccess, Wire


def _nothing(access: ModelAccess) -> dict[str, str]:  # noqa: ARG001 - most need no more
    return {}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """One coding agent. Words and values may hold the places of `CommandCoder`, and `{model}`,
    `{base_url}` and `{token}`."""

    name: str
    words: tuple[str, ...]
    wire: Wire | None
    install: str
    """A command that installs it, for people."""
    program: str = ""
    """What has to be on the PATH, where it is not the first word."""
    environment: Mapping[str, str] = field(default_factory=dict)
    more: Callable[[ModelAccess], dict[str, str]] = _nothing
    """Variables whose values have a form of their own."""


def _opencode(access: ModelAccess) -> dict[str, str]:
    """opencode takes its providers from a document of configuration, here without any file."""
    config = {
        "model": f"mas/{access.model}",
        "small_model": f"mas/{access.model}",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"edit": "allow", "bash": "allow", "webfetch": "allow"},
        "provider": {
            "mas": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "MAS",
                "options": {"baseURL": access.base_url, "apiKey": access.token},
                "models": {access.model: {"name": access.model}},
            }
        },
    }
    return {"OPENCODE_CONFIG_CONTENT": msgspec.json.encode(config).decode()}


_CODEX: Final = Preset(
    name="codex",
    words=(
        "codex",
        "exec",
        "--cd",
        "{workdir}",
        "--skip-git-repo-check",
        # The sandbox around it is MAS's; its own would need rights that it does not have there.
        "--dangerously-bypass-approvals-and-sandbox",
        "--color",
        "never",
        "-c",
        'model_provider="mas"',
        "-c",
        'model_providers.mas.name="mas"',
        "-c",
        'model_providers.mas.base_url="{base_url}"',
        "-c",
        'model_providers.mas.env_key="MAS_MODEL_TOKEN"',
        "-c",
        'model_providers.mas.wire_api="responses"',
        "--model",
        "{model}",
        "{instructions}",
    ),
    wire="openai",
    install="npm install -g @openai/codex",
    environment={"MAS_MODEL_TOKEN": "{token}"},
)

_GEMINI: Final = Preset(
    name="gemini",
    words=("gemini", "--yolo", "--output-format", "text", "--prompt", "{instructions}"),
    # It speaks Google's protocol only, which the gateway does not: it brings its own access.
    wire=None,
    install="npm install -g @google/gemini-cli",
    environment={"GEMINI_CLI_TRUST_WORKSPACE": "true"},
)

_OPENCODE: Final = Preset(
    name="opencode",
    words=(
        "opencode",
        "run",
        "--dir",
        "{workdir}",
        "--auto",
        "--model",
        "mas/{model}",
        "{instructions}",
    ),
    wire="openai",
    install="npm install -g opencode-ai",
    environment={"OPENCODE_DISABLE_AUTOUPDATE": "1"},
    more=_opencode,
)

_AIDER: Final = Preset(
    name="aider",
    words=(
        # It keeps an index in the worktree, which would be taken for a part of its work.
        "sh",
        "-c",
        '"$@"; code=$?; rm -rf .aider.tags.cache.v*; exit $code',
        "sh",
        "aider",
        "--model",
        "openai/{model}",
        "--message-file",
        "{instructions_file}",
        "--yes-always",
        "--no-pretty",
        "--no-stream",
        "--no-check-update",
        "--no-show-model-warnings",
        "--no-show-release-notes",
        "--no-gitignore",
        "--no-attribute-author",
        "--no-attribute-committer",
        "--analytics-disable",
        # Its histories would lie in the worktree and be committed with the work.
        "--input-history-file",
        "/dev/null",
        "--chat-history-file",
        "/dev/null",
    ),
    wire="openai",
    install="pipx install aider-chat",
    program="aider",
    environment={
        "OPENAI_API_BASE": "{base_url}",
        "OPENAI_API_KEY": "{token}",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
)

_MINI: Final = Preset(
    name="mini-swe-agent",
    words=(
        "mini",
        "--model",
        "openai/{model}",
        "--task",
        "{instructions}",
        "--yolo",
        "--exit-immediately",
        "--cost-limit",
        "0",
    ),
    wire="openai",
    install="pipx install mini-swe-agent",
    environment={
        "OPENAI_API_BASE": "{base_url}",
        "OPENAI_API_KEY": "{token}",
        "MSWEA_CONFIGURED": "true",
        # A model that its price list does not know would be a failure otherwise.
        "MSWEA_COST_TRACKING": "ignore_errors",
        "MSWEA_SILENT_STARTUP": "1",
        # Prices are not fetched from anywhere.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
)

PRESETS: Final[Mapping[str, Preset]] = {
    one.name: one for one in (_CODEX, _GEMINI, _OPENCODE, _AIDER, _MINI)
}
