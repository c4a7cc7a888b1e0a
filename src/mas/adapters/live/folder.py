"""Live output through a folder: one file a run, written by its workers, followed by any process.

What is written here is never needed again: it is dropped where it cannot be written, cut when it
grows, and removed when its run ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

LOOK_SECONDS = 0.1
"""How often a follower looks for more."""

LIMIT_BYTES = 4 * 1024 * 1024
"""A file that has grown beyond this begins anew."""

MASK = Callable[[str], str]


class LiveText(msgspec.Struct, frozen=True):
    """Text of one task, as it came."""

    task: str
    text: str


@dataclass(frozen=True, kw_only=True)
class FolderOutput:
    """Implements `mas.core.ports.LiveOutput`; `mask` takes secrets out of what is shown."""

    folder: Path
    mask: MASK = str

    def write(self, run_id: str, task_id: str, text: str) -> None:
        """Append text. A folder that cannot be written shows nothing and harms nobody."""
        if not text:
            return
        line = msgspec.json.encode(LiveText(task=task_id, text=self.mask(text))) + b"\n"
        with contextlib.suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._path(run_id)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            file = os.open(path, flags, 0o600)
            try:
                if os.fstat(file).st_size > LIMIT_BYTES:
                    os.ftruncate(file, 0)
                os.write(file, line)
            finally:
                os.close(file)

    def close(self, run_id: str) -> None:
        """Remove the file of a run that has ended."""
        with contextlib.suppress(OSError):
            self._path(run_id).unlink(missing_ok=True)

    async def follow(self, run_id: str, *, ended: asyncio.Event) -> AsyncIterator[LiveText]:
        """Give text from the file's beginning as it comes, until `ended` is set and all is read."""
        with _Follower(self._path(run_id)) as follower:
            while True:
                last = ended.is_set()
                while lines := follower.lines():
                    for text in _decoded(lines):
                        yield text
                if last:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_SECONDS)

    def _path(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.jsonl"


class _Follower:
    """Reads a file that grows. It stays open, so that what a run that has ended has left can
    still be read after its file is removed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: io.BufferedReader | None = None
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    def lines(self) -> list[bytes]:
        """The whole lines that have come since the last call; none when nothing has."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except OSError:
                return []
        if os.fstat(self._file.fileno()).st_size < self._file.tell():
            self._file.seek(0)  # it has begun anew
            self._rest = b""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        return lines


def _decoded(lines: list[bytes]) -> Iterator[LiveText]:
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(line, type=LiveText)
