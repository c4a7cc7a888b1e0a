"""Whom a request comes from, and whether it came over https."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mas.app.access_settings import Network

_MOST_HOPS = 20
_LONGEST = 64
"""Characters of an address, and some more."""
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other end."""

    address: str
    https: bool
    loopback: bool

    @property
    def neighbourhood(self) -> str:
        """What counts as one client: whoever has one IPv6 address has a whole network of them."""
        address = _read(self.address)
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((address, 64), strict=False))
        return self.address


def peer_of(
    address: str, *, https: bool, forwarded_for: str, proto: str, trusted: Sequence[Network]
) -> Peer:
    """The client, which a trusted proxy may name; what anybody else says of others is not heard.

    Args:
        address: The other end of the connection.
        https: Whether the connection itself is one.
        forwarded_for: The header `X-Forwarded-For`.
        proto: The header `X-Forwarded-Proto`.
        trusted: Networks of the proxies that are believed.
    """
    near = _read(address)
    if near is None:
        return Peer(address="unknown", https=https, loopback=False)
    if not trusted or not _is_in(near, trusted):
        return _peer(near, https=https)
    client = near
    # From the right: each proxy adds the one that it has spoken to, and only ours are believed.
    for hop in reversed(forwarded_for.split(",")[-_MOST_HOPS:]):
        said = _read(hop.strip()[:_LONGEST])
        if said is None:
            break
        client = said
        if not _is_in(said, trusted):
            break
    return _peer(client, https=https or proto.rpartition(",")[2].strip().lower() == "https")


def _peer(address: _Address, *, https: bool) -> Peer:
    return Peer(address=str(address), https=https, loopback=address.is_loopback)


@lru_cache(maxsize=1024)
def _read(text: str) -> _Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_in(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
