"""Which folders a container sees, where, and whose they are."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from mas.core.errors import UserError
from mas.core.executors import Sandbox

ROOT: Final = PurePosixPath("/workspace/run")
"""Where the root of a sandbox is seen."""
GATEWAY: Final = PurePosixPath("/workspace/gateway")
"""Where the folder of the gateway's socket is seen."""


@dataclass(frozen=True, kw_only=True)
class PathMap:
    """Folders that the docker engine finds under another path than MAS does."""

    ours: Path
    theirs: Path

    def source(self, path: Path) -> Path:
        """Where the engine finds `path`.

        Raises:
            UserError: It lies outside of the folder that the engine shares (`no_folder`).
        """
        for here, root in ((path, self.ours), (path.resolve(), self.ours.resolve())):
            if here.is_relative_to(root):
                return self.theirs / here.relative_to(root)
        raise UserError(
            f"The docker engine does not see {path}.",
            hint=f"Only what lies in {self.ours} is shared with it: use a folder there.",
            code="no_folder",
        )


def inside(sandbox: Sandbox, path: Path) -> str:
    """Where a command sees a path at or below the sandbox's root.

    Raises:
        UserError: It lies elsewhere (`no_folder`).
    """
    for here, root in ((path, sandbox.root), (path.resolve(), sandbox.root.resolve())):
        if here.is_relative_to(root) and ".." not in here.parts:
            return str(ROOT / PurePosixPath(here.relative_to(root).as_posix()))
    raise UserError(
        f"{path} does not lie in {sandbox.root}, so no command can see it.",
        hint="Use a folder of the run.",
        code="no_folder",
    )


def mounts(sandbox: Sandbox, path_map: PathMap | None) -> list[str]:
    """The values of `--mount` for what a sandbox shows.

    Raises:
        UserError: A folder is not there, or out of the engine's sight (`no_folder`).
    """
    shown = dict.fromkeys(sandbox.readable, True) | dict.fromkeys(sandbox.writable, False)
    found = [
        _mount(_source(path, path_map), inside(sandbox, path), read_only=read_only)
        for path, read_only in shown.items()
    ]
    if sandbox.gateway is not None:
        shared = _gateway_folder(sandbox.gateway)
        found.append(_mount(_source(shared, path_map), gateway(sandbox.gateway, shared), True))
    return found


def gateway_inside(socket: Path) -> str:
    """Where a command's forwarder finds the gateway's socket."""
    return str(GATEWAY / socket.name)


def gateway(socket: Path, shared: Path) -> str:
    """Where what is shown of the gateway is mounted."""
    return gateway_inside(socket) if shared == socket else str(GATEWAY)


def _gateway_folder(socket: Path) -> Path:
    """What is mounted for the socket to be seen.

    A mounted file stays the one that it was, so a MAS that comes back with a new socket of the same
    name would not be heard: the folder is mounted, where it holds nothing else.
    """
    try:
        with os.scandir(socket.parent) as entries:
            alone = all(stat.S_ISSOCK(one.stat(follow_symlinks=False).st_mode) for one in entries)
    except OSError:
        alone = False
    return socket.parent if alone else socket


def _source(path: Path, path_map: PathMap | None) -> Path:
    if not path.exists():
        raise UserError(
            f"There is no folder {path} to show to a command.",
            hint="Make it first, or name another one.",
            code="no_folder",
        )
    return path_map.source(path) if path_map is not None else path.resolve()


def _mount(source: Path, target: str, read_only: bool) -> str:
    fields = ["type=bind", f"source={source}", f"target={target}"]
    if read_only:
        fields.append("readonly")
    # The client reads this as a line of CSV.
    return ",".join('"' + one.replace('"', '""') + '"' for one in fields)


def hand_over(folders: tuple[Path, ...], user: int, group: int) -> None:
    """Make everything in writable folders the container user's own; links are not followed.

    Files with more than one name stay whose they are: another name may lie outside.
    """
    for folder in folders:
        for path, entry in _everything(folder):
            shared = entry.st_nlink > 1 and not stat.S_ISDIR(entry.st_mode)
            if (entry.st_uid, entry.st_gid) != (user, group) and not shared:
                with contextlib.suppress(FileNotFoundError):
                    os.chown(path, user, group, follow_symlinks=False)


def _everything(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    yield str(folder), folder.stat()
    queue = [str(folder)]
    while queue:
        with os.scandir(queue.pop()) as entries:
            for entry in entries:
                yield entry.path, entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
