"""Tells what a command has said from the last words of the process that supervised it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mas.adapters.executors.docker_inside import MARK

_LAST_WORDS: Final = re.compile(re.escape(MARK) + rb"([a-z]+) (\d+) (\d+)\n\Z")
_ROOM: Final = 80
"""The longest last words: the mark, a kind and two numbers."""


@dataclass(frozen=True, kw_only=True)
class LastWords:
    """How a command ended, from where it ran."""

    kind: str
    """exit, signal, deadline, folder, program"""
    number: int
    total_bytes: int
    """Of all its output, also of what the engine has not kept."""


class Stream:
    """Takes in what a container says, and hands on what is the command's own at once."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._held = b""
        self._skip = 0
        self.seen_bytes = 0
        """How much has come in."""

    def again(self) -> None:
        """The same stream is to be told from its beginning once more."""
        self._skip, self.seen_bytes = self.seen_bytes, 0

    def feed(self, data: bytes) -> None:
        """Take in the next piece, cut anywhere."""
        self.seen_bytes += len(data)
        passed = min(self._skip, len(data))
        self._skip -= passed
        held = self._held + data[passed:]
        start = _may_be_last_words(held)
        self._held = held[start:]
        if start:
            self._take(held[:start])

    def end(self) -> LastWords | None:
        """The stream has ended; returns its last words, None when it broke off."""
        held, self._held = self._held, b""
        found = _LAST_WORDS.fullmatch(held)
        if found is None:
            if held:
                self._take(held)
            return None
        return LastWords(kind=found[1].decode(), number=int(found[2]), total_bytes=int(found[3]))


def _may_be_last_words(data: bytes) -> int:
    """From where on the end of `data` may be the beginning of last words."""
    begin = max(len(data) - _ROOM, 0)
    found = data.rfind(MARK, begin)
    if found >= 0:
        return found
    for length in range(min(len(MARK) - 1, len(data)), 0, -1):
        if data.endswith(MARK[:length]):
            return len(data) - length
    return len(data)
