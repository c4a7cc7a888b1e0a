"""Keeps git from starting what a repository names: its configuration came with it (Q2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.core.executors import Command, Executor

_OVERRIDES: Final = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("diff.ignoreSubmodules", "dirty"),
    ("gpg.program", "/bin/false"),
    ("gpg.ssh.program", "/bin/false"),
    ("gpg.x509.program", "/bin/false"),
    ("log.showSignature", "false"),
)
"""Settings that would start a program, or look into repositories inside of this one."""
_FILTER: Final = re.compile(r"filter\.(?P<name>.+)\.(?:clean|smudge|process)", re.DOTALL)
_NOT_HARMLESS: Final = re.compile(
    r"filter\..+\.(?:clean|smudge|process)|diff\.external|diff\..+\.(?:textconv|command)|core\.worktree",
    re.DOTALL,
)
_LIST: Final = ("git", "config", "--list", "--name-only", "-z")
_LIMIT: Final = timedelta(seconds=10)
_SHOWN: Final = 80


def around(workspace: Path) -> dict[str, str]:
    """Variables with which git finds no repository around the workspace: that is another's."""
    return {"GIT_CEILING_DIRECTORIES": str(workspace.parent)}


def reading_environment() -> dict[str, str]:
    """Variables with which a reading git starts nothing, writes nothing and reaches nobody."""
    pairs = {"GIT_CONFIG_COUNT": str(len(_OVERRIDES))}
    for at, (name, value) in enumerate(_OVERRIDES):
        pairs |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    return {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        **pairs,
    }


async def settings_of(
    executor: Executor, folder: Path, environment: Mapping[str, str]
) -> tuple[str, ...]:
    """Names of what the configuration of the repository sets; asking starts nothing of it."""
    outcome = await executor.run(
        Command(argv=_LIST, folder=folder, environment=environment, deadline=_LIMIT)
    )
    names = outcome.output.decode("utf-8", "replace").split("\0") if outcome.exit_code == 0 else []
    return tuple(dict.fromkeys(filter(None, names)))


def without_filters(settings: Sequence[str]) -> tuple[str, ...]:
    """Options with which git passes files through none of the repository's filters."""
    names = dict.fromkeys(found["name"] for one in settings if (found := _FILTER.fullmatch(one)))
    return tuple(
        word
        for name in names
        for key in ("clean=", "smudge=", "process=", "required=false")
        for word in ("-c", f"filter.{name}.{key}")
    )


def not_harmless(settings: Sequence[str]) -> str:
    """The first setting that starts a program, or leads out of the workspace, while git reads."""
    return next((one[:_SHOWN] for one in settings if _NOT_HARMLESS.fullmatch(one)), "")
