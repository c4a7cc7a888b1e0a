"""Moves objects from one repository to another; what arrives is checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from mas.repositories.git import LONG, Git

_MOST_BYTES: Final = 4_000_000_000


async def transfer(
    source: Git,
    target: Git,
    tips: Sequence[str],
    *,
    without: Sequence[str] = (),
    strict: bool = False,
    deadline: timedelta = LONG,
) -> None:
    """Bring the commits `tips` with all that they need, beyond what `without` has.

    Names are computed anew from the contents on arrival. With `strict`, what is malformed or
    points to what is not there is refused as a whole.

    Raises:
        GitFailed: Objects are missing, broken or refused; nothing that counts has arrived.
    """
    wanted = "".join(f"{tip}\n" for tip in tips) + "".join(f"^{one}\n" for one in without)
    into = ["index-pack", "--stdin", f"--max-input-size={_MOST_BYTES}"]
    if strict:
        into.append("--strict")
    await source.pipe(
        ("pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset"),
        target,
        into,
        stdin=wanted.encode(),
        deadline=deadline,
    )


async def pack_into(git: Git, commit: str, held_in: Sequence[Path], objects: Path) -> None:
    """Pack a commit with its history out of a repository that is trusted, into another folder.

    Nothing is written where the objects come from.

    Raises:
        GitFailed: Objects are missing, or there is no space.
    """
    packing = git.having(
        GIT_OBJECT_DIRECTORY=str(objects),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=":".join(_quoted(str(one)) for one in held_in),
    )
    told = ("pack-objects", "--revs", "-q", "--delta-base-offset", str(objects / "pack" / "pack"))
    await packing.run(*told, stdin=f"{commit}\n".encode(), deadline=LONG)


def _quoted(path: str) -> str:
    """A path as it stands in a list of alternates, which colons divide."""
    if ":" not in path and not path.startswith('"'):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
