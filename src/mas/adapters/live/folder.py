"""Live output through a folder: one file a run, written by its workers, followed by any process.

What is written here is never needed again: it is dropped where it cannot be written, cut when it
grows, and removed when its run ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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
        at, rest = 0, b""
        while True:
            last = ended.is_set()
            data, at = self._read(run_id, at)
            *lines, rest = (rest + data).split(b"\n")
            for text in _decoded(lines):
                yield text
            if last and not data:
                return
            if not data:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_SECONDS)
                if ended.is_set() and not last:
                    continue
                await asyncio.sleep(0)

    def _read(self, run_id: str, at: int) -> tuple[bytes, int]:
        try:
            with self._path(run_id).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < at:
                    at = 0  # it has begun anew
                file.seek(at)
                data = file.read(65536)
        except OSError:
            return b"", at
        return data, at + len(data)

    def _path(self, run_id: str) -> Path:
        return self.folder / f"{run_id}.jsonl"


def _decoded(lines: list[bytes]) -> Iterator[LiveText]:
    for line in lines:
        with contextlib.suppress(msgspec.MsgspecError):
            yield msgspec.json.decode(line, type=LiveText)
