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

RECENT_BYTES = 512 * 1024
"""Of a file that is there already, a follower gets no more than this: enough for the last words of
each of many agents, a token in each line."""

_PIECE_BYTES = 64 * 1024
"""Read and given at once: between two pieces everybody else has a turn."""

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
        """Give what was written last, and then text as it comes, until `ended` is set and all is
        read. Of a file that is longer than `RECENT_BYTES` the beginning is left out."""
        with _Follower(self._path(run_id)) as follower:
            while True:
                last = ended.is_set()
                while follower.has_more():
                    for text in await asyncio.to_thread(follower.texts):
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

    def has_more(self) -> bool:
        """Whether there is something that was not read. It takes no reading to know."""
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except OSError:
                return False
            # This may be within a line: what is left of that one is no text.
            self._file.seek(max(self._size() - RECENT_BYTES, 0))
        return self._size() != self._file.tell()

    def texts(self) -> list[LiveText]:
        """The next ones, as many as a piece of the file holds; none where it holds no whole line.
        Only while `has_more`."""
        assert self._file is not None  # noqa: S101 - it has more
        if self._size() < self._file.tell():
            # It has begun anew. By way of its end: the way back alone may stay within what was
            # read ahead.
            self._file.seek(0, io.SEEK_END)
            self._file.seek(0)
            self._rest = b""
        *lines, self._rest = (self._rest + self._file.read(_PIECE_BYTES)).split(b"\n")
        return list(_decoded(lines))

    def _size(self) -> int:
        assert self._file is not None  # noqa: S101 - it is open
        return os.fstat(self._file.fileno()).st_size


def _decoded(lines: list[bytes]) -> Iterator[LiveText]:
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(line, type=LiveText)
