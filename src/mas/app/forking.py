"""What belongs to a fork beside the journal: the files that the agents of its source work on."""

from __future__ import annotations

import asyncio
import shutil
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from mas.core.errors import MasError, UserError
from mas.core.finishing import to_the_end
from mas.core.run import Run

_DRAFT = ".part"

_LEFT_AFTER = timedelta(days=1)
"""No copy takes as long."""


def branches_stay(run: Run) -> UserError:
    """The error for a fork of a fanout run that would have to bring its branches along."""
    return UserError(
        f"Run {run.id} has worked in a repository of its own, whose branches cannot come along.",
        hint="Ask again, as a new run; with the repository that the work was merged into, it goes "
        "on from there. A task that has failed can be retried in its own run.",
        code="cannot_fork",
    )


@asynccontextmanager
async def copied(
    workspaces: Path, source_id: str, new_id: str, *, is_made: Callable[[], Awaitable[bool]]
) -> AsyncIterator[None]:
    """Give a run that is about to be made the files of another one, as they are now; they go again
    when it is not made, which `is_made` tells when this was cancelled or has failed.

    They stand under the run's name once they are complete: a copy that a kill has cut short is
    nobody's, and removed by a fork of a later day.

    Raises:
        UserError: They cannot be copied (`cannot_fork`).
    """
    source, target = workspaces / source_id, workspaces / new_id
    draft = workspaces / f".{new_id}{_DRAFT}"
    await asyncio.to_thread(_remove_left, workspaces)
    try:
        await asyncio.to_thread(_copy, source, draft)
        if draft.is_dir():
            draft.rename(target)
        yield
    except BaseException as exc:
        await to_the_end(asyncio.to_thread(remove, draft))
        if not await to_the_end(_may_be_made(is_made)):
            await to_the_end(asyncio.to_thread(remove, target))
        if isinstance(exc, OSError):  # shutil's own error is one
            raise UserError(
                f"The files of run {source_id} could not be copied.",
                hint=f"See that {workspaces} can be written and has room.",
                code="cannot_fork",
            ) from exc
        raise


async def _may_be_made(is_made: Callable[[], Awaitable[bool]]) -> bool:
    """Files that nobody needs do less harm than a run without its files."""
    try:
        return await is_made()
    except MasError:
        return True


def remove(folder: Path) -> None:
    """Remove a copy."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_left(workspaces: Path) -> None:
    """Remove the copies that processes have left which were killed over them."""
    long_ago = time.time() - _LEFT_AFTER.total_seconds()
    for draft in workspaces.glob(f".*{_DRAFT}"):
        with suppress(OSError):  # another fork removes it at the same time
            # Not the time of the last change to its content: copying sets that to its source's.
            if draft.lstat().st_ctime < long_ago:
                remove(draft)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=_not_files)


def _not_files(folder: str, names: list[str]) -> set[str]:
    """Pipes, sockets and devices: reading them might never end."""
    wanted = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    modes = {name: Path(folder, name).lstat().st_mode for name in names}
    return {name for name, mode in modes.items() if not any(is_(mode) for is_ in wanted)}
