"""Who may use MAS over HTTP, as it is set; what the settings mean is in `mas.http.access` (U3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mas.adapters.small_file import UnusableFile, read_small_file
from mas.app.settings_file import DEFAULT, FILE, Reading
from mas.core.access_tokens import MAKE_ONE, AccessToken, read_entries
from mas.core.errors import UserError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TOKENS = "MAS_API_TOKENS"
TOKENS_FILE = "MAS_API_TOKENS_FILE"
FORMER = "MAS_API_TOKEN"
"""Held one token as it is; nobody reads it any more."""
_LIMIT_BYTES = 1_000_000
_BETWEEN = re.compile(r"[\s,]+")
_HOST = re.compile(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """What is set about access. Tokens are looked at only where they are needed (`tokens_of`)."""

    entries: tuple[str, ...] = field(default=(), repr=False)
    """Unread: whoever asks for a decision on the command line needs none of them."""
    tokens_file: Path | None = None
    """In place of `entries`."""
    tokens_place: str = TOKENS
    allowed_hosts: tuple[str, ...] = ()
    """Names in lower case, without ports. None: any, where tokens are set."""
    trusted_proxies: tuple[Network, ...] = ()
    """Who may say for whom, and over what, a request comes."""

    @property
    def is_open(self) -> bool:
        """Whether nobody needs a token, which is for loopback alone."""
        return not self.entries and self.tokens_file is None


def read_access(reading: Reading, home: Path) -> AccessSettings:
    """The part `access` of the settings."""
    file = reading.file.access
    given = _listed(reading.environment.get(TOKENS, ""))
    given_file = reading.environment.get(TOKENS_FILE, "").strip()
    if given and given_file:
        raise UserError(
            f"Both {TOKENS} and {TOKENS_FILE} are set.",
            hint="Set one of them: the other would be forgotten when a token is taken back.",
            code="bad_setting",
        )
    from_environment = bool(given or given_file)
    if file.tokens and file.tokens_file and not from_environment:
        reading.wrong("access.tokens", "this or access.tokens_file, not both,")
    entries = given if from_environment else file.tokens
    path = given_file if from_environment else (file.tokens_file or "").strip()
    place = TOKENS if given else FILE + ", access.tokens"
    # Digests are no secrets, and nobody needs to see them either.
    reading.show("access.tokens", "set" if entries else None, _origin(given, entries, TOKENS))
    reading.show("access.tokens_file", path or None, _origin(given_file, path, TOKENS_FILE))
    return AccessSettings(
        entries=tuple(entries),
        tokens_file=home / path if path else None,
        tokens_place=str(home / path) if path else place,
        allowed_hosts=_hosts(reading, file.allowed_hosts),
        trusted_proxies=_proxies(reading, file.trusted_proxies),
    )


def tokens_of(access: AccessSettings) -> tuple[AccessToken, ...]:
    """The tokens that are set. Reads a file where one is named.

    Raises:
        UserError: They cannot be read or used (`bad_tokens`).
    """
    if access.tokens_file is None:
        return read_entries(access.entries, place=access.tokens_place)
    try:
        text = read_small_file(access.tokens_file, limit_bytes=_LIMIT_BYTES)
    except FileNotFoundError as exc:
        raise UserError(
            f"{access.tokens_file}: there is no such file.",
            hint=f"{TOKENS_FILE} names a file with an entry on each line. {MAKE_ONE}.",
            code="bad_tokens",
        ) from exc
    except UnusableFile as exc:
        raise UserError(exc.message, hint=exc.hint, code="bad_tokens") from exc
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    entries = [entry for line in lines for entry in _listed(line)]
    if not entries:
        # An empty file must not open the door.
        raise UserError(
            f"{access.tokens_file}: there is no token in it.", hint=MAKE_ONE, code="bad_tokens"
        )
    return read_entries(entries, place=access.tokens_place)


def refuse_former(environment: Mapping[str, str]) -> None:
    """Say what has become of the variable that held one token as it is.

    Raises:
        UserError: It is still set (`former_token`).
    """
    if environment.get(FORMER, "").strip():
        raise UserError(
            f"{FORMER} is not used any more: tokens have names and roles now.",
            hint="Make one with: mas token new NAME --role admin. Put the entry that it prints "
            f"into {TOKENS}, give the token to whoever uses it, and take {FORMER} away.",
            code="former_token",
        )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in _BETWEEN.split(text) if part)


def _origin(given: object, value: object, variable: str) -> str:
    return variable if given else FILE if value else DEFAULT


def _hosts(reading: Reading, written: Sequence[str]) -> tuple[str, ...]:
    listed = reading.text("access.allowed_hosts", "MAS_ALLOWED_HOSTS", ", ".join(written))
    hosts = tuple(host.lower().rstrip(".") for host in _listed(listed or ""))
    if not all(_HOST.fullmatch(host) for host in hosts):
        reading.wrong("access.allowed_hosts", "names of hosts without scheme and port")
    return tuple(host.strip("[]") for host in hosts)


def _proxies(reading: Reading, written: Sequence[str]) -> tuple[Network, ...]:
    listed = reading.text("access.trusted_proxies", "MAS_TRUSTED_PROXIES", ", ".join(written))
    try:
        return tuple(ipaddress.ip_network(one, strict=False) for one in _listed(listed or ""))
    except ValueError:
        reading.wrong("access.trusted_proxies", "addresses or networks such as 10.0.0.0/8")
