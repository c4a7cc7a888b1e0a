"""Tokens that people and programs show to use MAS over HTTP; only their digests are kept (U3).

An entry is `NAME:ROLE:sha256-HEX`. A token has 256 random bits, so that one round of SHA-256 is
enough: there is nothing to guess, and checking costs nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from mas.core.actors import ACCESS_ROLES, AccessRole
from mas.core.errors import UserError

TOKEN_PREFIX: Final = "mas_"  # noqa: S105 - the beginning of all of them
"""Shows people, and programs that look for secrets in files, what it is."""
MAKE_ONE: Final = "Make one with: mas token new NAME --role operator"
RESERVED_NAMES: Final = frozenset({"local", "nobody"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"sha256-(?P<hex>[0-9a-fA-F]{64})")
_ROLES = ", ".join(ACCESS_ROLES)


@dataclass(frozen=True, kw_only=True)
class AccessToken:
    """What is known of a token: whose it is, and enough to know it again."""

    name: str
    role: AccessRole
    digest: bytes = field(repr=False)
    """SHA-256 of the token."""

    @property
    def entry(self) -> str:
        """As it stands in a setting."""
        return f"{self.name}:{self.role}:sha256-{self.digest.hex()}"


def digest_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def new_access_token(name: str, role: str, token: str) -> AccessToken:
    """The entry for a token that has just been made.

    Raises:
        UserError: The name or the role cannot be used (`bad_token_name`, `bad_token_role`).
    """
    if name.lower() in RESERVED_NAMES:
        raise UserError(
            f"The name {name} is what the server itself calls somebody without a token.",
            hint="Name whoever will use it, such as: mas token new alice --role operator",
            code="bad_token_name",
        )
    if not _NAME.fullmatch(name):
        raise UserError(
            "The name of a token has 1 to 64 letters, digits and any of . _ @ -",
            hint="Name whoever will use it, such as: mas token new alice --role operator",
            code="bad_token_name",
        )
    return AccessToken(name=name, role=_role(role), digest=digest_of(token))


def read_entries(entries: Iterable[str], *, place: str) -> tuple[AccessToken, ...]:
    """The tokens of a setting. No message shows an entry: it may be a token in the wrong place.

    Args:
        entries: One text each.
        place: Where they stand, such as `MAS_API_TOKENS`.

    Raises:
        UserError: An entry cannot be used (`bad_tokens`).
    """
    found: list[AccessToken] = []
    for number, entry in enumerate(entries, start=1):
        found.append(_read(entry.strip(), f"{place}, entry {number}"))
    _refuse_doubles(found, place)
    return tuple(found)


def _read(entry: str, place: str) -> AccessToken:
    name, _, rest = entry.partition(":")
    role, _, digest = rest.partition(":")
    if not rest:
        raise UserError(
            f"{place} is a token itself, or no entry at all.",
            hint="Only digests stand here. Make a token with: mas token new NAME --role operator. "
            "It prints the entry.",
            code="bad_tokens",
        )
    fits = _DIGEST.fullmatch(digest)
    named = _NAME.fullmatch(name) is not None and name.lower() not in RESERVED_NAMES
    if not named or fits is None or role not in ACCESS_ROLES:
        raise UserError(
            f"{place} has not the form NAME:ROLE:sha256-HEX, with a role of {_ROLES} and a name "
            "other than local and nobody.",
            hint=f"{MAKE_ONE}. It prints the entry.",
            code="bad_tokens",
        )
    return AccessToken(name=name, role=_role(role), digest=bytes.fromhex(fits["hex"]))


def _refuse_doubles(tokens: Sequence[AccessToken], place: str) -> None:
    names = [token.name for token in tokens]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(
            f"{place} has two entries with the name {twice}.",
            hint="Give each token a name of its own: the audit log tells them apart by it.",
            code="bad_tokens",
        )
    if len({token.digest for token in tokens}) < len(tokens):
        raise UserError(
            f"{place} has the same token under two names.", hint=MAKE_ONE, code="bad_tokens"
        )


def _role(role: str) -> AccessRole:
    if role not in ACCESS_ROLES:
        raise UserError(
            "There is no such role.",
            hint=f"Give one of {_ROLES}: mas token new NAME --role operator",
            code="bad_token_role",
        )
    return role
