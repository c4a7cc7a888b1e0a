"""Who the account is that runs this process."""

from __future__ import annotations

import getpass

from mas.core.actors import Actor


def local_actor(origin: str = "cli") -> Actor:
    """The account of this process, which may do everything: it owns the journal."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = "local"
    return Actor(name=name, role="admin", origin=origin)
