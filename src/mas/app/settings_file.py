"""The file `mas.toml`, and taking one value from wherever it counts.

Here is what the file may hold and how a value is looked up. What the values mean, and what they
are where nobody has set them, is in `mas.app.settings`.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from mas.adapters.models.settings import Endpoint, Price, Typed
from mas.adapters.small_file import read_small_file
from mas.core.errors import UserError
from mas.core.masking import Masker

FILE = "mas.toml"
DEFAULT = "default"
_LIMIT_BYTES = 1_000_000
_KEYS = frozenset({"key", "api_key", "apikey", "token", "secret", "password"})
_HINT = "docs/configuration.md lists every setting."
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<place>.*)`)?$", re.DOTALL)
V = TypeVar("V")
D = TypeVar("D", float, None)
W = TypeVar("W", int, None)
_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_LONGEST_SECONDS = 100 * 365 * 86_400.0


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class ModelsPart(_Part, frozen=True, kw_only=True):
    default: str | None = None
    roles: dict[str, str] = {}
    fallbacks: tuple[str, ...] = ()
    fallbacks_by_role: dict[str, tuple[str, ...]] = {}
    endpoints: dict[str, Endpoint] = {}
    prices: dict[str, Price] = {}
    typed: dict[str, Typed] = {}
    timeout_seconds: float | None = None
    tries: int | None = None
    longest_pause_seconds: float | None = None


class DatabasePart(_Part, frozen=True, kw_only=True):
    url: str | None = None


class BudgetPart(_Part, frozen=True, kw_only=True):
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None


class ToolsPart(_Part, frozen=True, kw_only=True):
    seconds: float | None = None
    output_limit_bytes: int | None = None
    kept_output_bytes: int | None = None


class LimitsPart(_Part, frozen=True, kw_only=True):
    slots: int | None = None
    total: int | None = None
    roles: dict[str, int] = {}


class PathsPart(_Part, frozen=True, kw_only=True):
    policy: str | None = None
    mcp: str | None = None
    agents: str | None = None
    outputs: str | None = None
    workspaces: str | None = None
    workspace: str | None = None


class PagePart(_Part, frozen=True, kw_only=True):
    name: str | None = None
    logo: str | None = None
    language: str | None = None
    welcome_en: str | None = None
    welcome_ko: str | None = None
    examples: tuple[str, ...] = ()


class DockerPart(_Part, frozen=True, kw_only=True):
    image: str | None = None


class KubernetesPart(_Part, frozen=True, kw_only=True):
    namespace: str | None = None
    image: str | None = None
    claim: str | None = None
    service_account: str | None = None
    context: str | None = None


class FanoutPart(_Part, frozen=True, kw_only=True):
    coder: str | None = None
    executor: str | None = None
    unsafe_local: bool | None = None
    task_seconds: float | None = None
    check_seconds: float | None = None
    setup: str | None = None
    use_mcp_serve: bool | None = None
    network: str | None = None
    gateway_host: str | None = None
    gateway_port: int | None = None
    memory_mib: int | None = None
    processes: int | None = None
    cpus: float | None = None
    file_mib: int | None = None
    docker: DockerPart = DockerPart()
    kubernetes: KubernetesPart = KubernetesPart()


class AccessPart(_Part, frozen=True, kw_only=True):
    tokens: tuple[str, ...] = ()
    tokens_file: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()


class FileContent(_Part, frozen=True, kw_only=True):
    """All of `mas.toml`."""

    models: ModelsPart = ModelsPart()
    database: DatabasePart = DatabasePart()
    budget: BudgetPart = BudgetPart()
    tools: ToolsPart = ToolsPart()
    limits: LimitsPart = LimitsPart()
    paths: PathsPart = PathsPart()
    fanout: FanoutPart = FanoutPart()
    page: PagePart = PagePart()
    access: AccessPart = AccessPart()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value as `mas doctor` shows it; secrets in it are masked."""

    name: str
    """The path in the file, such as `budget.usd`."""
    value: str
    origin: str
    """`default`, `mas.toml`, or the variable of the environment."""


class Reading:
    """Takes each value from where it counts, and keeps in mind where that was.

    Raises:
        UserError: The file, or a value where it is taken, cannot be used (`bad_setting`).
    """

    def __init__(self, environment: Mapping[str, str], path: Path) -> None:
        self.environment = environment
        self.file = read_file(path)
        self.shown: list[Setting] = []
        self._path = path
        self._masker = Masker()

    def text(
        self, name: str, variable: str, written: str | None, told: Callable[[str], str] = str
    ) -> str | None:
        """A text; one without any sign is the same as none. `told` makes of it what is shown."""
        given = self.environment.get(variable, "").strip()
        value = given or (written or "").strip() or None
        shown = None if value is None else told(value)
        self.show(name, shown, variable if given else FILE if value else DEFAULT)
        return value

    def choice(
        self, name: str, variable: str, written: str | None, known: tuple[str, ...], default: str
    ) -> str:
        """One of several words."""
        value = (self.text(name, variable, written) or default).lower()
        if value not in known:
            self._refuse(
                variable if self.environment.get(variable, "").strip() else f"{self._path}, {name}",
                f"one of {', '.join(known)}",
            )
        return value

    def truth(self, name: str, variable: str, written: bool | None) -> bool:
        """Yes or no; no where nothing is set."""
        given = self.environment.get(variable, "").strip().lower()
        if given and given not in _TRUTHS:
            self._refuse(variable, "true or false")
        value = _TRUTHS[given] if given else bool(written)
        origin = variable if given else DEFAULT if written is None else FILE
        self.show(name, "true" if value else "false", origin)
        return value

    def whole(self, name: str, variable: str, written: int | None, default: W) -> int | W:
        """A whole number above 0."""
        value = self._number(name, variable, written, "a whole number above 0", default)
        if value is None:
            return default
        if value != int(value):
            self._refuse(variable, "a whole number above 0")
        return int(value)

    def number(self, name: str, variable: str, written: float | None, default: D) -> float | D:
        """A number above 0."""
        value = self._number(name, variable, written, "a number above 0", default)
        return default if value is None else value

    def seconds(
        self, name: str, variable: str, written: float | None, default: timedelta
    ) -> timedelta:
        """A duration, given as a number of seconds above 0."""
        return to_duration(self.number(name, variable, written, default.total_seconds()))

    def table(self, name: str, written: Mapping[str, V]) -> Mapping[str, V]:
        """A table of the file, which no variable stands for."""
        for key, value in written.items():
            listed = ", ".join(value) if isinstance(value, tuple) else value
            self.show(f"{name}.{key}", listed, FILE)
        return written

    def show(self, name: str, value: object, origin: str) -> None:
        """Keep in mind what a value is, for people."""
        told = "not set" if value is None else self._masker.mask(str(value))
        self.shown.append(Setting(name=name, value=told, origin=origin))

    def wrong(self, name: str, needed: str) -> NoReturn:
        """Refuse a value of the file."""
        self._refuse(f"{self._path}, {name}", needed)

    def _number(
        self, name: str, variable: str, written: float | None, needed: str, default: float | None
    ) -> float | None:
        """What is set, and None where the default counts."""
        given = self.environment.get(variable, "").strip()
        try:
            value = float(given) if given else written
        except ValueError:
            self._refuse(variable, needed)
        if value is not None and not (math.isfinite(value) and value > 0):
            self._refuse(variable if given else f"{self._path}, {name}", needed)
        told = default if value is None else value
        origin = variable if given else DEFAULT if value is None else FILE
        self.show(name, None if told is None else f"{told:,.10g}", origin)
        return value

    def _refuse(self, place: str, needed: str) -> NoReturn:
        # The value is not shown: it may be a secret in the wrong place.
        raise UserError(f"{place}: {needed} is needed.", hint=_HINT, code="bad_setting")


def to_duration(seconds: float) -> timedelta:
    """A duration; a century is the longest, so that every number means one."""
    return timedelta(seconds=min(seconds, _LONGEST_SECONDS))


def read_file(path: Path) -> FileContent:
    """What a settings file says; everything is left out where there is no file.

    Raises:
        UserError: It cannot be read, is no TOML, or holds an unknown key or a value of the wrong
            kind (`bad_setting`).
    """
    try:
        data = tomllib.loads(read_small_file(path, limit_bytes=_LIMIT_BYTES))
    except FileNotFoundError:
        return FileContent()
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise UserError(
            f"{path} is no TOML: {exc}.", hint="Mend that line.", code="bad_setting"
        ) from exc
    _refuse_keys(path, data)
    try:
        return msgspec.convert(data, FileContent)
    except msgspec.ValidationError as exc:
        found = _PLACE.match(str(exc))
        assert found is not None  # noqa: S101 - the pattern takes everything
        place = (found["place"] or "$").removeprefix("$").lstrip(".") or "the file"
        raise UserError(
            f"{path}, {place}: {found['what']}.", hint=_HINT, code="bad_setting"
        ) from exc


_VARIABLE = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*)?")


def _refuse_keys(path: Path, data: Mapping[str, Any]) -> None:
    """A file is copied, shown and checked in; a key in it would be, too."""
    models = data.get("models")
    endpoints = models.get("endpoints") if isinstance(models, dict) else None
    for name, endpoint in (endpoints if isinstance(endpoints, dict) else {}).items():
        for key, value in endpoint.items() if isinstance(endpoint, dict) else ():
            named = key == "key_env" and not _VARIABLE.fullmatch(str(value))
            if key.lower() in _KEYS or named:
                raise UserError(
                    f"{path}, models.endpoints.{name}.{key}: a key does not belong into a file.",
                    hint="Put it into a variable of the environment and name that: "
                    'key_env = "VARIABLE".',
                    code="bad_setting",
                )
