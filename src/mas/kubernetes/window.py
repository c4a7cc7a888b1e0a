"""The sliding window through which a long JSON text is read: a value, or many items, at a time.

A piece that was cut in the wrong place (inside a string or a nested object) cannot be a valid
array, because a parser that accepts it stands after a whole item; so a cut is tried, never trusted.
When guesses fail, the piece is scanned token by token.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

import msgspec

from mas.core.errors import UserError
from mas.kubernetes.objects import Head

CHUNK_BYTES: Final = 4 * 1024 * 1024
ITEM_LIMIT_BYTES: Final = 32 * 1024 * 1024
"""An API server refuses objects of a tenth of this; anything larger is something else."""
HEADER_LIMIT_BYTES: Final = 1024 * 1024
"""Longest metadata, key or run of white space that is accepted."""
HOW_TO: Final = (
    "Make one with `mas cluster snapshot -o FILE`, or with "
    "`kubectl get nodes,pods,deployments,statefulsets,daemonsets,crds -A -o json > FILE`."
)
_MAX_GUESSES: Final = 8
_NEAR_BYTES: Final = 256 * 1024
_OVERLAP_BYTES: Final = 4096
"""Longer than what a boundary between two items looks like."""
_MAX_DEPTH: Final = 500
"""Nesting that no object has, and that decoders still bear."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^\s,\]}]+")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)|[{}\[\]]', re.DOTALL)
_ITEM_START = (
    rb'\{\s*"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"\s*,\s*"(?:kind|apiVersion)"\s*:\s*"[^"\\]*"'
)
_BOUNDARY = re.compile(rb"\}\s*,\s*(?=" + _ITEM_START + rb")")
FIRST_ITEM = re.compile(rb"\s*" + _ITEM_START)
_NESTED_LIST = re.compile(
    rb'\{\s*(?:"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"\s*,\s*|"metadata"\s*:\s*\{[^{}]*\}\s*,\s*)*'
    rb'"items"\s*:\s*\['
)
_PIECES = msgspec.json.Decoder(list[msgspec.Raw])
_HEAD = msgspec.json.Decoder(Head)


class Readable(Protocol):
    """A binary stream."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...


def refusal(message: str, hint: str) -> UserError:
    """The error for a text that is no snapshot."""
    return UserError(message, hint=hint, code="snapshot_invalid")


class Window:
    """The part of the text that is in memory, with a reading position."""

    def __init__(self, stream: Readable, name: str) -> None:
        self._stream = stream
        self._name = name
        self._text = b""
        self._at = 0
        self._dropped = 0
        self._ended = False
        self._stopped = (-1, 0, 0)
        """Where a scan for the end of a value stopped: begin of the value, place, depth."""
        self._guessed = 0
        """Place up to which no boundary was found."""

    def start(self) -> bytes:
        """The first bytes, with a byte order mark left out."""
        self._fill()
        if self._text.startswith(b"\xef\xbb\xbf"):
            self._at = 3
        return self._text[self._at : self._at + 4096]

    def mark(self) -> int:
        """The present position in the whole text."""
        return self._dropped + self._at

    def peek(self) -> int:
        """The next byte that is no white space; -1 at the end of the text."""
        skipped = 0
        while True:
            match = _SPACE.match(self._text, self._at)
            end = match.end() if match else self._at
            skipped += end - self._at
            self._at = end
            if end < len(self._text):
                return self._text[end]
            if self._ended:
                return -1
            if skipped > HEADER_LIMIT_BYTES:
                raise self.malformed()
            self._fill()

    def expect(self, byte: bytes) -> None:
        """Step over this byte, which must come next."""
        found = self.peek()
        if found < 0:
            raise self.truncated()
        if found != byte[0]:
            raise self.malformed()
        self._at += 1

    def separator(self, closing: bytes) -> bool:
        """Step over a comma; False when the container closes here instead."""
        found = self.peek()
        if found == closing[0]:
            return False
        self.expect(b",")
        if self.peek() == closing[0]:
            raise self.malformed()
        return True

    def value(self, limit: int) -> bytes:
        """Step over one value of at most `limit` bytes and return its text."""
        first = self.peek()
        if first < 0:
            raise self.truncated()
        while True:
            end = self._value_end(first)
            if end is not None:
                text = self._text[self._at : end]
                self._at = end
                return text
            if self._ended:
                raise self.truncated()
            if len(self._text) - self._at > limit:
                raise self.malformed()
            self._fill()

    def pieces(self) -> list[msgspec.Raw]:
        """Step over as many whole items as the window holds, at least one."""
        while True:
            found = self._guess() or self._scan()
            if found is not None:
                return found
            if self._ended:
                raise self.truncated()
            if len(self._text) - self._at > ITEM_LIMIT_BYTES:
                raise refusal(
                    f"{self._name} has an item larger than any Kubernetes object.", HOW_TO
                )
            self._fill()

    def at_nested_list(self) -> bool:
        """Whether the object that comes next is a List whose items can be streamed."""
        if len(self._text) - self._at < 4096 and not self._ended:
            self._fill()
        return _NESTED_LIST.match(self._text, self._at) is not None

    def kind_since(self, begin: int) -> str:
        """Kind of the object that began at `begin`, if all of it is at hand; else empty."""
        start = begin - self._dropped
        if start < 0:
            return ""
        if not self._ended:
            self._fill(keep=start)
            start = 0
        try:
            return _HEAD.decode(self._text[start:]).kind
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return ""

    def truncated(self) -> UserError:
        """The error for a text that ends too early."""
        return refusal(
            f"{self._name} is cut off: it ends after {self._size()} bytes, "
            "in the middle of the List.",
            "Write it again, and check that the disk was not full.",
        )

    def malformed(self) -> UserError:
        """The error for a text that breaks the rules of JSON at this position."""
        return refusal(f"{self._name} is not valid JSON near byte {self.mark()}.", HOW_TO)

    def _size(self) -> int:
        return self._dropped + len(self._text)

    def _fill(self, *, keep: int | None = None) -> None:
        """Read on, dropping what was read over."""
        start = self._at if keep is None else keep
        more = self._stream.read(CHUNK_BYTES)
        self._ended = not more
        self._text = self._text[start:] + more
        self._dropped += start
        self._at -= start

    def _value_end(self, first: int) -> int | None:
        """End of the value at the position; None when the window does not hold all of it."""
        if first in b"{[":
            return self._end(first=True)
        if first == ord('"'):
            match = _TOKEN.match(self._text, self._at)
            return match.end() if match and match[1] else None
        match = _SCALAR.match(self._text, self._at)
        if match is None:
            raise self.malformed()
        return match.end() if match.end() < len(self._text) or self._ended else None

    def _end(self, *, first: bool) -> int | None:
        """End of the first or of the last value from here on that is whole, scanned by tokens.

        When there is none, the next call goes on where this one stopped, so that a long value
        costs no more than its length.
        """
        begin = self.mark()
        at, depth = self._at, 0
        if self._stopped[0] == begin:
            at, depth = self._stopped[1] - self._dropped, self._stopped[2]
        last: int | None = None
        for match in _TOKEN.finditer(self._text, at):
            token = match[0]
            if token[0] == ord('"'):
                if not match[1]:
                    break
            elif token in (b"{", b"["):
                depth += 1
                if depth > _MAX_DEPTH:
                    raise self.malformed()
            else:
                depth -= 1
                if depth < 0:
                    break
                if depth == 0:
                    last = match.end()
                    if first:
                        break
            at = match.end()
        if last is None:
            self._stopped = (begin, self._dropped + at, depth)
        return last

    def _guess(self) -> list[msgspec.Raw] | None:
        """Cut at the last place that looks like the end of an item."""
        # What was looked at before this part was read is not looked at again.
        lowest = max(self._at, self._guessed - self._dropped)
        self._guessed = self._dropped + max(self._at, len(self._text) - _OVERLAP_BYTES)
        size = _NEAR_BYTES
        while True:
            start = max(lowest, len(self._text) - size)
            ends = [match.start() + 1 for match in _BOUNDARY.finditer(self._text, start)]
            if ends or start == lowest:
                break
            size *= 8
        for end in reversed(ends[-_MAX_GUESSES:]):
            pieces = self._decode(end)
            if pieces is not None:
                self._at = end
                return pieces
        return None

    def _scan(self) -> list[msgspec.Raw] | None:
        """Cut at the last end of an item that an exact scan finds."""
        end = self._end(first=False)
        if end is None:
            return None
        pieces = self._decode(end)
        if pieces is None:
            raise self.malformed()
        self._at = end
        return pieces

    def _decode(self, end: int) -> list[msgspec.Raw] | None:
        piece = b"".join((b"[", memoryview(self._text)[self._at : end], b"]"))
        try:
            return _PIECES.decode(piece)
        except (msgspec.DecodeError, RecursionError):
            return None
