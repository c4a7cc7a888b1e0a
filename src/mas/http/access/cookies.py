"""The two cookies of access: what they are called, what they may hold, how they are set."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Final

SESSION: Final = "mas_session"
"""Says who it is, after a login."""
BROWSER: Final = "mas_browser"
"""Says nothing but which browser it is, so that a form of our page can be told from a foreign one
while nobody has logged in."""
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")


def new_value() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def full_name(name: str, *, https: bool) -> str:
    """As it is sent. With the prefix a browser takes it from this very host over https only, so
    that neither a neighbouring host nor plain http can put one in its place."""
    return f"__Host-{name}" if https else name


def value_of(header: str, name: str, *, https: bool) -> str | None:
    """The value of a cookie of ours; None: it is not there, or nothing that we have made."""
    wanted = full_name(name, https=https)
    for one in header.split(";"):
        key, _, value = one.strip().partition("=")
        if key == wanted and _VALUE.fullmatch(value):
            return value
    return None


def set_cookie(name: str, value: str, *, https: bool, life: timedelta) -> str:
    """The header `Set-Cookie`; a life of nothing takes the cookie away.

    `Lax`, not `Strict`: with `Strict` the first page behind a link in a mail or chat would look
    logged out. What changes something is never a plain link here, and forms have a proof of
    their own.
    """
    secure = "; Secure" if https else ""
    age = int(life.total_seconds())
    named = full_name(name, https=https)
    return f"{named}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
