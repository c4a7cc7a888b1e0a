"""Addresses of repositories: which are taken, and how they are shown without secrets (Q1, Q3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from mas.core.errors import UserError

_WITH_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.+)", re.DOTALL)
_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*::")
_SHORT: Final = re.compile(r"(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?[A-Za-z0-9\[][^/\s]*?:(?!:).+")
"""`git@host:path`, as ssh is often written; a slash before the colon makes it a path."""
_SECRET: Final = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://)[^/@\s]*@")
_FETCHED: Final = frozenset({"https", "http", "ssh", "git", "git+ssh", "ssh+git"})
_PERSONAL: Final = frozenset(
    """HOME USER LOGNAME PATH LANG XDG_CONFIG_HOME SSH_AUTH_SOCK GIT_SSH GIT_SSH_COMMAND
    GIT_SSH_VARIANT GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_SSL_CAINFO GIT_SSL_CAPATH
    GIT_SSL_CERT GIT_SSL_KEY GIT_PROXY_SSL_CAINFO SSL_CERT_FILE SSL_CERT_DIR
    HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
    GIT_CONFIG_NOSYSTEM""".split()
)


@dataclass(frozen=True, kw_only=True)
class Address:
    """A repository elsewhere, fetched with the person's own git configuration."""

    url: str = field(repr=False)
    """May hold a password: for git alone."""
    environment: Mapping[str, str | None] = field(repr=False)
    """What git is given for it; None: what git here has otherwise is taken away."""

    @property
    def shown(self) -> str:
        """The address for people and records."""
        return without_secret(self.url)


def address_of(named: str, environment: Mapping[str, str]) -> Address | Path | None:
    """What a name means when it is no path: an address, a `file://` as the path it names, or
    None for what can only be a path.

    Raises:
        UserError: It is an address of a kind that is not taken (`bad_repository`).
    """
    found = _WITH_SCHEME.fullmatch(named)
    if found is not None:
        scheme = found["scheme"].lower()
        if scheme == "file":
            return Path("/" + unquote(found["rest"]).removeprefix("localhost").lstrip("/"))
        if scheme in _FETCHED:
            return Address(url=named, environment=_personal(environment))
        raise _not_taken(named)
    if _HELPER.match(named):
        raise _not_taken(named)
    if _SHORT.fullmatch(named) and not named.startswith("-"):
        return Address(url=named, environment=_personal(environment))
    return None


def without_secret(text: str) -> str:
    """The text with users and passwords of addresses taken out."""
    return _SECRET.sub(r"\g<before>", text)


def _personal(environment: Mapping[str, str]) -> dict[str, str | None]:
    """The person's own settings of git and ssh, and nothing that could ask a question."""
    made: dict[str, str | None] = {
        "GIT_CONFIG_NOSYSTEM": None,
        "GIT_CONFIG_GLOBAL": None,
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    return made | {name: value for name, value in environment.items() if name in _PERSONAL}


def _not_taken(named: str) -> UserError:
    return UserError(
        f"{without_secret(named)[:200]} is no address that a repository is fetched from.",
        hint="Name a folder, or an address with https, ssh, git or file, or like git@host:path.",
        code="bad_repository",
    )
