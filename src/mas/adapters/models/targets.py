"""Names of models: which server a name means, with which key. Reaches nothing."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from mas.adapters.models.settings import Endpoint, ModelSettings, Typed
from mas.core.errors import UserError

V = TypeVar("V")

Family = Literal["anthropic", "openai", "google", "groq", "ollama", "vllm", "endpoint"]
Wire = Literal["anthropic", "openai", "google"]


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A provider that needs no settings but its key or address. The first variable that is set
    counts."""

    wire: Wire
    keys: tuple[str, ...]
    needs_key: bool = True
    addresses: tuple[str, ...] = ()
    base_url: str = ""
    """Empty: the address has to be given."""


VENDORS: Mapping[Family, Vendor] = {
    "anthropic": Vendor(
        wire="anthropic",
        keys=("ANTHROPIC_API_KEY",),
        addresses=("ANTHROPIC_BASE_URL",),
        base_url="https://api.anthropic.com",
    ),
    "openai": Vendor(
        wire="openai",
        keys=("OPENAI_API_KEY",),
        addresses=("OPENAI_BASE_URL",),
        base_url="https://api.openai.com/v1",
    ),
    "google": Vendor(
        wire="google",
        keys=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        addresses=("GOOGLE_BASE_URL",),
        base_url="https://generativelanguage.googleapis.com",
    ),
    # Groq's own interface is that of OpenAI; its library brings nothing that is needed here.
    "groq": Vendor(
        wire="openai",
        keys=("GROQ_API_KEY",),
        addresses=("GROQ_BASE_URL",),
        base_url="https://api.groq.com/openai/v1",
    ),
    "ollama": Vendor(
        wire="openai",
        keys=("OLLAMA_API_KEY",),
        needs_key=False,
        addresses=("OLLAMA_HOST",),
        base_url="http://127.0.0.1:11434",
    ),
    "vllm": Vendor(
        wire="openai", keys=("VLLM_API_KEY",), needs_key=False, addresses=("VLLM_API_URL",)
    ),
}

SHORT_NAMES = {
    "opus": "anthropic:claude-opus-5-5",
    "sonnet": "anthropic:claude-sonnet-5-5",
    "haiku": "anthropic:claude-haiku-5-5",
}
"""What Claude Code's agent files call models."""

_MAKERS = (
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gpt-|chatgpt-|o\d"), "openai"),
    (re.compile(r"gemini-"), "google"),
)
_INHERIT = "inherit"
_OLLAMA_PORT = 11434
_KEY_SHAPE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One model on one server, with all that a client needs."""

    provider: str
    model: str
    family: Family
    wire: Wire
    base_url: str
    key: str = field(default="", repr=False)
    key_name: str = ""
    """The variable that the key came from; empty where none is sent."""
    free: bool = False
    """A server of one's own: a call costs nothing."""
    typed: Typed | None = None

    @property
    def name(self) -> str:
        """`provider:model`."""
        return f"{self.provider}:{self.model}"


def chosen_name(
    settings: ModelSettings, environment: Mapping[str, str], *, role: str, wanted: str | None
) -> str | None:
    """The name of the model for a role: `wanted`, else the role's, else the default; None where
    nothing is set.

    A short name (`sonnet`) of a provider without a key gives way to what is set, so that agent
    files written for Claude Code run on any model.
    """
    asked = [wanted, by_role(settings.roles, role), settings.default]
    names = [name.strip() for name in asked if name and name.strip().lower() not in ("", _INHERIT)]
    for name in names:
        short = SHORT_NAMES.get(name.lower())
        if short is None or _keys_of("anthropic", environment):
            return short or name
    return SHORT_NAMES[names[0].lower()] if names else None


def fallback_names(settings: ModelSettings, role: str, first: str) -> tuple[str, ...]:
    """What is asked when `first` fails, in this order."""
    names = by_role(settings.fallbacks_by_role, role)
    given = settings.fallbacks if names is None else names
    return tuple(name for name in dict.fromkeys(given) if name != first)


def to_target(name: str, settings: ModelSettings, environment: Mapping[str, str]) -> Target:
    """The server, model and key that a name means.

    Raises:
        UserError: The name means nothing, or its key or address is not set or no such thing
            (`model_setting`).
    """
    provider, model = _split(SHORT_NAMES.get(name.lower(), name), settings)
    endpoint = settings.endpoints.get(provider)
    full = f"{provider}:{model}"
    if endpoint is not None:
        return _of_endpoint(provider, model, endpoint, settings.typed.get(full), environment)
    family = _family(provider)
    vendor = VENDORS[family]
    key_name, key = next(iter(_keys_of(family, environment).items()), ("", ""))
    if vendor.needs_key and not key:
        raise _wrong(f"{full} needs a key, and {vendor.keys[0]} is not set.", _set(vendor.keys[0]))
    return Target(
        provider=provider,
        model=model,
        family=family,
        wire=vendor.wire,
        base_url=_address(family, vendor, full, environment),
        key=_checked_key(key, key_name),
        key_name=key_name,
        free=not vendor.needs_key,
        typed=settings.typed.get(full),
    )


def by_role(values: Mapping[str, V], role: str) -> V | None:
    """What is set for a role, however its words are joined."""
    plain = role.lower().replace("-", "_")
    return next(
        (value for name, value in values.items() if name.lower().replace("-", "_") == plain), None
    )


def _of_endpoint(
    provider: str,
    model: str,
    endpoint: Endpoint,
    typed: Typed | None,
    environment: Mapping[str, str],
) -> Target:
    key = environment.get(endpoint.key_env, "").strip() if endpoint.key_env else ""
    if endpoint.key_env and not key:
        raise _wrong(
            f"{provider}:{model} needs a key, and {endpoint.key_env} is not set.",
            _set(endpoint.key_env),
        )
    address = _url(endpoint.base_url, f"models.endpoints.{provider}.base_url")
    return Target(
        provider=provider,
        model=model,
        family="endpoint",
        wire=endpoint.protocol,
        base_url=_based(address, endpoint.protocol),
        key=_checked_key(key, endpoint.key_env),
        key_name=endpoint.key_env,
        free=_is_loopback(address.hostname or ""),
        typed=typed or endpoint.typed,
    )


def _split(name: str, settings: ModelSettings) -> tuple[str, str]:
    """Provider and model; the provider of a well-known model may be left out."""
    provider, colon, model = name.strip().partition(":")
    if not colon:
        model = provider
        provider = next((maker for shape, maker in _MAKERS if shape.match(model)), "")
    known = (*VENDORS, *settings.endpoints)
    if provider in known and model and not re.search(r"\s", model):
        return provider, model
    raise _wrong(
        f"{name[:100]!r} is no name of a model.",
        f"Write PROVIDER:MODEL with one of the providers {', '.join(known)}.",
    )


def _family(provider: str) -> Family:
    return next(family for family in VENDORS if family == provider)


def _keys_of(family: Family, environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold a key of this vendor, the one that counts first."""
    given = {name: environment.get(name, "").strip() for name in VENDORS[family].keys}
    return {name: key for name, key in given.items() if key}


def _checked_key(key: str, name: str) -> str:
    # Such a key could not be sent, and the library's error would show it.
    if key and not _KEY_SHAPE.fullmatch(key):
        raise _wrong(
            f"{name} holds spaces, line ends or other characters that no key has.", _set(name)
        )
    return key


def _address(family: Family, vendor: Vendor, full: str, environment: Mapping[str, str]) -> str:
    for name in vendor.addresses:
        given = environment.get(name, "").strip()
        if given:
            url = _url(_ollama(given) if family == "ollama" else given, name)
            return _based(url, vendor.wire)
    if not vendor.base_url:
        name = vendor.addresses[0]
        raise _wrong(
            f"{full} needs an address, and {name} is not set.",
            f"Set {name} to the address of the server, such as http://localhost:8000.",
        )
    return _based(urlsplit(vendor.base_url), vendor.wire)


def _ollama(host: str) -> str:
    """An address out of what Ollama's own programs take: a host, with or without port or scheme."""
    try:
        url = urlsplit(host if "://" in host else f"http://{host}")
        given = url.port
    except ValueError:
        return ""
    # That is where a server listens; a client cannot go there on every system.
    name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1", "": "127.0.0.1"}.get(  # noqa: S104
        url.hostname or "", url.hostname or ""
    )
    number = given or (None if "://" in host else _OLLAMA_PORT)
    port = f":{number}" if number else ""
    return f"{url.scheme}://{f'[{name}]' if ':' in name else name}{port}{url.path}"


def _url(text: str, name: str) -> SplitResult:
    try:
        url = urlsplit(text.strip())
        usable = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    # The address is not shown: it may hold a password.
    if not usable or url.username is not None or url.query or url.fragment:
        raise _wrong(
            f"The address in {name} is none that a model can be reached at.",
            "Write it like https://host:port/v1, without a user, a password or a query.",
        )
    return url


def _based(url: SplitResult, wire: Wire) -> str:
    """The base as its client wants it: OpenAI's with the version, Anthropic's without."""
    path = url.path.rstrip("/")
    if wire == "openai" and not path:
        path = "/v1"
    if wire != "openai":
        path = path.removesuffix("/v1")
    return f"{url.scheme}://{url.netloc}{path}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _set(name: str) -> str:
    return f"Set {name} in the environment to a key of this provider, or choose another model."


def _wrong(message: str, hint: str) -> UserError:
    return UserError(message, hint=hint, code="model_setting")
