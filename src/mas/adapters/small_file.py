"""Reading a small text file that a person wrote: settings, roles, policies."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mas.core.errors import UserError


class UnusableFile(UserError):
    """A file is there and cannot be used; `reason` is the end of a sentence about it."""

    default_code = "file_unusable"

    def __init__(self, path: Path, reason: str, *, line: int = 0) -> None:
        super().__init__(f"{path}: {reason}.", hint="Mend or move the file.")
        self.reason = reason
        self.line = line
        """Where the fault is, from 1; 0 is the file as a whole."""


def read_small_file(path: Path, *, limit_bytes: int) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        FileNotFoundError: There is nothing under this name.
        UnusableFile: It is no regular file, too large, not UTF-8, or may not be read; also when
            it is a link that leads nowhere.
    """
    try:
        # Without waiting: a pipe under this name would never answer.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        if path.is_symlink():
            raise UnusableFile(path, "it is a link that leads nowhere") from exc
        raise
    except (OSError, ValueError) as exc:
        raise UnusableFile(path, _reason(exc)) from exc
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnusableFile(path, "it is no regular file")
        with open(handle, "rb", closefd=False) as stream:
            content = stream.read(limit_bytes + 1)
    except OSError as exc:
        raise UnusableFile(path, _reason(exc)) from exc
    finally:
        os.close(handle)
    if len(content) > limit_bytes:
        raise UnusableFile(path, f"it is larger than {limit_bytes:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content[: exc.start].count(b"\n") + 1
        raise UnusableFile(path, f"line {line} is not UTF-8", line=line) from exc


def _reason(error: OSError | ValueError) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return f"it cannot be read ({told or error})"
