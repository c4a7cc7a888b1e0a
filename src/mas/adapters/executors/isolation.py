"""Which isolation works on this machine, found by trying (S3)."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from mas.adapters.executors import bubblewrap, confinement
from mas.adapters.executors.bubblewrap import Bubblewrap
from mas.core.errors import UserError

Isolation = Literal["bubblewrap", "landlock", "own_user", "none"]
"""From the strongest down: namespaces of its own; files, sockets and signals closed by the
kernel; another user's number; nothing."""

FIRST_USER: Final = 1_900_000_000
USERS: Final = 200_000_000
"""Numbers of users that neither systems nor containers give out."""

_PROBE_SECONDS: Final = 10.0
_PASSABLE: Final = 0o001
_READABLE: Final = 0o005


@dataclass(frozen=True, kw_only=True)
class Means:
    """How commands are isolated here."""

    isolation: Isolation
    words: str
    bubblewrap: Bubblewrap | None = None
    own_user: bool = False
    """Each set of writable folders is a user of its own."""
    closes_network: bool = False

    @property
    def python(self) -> str:
        """A Python that starts inside; with users of their own, ours may be in a closed home."""
        if not self.own_user or open_to_all(Path(os.path.realpath(sys.executable))):
            return sys.executable
        return shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or sys.executable


def means(*, unsafe: bool, prefer: Isolation | None) -> Means:
    """The strongest that works here, or just `prefer`.

    Raises:
        UserError: None does, and `unsafe` is not set (`no_isolation`).
    """
    for isolation in ("bubblewrap", "landlock", "own_user"):
        if prefer in (None, isolation):
            found = _tried(isolation)
            if found is not None:
                return found
    if unsafe and prefer in (None, "none"):
        return Means(isolation="none", words="nothing: commands may do what this user may")
    what = "Nothing on this machine isolates" if prefer is None else f"{prefer} does not isolate"
    raise UserError(
        f"{what} the commands of agents.",
        hint="Install bubblewrap, use another executor, or run with --unsafe-local.",
        code="no_isolation",
    )


@functools.cache
def _tried(isolation: Isolation) -> Means | None:
    """Whether this one works; tried once."""
    if isolation == "bubblewrap":
        found = bubblewrap.find()
        if found is None:
            return None
        return Means(
            isolation="bubblewrap", words="bubblewrap", bubblewrap=found, closes_network=True
        )
    others = _other_users()
    if isolation == "landlock":
        abi = confinement.landlock_abi() if sys.platform == "linux" else 0
        # Without users of their own, root's commands could change what Landlock does not guard.
        if abi < 1 or (os.geteuid() == 0 and not others):
            return None
        words = f"Landlock (ABI {abi})" + (" and a user of its own" if others else "")
        return Means(
            isolation="landlock", words=words, own_user=others, closes_network=_network_closes()
        )
    if others:
        return Means(
            isolation="own_user",
            words="a user of its own",
            own_user=True,
            closes_network=_network_closes(),
        )
    return None


def open_to_all(path: Path) -> bool:
    """Whether any user can get to this path and read it."""
    try:
        passable = all(above.stat().st_mode & _PASSABLE for above in path.parents)
        return passable and path.stat().st_mode & _READABLE == _READABLE
    except OSError:
        return False


def _other_users() -> bool:
    """Whether this process can become any other user."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    return _succeeds(f"import os; os.setgroups([]); os.setuid({FIRST_USER})")


def _network_closes() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    place = Path(confinement.__file__).resolve().parents[3]
    program = (
        f"import sys; sys.path.append({str(place)!r})\n"
        "from mas.adapters.executors.confinement import leave_network; leave_network()"
    )
    return _succeeds(program)


def _succeeds(program: str) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-I", "-S", "-c", program],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={},
            cwd="/",
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
