"""Settings from the environment, typed, each with the place it came from (P5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mas.core.errors import UserError

Origin = Literal["default", "environment"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a person can set. All state lives under `home`."""

    home: Path
    """`MAS_HOME`, default `~/.mas`."""
    home_origin: Origin = "default"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables of the process, for what has its own (`KUBECONFIG`); may hold secrets."""

    @property
    def database(self) -> Path:
        """The journal."""
        return self.home / "mas.db"

    @property
    def log_file(self) -> Path:
        """Errors with their tracebacks."""
        return self.home / "logs" / "error.log"


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        UserError: A value cannot be used.
    """
    given = environment.get("MAS_HOME", "").strip()
    if not given:
        try:
            return Settings(home=Path("~/.mas").expanduser(), environment=environment)
        except RuntimeError as exc:
            raise UserError(
                "There is no home directory for the state of MAS.",
                hint="Set MAS_HOME to a folder that you may write to.",
                code="no_home",
            ) from exc
    home = Path(given).expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise UserError(
            f"MAS_HOME is no folder: {home}.",
            hint="Set MAS_HOME to a folder that you may write to.",
            code="no_home",
        )
    return Settings(home=home, home_origin="environment", environment=environment)
