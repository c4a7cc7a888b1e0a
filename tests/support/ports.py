"""Ports for servers of tests that have to know theirs beforehand, or to get it back."""

from __future__ import annotations

import contextlib
import random
import socket

_PORTS = range(15_000, 30_000)
"""Systems give others to those who ask for any port, and for the near end of connections."""


def free_port() -> int:
    """A port on loopback that nobody has, and that nobody gets by chance."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
