"""Which names a request may call this server by."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from functools import lru_cache

_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::[0-9]{0,5})?")
_LONGEST = 300
"""Characters of a name with its port, and some more; longer ones are not even kept in mind."""
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@lru_cache(maxsize=256)
def host_name(header: str) -> str | None:
    """The name in a Host header, in lower case and without its port; None: it is none."""
    named = _HOST.fullmatch(header.strip())
    if named is None:
        return None
    return (named["six"] or named["name"]).lower().rstrip(".") or None


@lru_cache(maxsize=256)
def names_loopback(name: str) -> bool:
    """Whether a name means this machine, for whoever uses it."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_answered(header: str, *, loopback_only: bool, allowed: Collection[str]) -> bool:
    """Whether the server answers under the name of a Host header.

    Without tokens a page of a foreign name, which a name server has pointed at this machine, would
    be let in like the person in front of it. Names of loopback are always fine: no name server
    has a say in them.
    """
    name = host_name(header) if len(header) <= _LONGEST else None
    if name is None:
        return False
    if names_loopback(name):
        return True
    return not loopback_only and (not allowed or name in allowed)


def is_origin_of(origin: str, host: str) -> bool:
    """Whether an Origin header names the page of this very host and port.

    The scheme is left out: behind a proxy that ends TLS the server does not see it.
    """
    scheme, mark, place = origin.strip().lower().partition("://")
    if not mark or scheme not in _DEFAULT_PORTS:
        return False
    usual = _DEFAULT_PORTS[scheme]
    return place.removesuffix(usual) == host.strip().lower().removesuffix(usual)
