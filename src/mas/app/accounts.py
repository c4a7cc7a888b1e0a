"""Who the account is that runs this process."""

from __future__ import annotations

import os
import pwd

from mas.core.actors import Actor


def local_actor(origin: str = "cli") -> Actor:
    """The account of this process, which may do everything: it owns the journal."""
    try:
        # Not from variables, which say what somebody has set them to.
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid-{os.getuid()}"
    return Actor(name=name, role="admin", origin=origin)
