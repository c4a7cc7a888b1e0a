"""Isolation by bubblewrap: namespaces of its own, and a file system made of what is shown (S3).

Also where MAS is root: there, the command is root's number outside without any of its rights, so
`/proc` is read-only as a whole, because the kernel's settings in it belong to that number.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mas.adapters.executors import shown
from mas.core.executors import Sandbox

USER: Final = 1000
"""Who a command is inside."""
GATEWAY: Final = Path("/run/mas/gateway.sock")
"""Where the gateway's socket is inside."""
ACCOUNTS: Final = {
    "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\nagent:x:{USER}:{USER}:agent:/tmp:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    "group": f"root:x:0:\nagent:x:{USER}:\nnogroup:x:65534:\n",
}
"""Files of `/etc` that are made for each command: who else has an account here is nobody's."""

_PROBE_SECONDS: Final = 10.0
_TEMPORARY_BYTES: Final = 1 << 30
"""The largest `/tmp`; it counts as memory of the command."""


@dataclass(frozen=True, kw_only=True)
class Bubblewrap:
    """A bubblewrap that works here, and what it can do beyond the oldest."""

    program: str
    sizes: bool
    """It limits temporary file systems."""
    closes_namespaces: bool
    """It can forbid commands to make namespaces of their own."""

    def argv(self, sandbox: Sandbox, path: str, accounts: Path) -> list[str]:
        """The words before the program that is run inside, with the files of `ACCOUNTS`."""
        return [
            self.program,
            *self._namespaces(close_network=sandbox.network != "open"),
            *_system(sandbox.root),
            *self._kernel_files(sandbox.limits.memory_bytes),
            *_settings(accounts),
            *_binds("--ro-bind", shown.programs(path, sandbox.programs, sandbox.root)),
            *_own_folders(sandbox),
            *_gateway(sandbox),
            *("--remount-ro", "/", "--chdir", "/", "--"),
        ]

    def _namespaces(self, *, close_network: bool) -> list[str]:
        words = (
            "--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try "
            f"--uid {USER} --gid {USER} --hostname sandbox "
            "--die-with-parent --new-session --as-pid-1 --cap-drop ALL"
        ).split()
        if close_network:
            words.append("--unshare-net")
        if self.closes_namespaces:
            words.append("--disable-userns")
        return words

    def _kernel_files(self, memory_bytes: int | None) -> list[str]:
        room = min(_TEMPORARY_BYTES, (memory_bytes or _TEMPORARY_BYTES * 2) // 2)
        size = ["--size", str(room)] if self.sizes else []
        return [
            *("--proc", "/proc", "--remount-ro", "/proc"),
            *("--dev", "/dev", *size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108
            *(*size, "--tmpfs", "/tmp"),  # noqa: S108
            *("--dir", "/var", "--symlink", "/tmp", "/var/tmp", "--dir", "/run"),  # noqa: S108
        ]


@functools.cache
def find() -> Bubblewrap | None:
    """The bubblewrap of this machine, if it works here; tried once."""
    program = shutil.which("bwrap") or shutil.which("bwrap", path=os.defpath)
    if program is None:
        return None
    for sizes, closes in ((True, True), (True, False), (False, False)):
        one = Bubblewrap(program=program, sizes=sizes, closes_namespaces=closes)
        if _works(one):
            return one
    return None


def _works(one: Bubblewrap) -> bool:
    words: Sequence[str] = [
        one.program,
        *one._namespaces(close_network=True),
        *_system(Path("/nonexistent")),
        *one._kernel_files(None),
        *("--remount-ro", "/", "--", "/bin/sh", "-c", ":"),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - the program that was just found, and our own words
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={},
            cwd="/",
            timeout=_PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _system(hidden: Path) -> list[str]:
    words = []
    for folder in shown.system(hidden):
        if folder.is_symlink():
            words += ["--symlink", str(folder.readlink()), str(folder)]
        else:
            words += ["--ro-bind", str(folder), str(folder)]
    return words


def _settings(accounts: Path) -> list[str]:
    words = []
    for path in shown.SETTINGS:
        if path.name not in ACCOUNTS and path.exists():
            words += ["--ro-bind-try", str(path), str(path)]
    for name in ACCOUNTS:
        words += ["--ro-bind", str(accounts / name), f"/etc/{name}"]
    return words


def _own_folders(sandbox: Sandbox) -> list[str]:
    """Outer folders first, so that an inner one is not covered."""
    folders = [(folder, "--bind") for folder in sandbox.writable]
    folders += [(folder, "--ro-bind") for folder in sandbox.readable]
    folders.sort(key=lambda one: len(one[0].parts))
    return [word for folder, kind in folders for word in (kind, str(folder), str(folder))]


def _gateway(sandbox: Sandbox) -> list[str]:
    if sandbox.network != "gateway" or sandbox.gateway is None:
        return []
    return ["--ro-bind", str(sandbox.gateway), str(GATEWAY)]


def _binds(kind: str, folders: Sequence[Path]) -> list[str]:
    return [word for folder in folders for word in (kind, str(folder), str(folder))]
