"""One typed tree of settings: environment, then `MAS_HOME/mas.toml`, then defaults (P5).

Every value knows where it came from. A `mas.toml` in the current folder is not looked at: a
repository that somebody has cloned must not send keys to an address of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from mas.adapters.models.settings import Endpoint, ModelSettings, Price
from mas.adapters.models.targets import VENDORS
from mas.app.access_settings import AccessSettings, read_access
from mas.app.fanout_settings import FanoutSettings, read_fanout
from mas.app.page_settings import PageSettings, read_page
from mas.app.settings_file import FILE, Reading, Setting, to_duration
from mas.core.budget import NO_BUDGET, Budget
from mas.core.errors import UserError
from mas.core.usage import MICROS_PER_USD

if TYPE_CHECKING:
    from mas.engine import Limits

Origin = Literal["default", "environment"]
_ROLE_VARIABLE = "MAS_MODEL_"
_NO_HOME = "Set MAS_HOME to a folder that you may write to."


@dataclass(frozen=True, kw_only=True)
class ToolSettings:
    """What one call to a tool may take."""

    time: timedelta = timedelta(seconds=60)
    output_limit_bytes: int = 8_000
    """So much of an output goes to a model; the rest is kept on disk for it to look at."""
    kept_output_bytes: int = 64 * 1024 * 1024
    """So much of one output is kept."""


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """How many tasks run at once; None and absence are no limit."""

    slots: int = 16
    """Of this process."""
    total: int | None = None
    """Of all processes on the same database."""
    roles: Mapping[str, int] = field(default_factory=dict)
    """Of a role, in all processes."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a person can set. All state lives under `home`, where nothing else is said."""

    home: Path
    """`MAS_HOME`, default `~/.mas`."""
    home_origin: Origin = "default"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables of the process, for what has its own (`KUBECONFIG`); may hold secrets."""
    models: ModelSettings = field(default_factory=ModelSettings)
    database_url: str | None = field(default=None, repr=False)
    """None: the file `database`. May hold a password."""
    budget: Budget = NO_BUDGET
    """Of a run that says nothing else."""
    tools: ToolSettings = field(default_factory=ToolSettings)
    tasks: LimitSettings = field(default_factory=LimitSettings)
    fanout_set: FanoutSettings | None = None
    """None: all defaults."""
    access: AccessSettings = field(default_factory=AccessSettings)
    """Who may use `mas serve`."""
    page: PageSettings = field(default_factory=PageSettings)
    """How the web page presents itself."""
    paths: Mapping[str, Path] = field(default_factory=dict)
    """What was set in place of the folders and files below."""
    shown: tuple[Setting, ...] = ()
    """Every setting with its origin, for people; secrets are masked."""

    @property
    def database(self) -> Path:
        """The journal, where no database is set."""
        return self.home / "mas.db"

    @property
    def log_file(self) -> Path:
        """Errors with their tracebacks."""
        return self.home / "logs" / "error.log"

    @property
    def policy_file(self) -> Path:
        """What may be done without asking; need not be there."""
        return self.paths.get("policy", self.home / "policy.toml")

    @property
    def mcp_file(self) -> Path:
        """The MCP servers; need not be there."""
        return self.paths.get("mcp", self.home / "mcp.json")

    @property
    def agents_folder(self) -> Path:
        """Roles of one's own; need not be there."""
        return self.paths.get("agents", self.home / "agents")

    @property
    def outputs_folder(self) -> Path:
        """Whole outputs of tools, a folder for each run."""
        return self.paths.get("outputs", self.home / "outputs")

    @property
    def workspaces_folder(self) -> Path:
        """What agents work in, a folder for each run."""
        return self.paths.get("workspaces", self.home / "workspaces")

    @property
    def fanout(self) -> FanoutSettings:
        """Of the team `fanout`."""
        return self.fanout_set or FanoutSettings(workspace=self.home / "workspace")

    @property
    def limits(self) -> Limits:
        """`tasks` in the engine's words."""
        # Late: commands that need no engine must not pay for it.
        from mas.engine import Limits

        return Limits(slots=self.tasks.slots, total=self.tasks.total, by_role=self.tasks.roles)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Reads one file, `MAS_HOME/mas.toml`, and changes nothing.

    Raises:
        UserError: A value cannot be used (`bad_setting`), or there is no home (`no_home`).
    """
    home, origin = _home(environment)
    reading = Reading(environment, home / FILE)
    return Settings(
        home=home,
        home_origin=origin,
        environment=environment,
        models=_models(reading),
        database_url=reading.text(
            "database.url", "DATABASE_URL", reading.file.database.url, told=_without_access
        ),
        budget=_budget(reading),
        tools=_tools(reading),
        tasks=_tasks(reading),
        fanout_set=read_fanout(reading, home),
        access=read_access(reading, home),
        page=read_page(reading, home),
        paths=_paths(reading, home),
        shown=tuple(reading.shown),
    )


def _without_access(address: str) -> str:
    """Where a database is, without who may use it: passwords also stand in parameters."""
    try:
        parts = urlsplit(address)
        place = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "set"
    return f"{parts.scheme}://{place}{parts.path}" if parts.scheme else "set"


def _home(environment: Mapping[str, str]) -> tuple[Path, Origin]:
    given = environment.get("MAS_HOME", "").strip()
    try:
        home = Path(given or "~/.mas").expanduser()
    except RuntimeError as exc:
        raise UserError(
            "There is no home directory for the state of MAS.", hint=_NO_HOME, code="no_home"
        ) from exc
    if not given:
        return home, "default"
    home = home.absolute()
    if home.exists() and not home.is_dir():
        raise UserError(f"MAS_HOME is no folder: {home}.", hint=_NO_HOME, code="no_home")
    return home, "environment"


def _models(reading: Reading) -> ModelSettings:
    file = reading.file.models
    fixed = ModelSettings()
    default = reading.text("models.default", "MAS_MODEL", file.default)
    listed = ",".join(file.fallbacks)
    fallbacks = reading.text("models.fallbacks", "MAS_MODELS_FALLBACKS", listed) or ""
    return ModelSettings(
        default=default,
        roles=_roles(reading, file.roles),
        fallbacks=tuple(name.strip() for name in fallbacks.split(",") if name.strip()),
        fallbacks_by_role=reading.table("models.fallbacks_by_role", file.fallbacks_by_role),
        endpoints=_endpoints(reading, file.endpoints),
        prices=_prices(reading, file.prices),
        typed=reading.table("models.typed", file.typed),
        timeout=reading.seconds(
            "models.timeout_seconds",
            "MAS_MODELS_TIMEOUT_SECONDS",
            file.timeout_seconds,
            fixed.timeout,
        ),
        tries=reading.whole("models.tries", "MAS_MODELS_TRIES", file.tries, fixed.tries),
        longest_pause=reading.seconds(
            "models.longest_pause_seconds",
            "MAS_MODELS_LONGEST_PAUSE_SECONDS",
            file.longest_pause_seconds,
            fixed.longest_pause,
        ),
    )


def _roles(reading: Reading, written: Mapping[str, str]) -> Mapping[str, str]:
    """Models by role: `MAS_MODEL_PLANNER` goes before what the file says of `planner`."""
    given = {
        variable.removeprefix(_ROLE_VARIABLE).lower(): (name.strip(), variable)
        for variable, name in sorted(reading.environment.items())
        if variable.startswith(_ROLE_VARIABLE) and name.strip()
    }
    left = {
        role: name for role, name in written.items() if role.lower().replace("-", "_") not in given
    }
    reading.table("models.roles", left)
    for role, (name, variable) in given.items():
        reading.show(f"models.roles.{role}", name, variable)
    return {**left, **{role: name for role, (name, _) in given.items()}}


def _endpoints(reading: Reading, written: Mapping[str, Endpoint]) -> Mapping[str, Endpoint]:
    for name, endpoint in written.items():
        if name in VENDORS or ":" in name or not name.strip():
            needed = "a name that no provider has, and without a colon"
            reading.wrong(f"models.endpoints.{name}", needed)
        reading.show(
            f"models.endpoints.{name}", f"{endpoint.protocol} at {endpoint.base_url}", FILE
        )
    return written


def _prices(reading: Reading, written: Mapping[str, Price]) -> Mapping[str, Price]:
    for name, price in written.items():
        each = (price.input, price.output, price.cache_read or 0, price.cache_write or 0)
        if not all(math.isfinite(one) and one >= 0 for one in each):
            reading.wrong(f"models.prices.{name}", "a number of dollars, 0 or more,")
        shown = f"{price.input:g} in, {price.output:g} out (USD per million tokens)"
        reading.show(f"models.prices.{name}", shown, FILE)
    return written


def _budget(reading: Reading) -> Budget:
    file = reading.file.budget
    tokens = reading.whole("budget.tokens", "MAS_BUDGET_TOKENS", file.tokens, None)
    usd = reading.number("budget.usd", "MAS_BUDGET_USD", file.usd, None)
    seconds = reading.number("budget.seconds", "MAS_BUDGET_SECONDS", file.seconds, None)
    return Budget(
        tokens=tokens,
        cost_micros=None if usd is None else round(usd * MICROS_PER_USD),
        time=None if seconds is None else to_duration(seconds),
    )


def _tools(reading: Reading) -> ToolSettings:
    file = reading.file.tools
    fixed = ToolSettings()
    return ToolSettings(
        time=reading.seconds("tools.seconds", "MAS_TOOLS_SECONDS", file.seconds, fixed.time),
        output_limit_bytes=reading.whole(
            "tools.output_limit_bytes",
            "MAS_TOOLS_OUTPUT_LIMIT_BYTES",
            file.output_limit_bytes,
            fixed.output_limit_bytes,
        ),
        kept_output_bytes=reading.whole(
            "tools.kept_output_bytes",
            "MAS_TOOLS_KEPT_OUTPUT_BYTES",
            file.kept_output_bytes,
            fixed.kept_output_bytes,
        ),
    )


def _tasks(reading: Reading) -> LimitSettings:
    file = reading.file.limits
    for role, most in file.roles.items():
        if most < 1:
            reading.wrong(f"limits.roles.{role}", "a whole number above 0")
    return LimitSettings(
        slots=reading.whole("limits.slots", "MAS_LIMITS_SLOTS", file.slots, LimitSettings().slots),
        total=reading.whole("limits.total", "MAS_LIMITS_TOTAL", file.total, None),
        roles=reading.table("limits.roles", file.roles),
    )


def _paths(reading: Reading, home: Path) -> Mapping[str, Path]:
    """Files and folders that were set; one that is not absolute lies under the home."""
    file = reading.file.paths
    given = {
        "policy": reading.text("paths.policy", "MAS_POLICY_FILE", file.policy),
        "mcp": reading.text("paths.mcp", "MAS_MCP_FILE", file.mcp),
        "agents": reading.text("paths.agents", "MAS_AGENTS_FOLDER", file.agents),
        "outputs": reading.text("paths.outputs", "MAS_OUTPUTS_FOLDER", file.outputs),
        "workspaces": reading.text("paths.workspaces", "MAS_WORKSPACES_FOLDER", file.workspaces),
    }
    return {name: home / _expanded(reading, name, path) for name, path in given.items() if path}


def _expanded(reading: Reading, name: str, path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        reading.wrong(f"paths.{name}", "a path without the home of an unknown user")
