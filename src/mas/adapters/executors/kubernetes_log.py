"""Puts the log of a pod together from several readings: nothing twice, nothing lost.

Each line comes with its time. A reading that broke off is taken up again from a little before the
last line that was seen; a line is known by its time and its place among lines of that time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_STAMP: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z")
_LONGEST_STAMP: Final = 40
_SECOND: Final = 1_000_000_000
_OVERLAP: Final = 50_000_000
"""Nanoseconds by which lines of both streams may stand in a log in the wrong order."""
_FORGET_AT: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[int, int]


class LogReader:
    """Takes in what readings of one log bring, in any pieces, and gives what is new."""

    def __init__(self) -> None:
        self._seen: dict[Key, int] = {}
        """Bytes of lines that were given on, of the last moments."""
        self._latest = 0
        self._floor = 0
        """Lines before this time were given on, as far as this reading is concerned."""
        self._places: dict[int, int] = {}
        self._head = b""
        self._key: Key | None = None
        self._skip = 0
        self._forget_at = _FORGET_AT
        self._inside = False
        """In the text of a line, behind its time."""

    @property
    def since(self) -> str | None:
        """From when the next reading has to be asked for; None: from the beginning."""
        if not self._latest:
            return None
        moment = _EPOCH + timedelta(seconds=(self._latest - _OVERLAP) // _SECOND)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def begin(self) -> None:
        """Another reading begins, asked for from `since`."""
        self._floor = self._latest - _OVERLAP if self._latest else 0
        self._places.clear()
        self._head, self._key, self._skip, self._inside = b"", None, 0, False

    def feed(self, piece: bytes) -> bytes:
        """What is new in the next piece of a reading."""
        found: list[bytes] = []
        at = 0
        while at < len(piece):
            if not self._inside:
                at = self._read_stamp(piece, at, found)
                continue
            end = piece.find(b"\n", at) + 1
            text = piece[at:end] if end else piece[at:]
            self._give(text, found)
            at += len(text)
            if end:
                self._inside = False
        return b"".join(found)

    def _read_stamp(self, piece: bytes, at: int, found: list[bytes]) -> int:
        end = piece.find(b" ", at)
        line_end = piece.find(b"\n", at)
        if end < 0 and line_end < 0 and len(self._head) + len(piece) - at <= _LONGEST_STAMP:
            self._head += piece[at:]
            return len(piece)
        stops = [one for one in (end, line_end) if one >= 0]
        stop = min(stops) if stops else len(piece)
        head = self._head + piece[at:stop]
        self._head = b""
        self._inside = True
        moment = _moment(head) if len(head) <= _LONGEST_STAMP else None
        if moment is None:
            self._key, self._skip = None, 0
            found.append(head)
            return stop
        self._open(moment)
        return stop + 1 if stop == end else stop

    def _open(self, moment: int) -> None:
        """A line of this time begins."""
        place = self._places.get(moment, 0)
        self._places[moment] = place + 1
        self._key = (moment, place)
        if moment < self._floor:
            self._skip = -1
            return
        self._skip = self._seen.get(self._key, 0)
        if moment > self._latest:
            self._latest = moment
        if len(self._places) + len(self._seen) > self._forget_at:
            self._forget()

    def _forget(self) -> None:
        """Keep what a next reading can bring again, and nothing else."""
        floor = self._latest - _OVERLAP
        self._seen = {key: size for key, size in self._seen.items() if key[0] >= floor}
        self._places = {key: place for key, place in self._places.items() if key >= floor}
        # Twice what is left: a flood within the overlap is not gone through line by line.
        self._forget_at = max(_FORGET_AT, 2 * (len(self._seen) + len(self._places)))

    def _give(self, text: bytes, found: list[bytes]) -> None:
        if self._skip < 0:
            return
        if self._key is None:
            found.append(text)
            return
        known = min(self._skip, len(text))
        self._skip -= known
        new = text[known:]
        if new:
            self._seen[self._key] = self._seen.get(self._key, 0) + len(new)
            found.append(new)


def _moment(stamp: bytes) -> int | None:
    """Nanoseconds since 1970; None for what is no time."""
    match = _STAMP.match(stamp)
    if match is None:
        return None
    whole, fraction, zone = match.groups()
    text = whole.decode() + ("+00:00" if zone == b"Z" else zone.decode())
    try:
        passed = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        return None
    nanoseconds = int((fraction or b"0").ljust(9, b"0"))
    return (passed.days * 86_400 + passed.seconds) * _SECOND + nanoseconds
