"""A log file of bounded size for what a server says beside its messages."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from mas.core.language import plain

_LONGEST_LINE: Final = 2_000
Mask = Callable[[str], str]


class BoundedLog:
    """Appends masked lines to a file that only its owner can read; silent when it cannot.

    When it is full it becomes `NAME.log.1` and a new one begins. `last` is the last line.
    """

    def __init__(self, file: Path, *, most_bytes: int, mask: Mask) -> None:
        self._file = file
        self._most = most_bytes
        self._mask = mask
        self._open: BinaryIO | None = None
        self._size = 0
        self.last = ""

    def write(self, line: str) -> None:
        """Add one line; control characters are removed and what is too long is cut."""
        # Masked before it is cut: half a secret at the cut would not be recognised.
        text = plain(self._mask(line), limit=_LONGEST_LINE)
        if not text:
            return
        self.last = text
        data = text.encode() + b"\n"
        with contextlib.suppress(OSError):
            target = self._target(len(data))
            target.write(data)
            target.flush()
            self._size += len(data)

    def close(self) -> None:
        """Close the file; writing opens it again."""
        if self._open is not None:
            with contextlib.suppress(OSError):
                self._open.close()
            self._open = None

    def _target(self, more: int) -> BinaryIO:
        if self._open is None:
            self._open = self._opened()
        if self._size and self._size + more > self._most:
            self.close()
            self._file.replace(self._file.with_name(self._file.name + ".1"))
            self._open = self._opened()
        return self._open

    def _opened(self) -> BinaryIO:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._file, flags, 0o600)
        self._size = os.fstat(handle).st_size
        return os.fdopen(handle, "ab")
