"""A unified diff as two columns: each of its lines once, on its side, beside its counterpart. Pure.

What a diff holds is an agent's and hostile: names and lines are taken apart here as plain text,
and become HTML in `diff_lines` alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

MOST_LINES: Final = 3_000
"""Lines of a page; what comes behind is counted."""
_MOST_PAIRED: Final = 60
"""Longer runs of changed lines stand side by side in their order, however alike they are."""
_ALIKE: Final = 0.5

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)")
_QUOTED: Final = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    '"': '"',
    "\\": "\\",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of one side."""

    number: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """Two lines side by side; None: nothing stands there."""

    kind: Literal["same", "change"]
    left: Line | None
    right: Line | None


@dataclass(frozen=True, kw_only=True)
class Hunk:
    """Rows without a gap, behind `skipped` equal lines; None: it is not known how many."""

    skipped: int | None
    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class FileDiff:
    """One file of a diff."""

    path: str
    before: str | None
    """Its name before, where that was another."""
    hunks: tuple[Hunk, ...]
    notes: tuple[Literal["binary", "mode", "new", "deleted", "no_newline"], ...]
    left_lines: int
    """Lines of it that are only left."""
    right_lines: int
    cut: bool = False
    """There is more of it."""


def files_of(text: str, *, most_lines: int = MOST_LINES) -> tuple[FileDiff, ...]:
    """The files of a unified diff as git writes it, up to so many lines."""
    found: list[FileDiff] = []
    left = most_lines
    for lines in _by_file(text.split("\n")):
        one = _file(lines, max(0, left))
        left -= sum(len(hunk.rows) for hunk in one.hunks)
        found.append(one)
    return tuple(found)


def _by_file(lines: Sequence[str]) -> Iterator[list[str]]:
    """Each file's lines. Inside of a hunk every line has a sign before it, so that none of an
    agent's own can be taken for a beginning."""
    one: list[str] = []
    for line in lines:
        if line.startswith("diff --git ") and one:
            yield one
            one = []
        if one or line.startswith("diff --git "):
            one.append(line)
    if one:
        yield one


def _file(lines: Sequence[str], most: int) -> FileDiff:
    before, after = _paths(lines)
    notes: list[Literal["binary", "mode", "new", "deleted", "no_newline"]] = []
    at = 1
    while at < len(lines) and not lines[at].startswith("@@ "):
        line = lines[at]
        if line.startswith(("Binary files ", "GIT binary patch")):
            notes.append("binary")
        elif line.startswith("new file mode"):
            notes.append("new")
        elif line.startswith("deleted file mode"):
            notes.append("deleted")
        elif line.startswith("new mode"):
            notes.append("mode")
        at += 1
    hunks, cut = _hunks(lines[at:], most)
    if any(line.startswith("\\ No newline") for line in lines[at:]):
        notes.append("no_newline")
    rows = [row for hunk in hunks for row in hunk.rows if row.kind == "change"]
    return FileDiff(
        path=after or before,
        before=before if before and after and before != after else None,
        hunks=tuple(hunks),
        notes=tuple(dict.fromkeys(notes)),
        left_lines=sum(row.left is not None for row in rows),
        right_lines=sum(row.right is not None for row in rows),
        cut=cut,
    )


def _paths(lines: Sequence[str]) -> tuple[str, str]:
    """Name before and after; empty: the file is not there on that side."""
    before = after = ""
    for line in lines[1:]:
        if line.startswith("@@ "):
            break
        for start in ("rename from ", "copy from "):
            if line.startswith(start):
                before = unquoted(line[len(start) :])
        for start in ("rename to ", "copy to "):
            if line.startswith(start):
                after = unquoted(line[len(start) :])
        if line.startswith("--- ") and not before:
            before = _without_prefix(line[4:], "a/")
        if line.startswith("+++ ") and not after:
            after = _without_prefix(line[4:], "b/")
    if not before and not after:
        before = after = _same_path(lines[0].removeprefix("diff --git "))
    return before, after


def _without_prefix(name: str, prefix: str) -> str:
    shown = unquoted(name.removesuffix("\t"))
    return "" if shown == "/dev/null" else shown.removeprefix(prefix)


def _same_path(pair: str) -> str:
    """The path of a line that names it twice, which nothing else of the file tells."""
    if pair.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*"', pair)
        return unquoted(end.group()).removeprefix("a/") if end else pair
    half = (len(pair) - 1) // 2
    return pair[:half].removeprefix("a/")


def unquoted(name: str) -> str:
    """A name that git has put into quotes as it is: bytes are octal there."""
    if not (len(name) > 1 and name[0] == name[-1] == '"'):
        return name
    made = bytearray()
    for piece in re.finditer(r"\\([0-7]{3})|\\(.)|([^\\]+)", name[1:-1], re.DOTALL):
        octal, single, text = piece.groups()
        if octal is not None:
            made.append(int(octal, 8) & 0xFF)
        else:
            made += (text if text is not None else _QUOTED.get(single, single)).encode(
                "utf-8", "surrogateescape"
            )
    return made.decode("utf-8", "backslashreplace")


def _hunks(lines: Sequence[str], most: int) -> tuple[list[Hunk], bool]:
    found: list[Hunk] = []
    at, left_end, shown = 0, 1, 0
    while at < len(lines):
        head = _HUNK.match(lines[at])
        if head is None:
            at += 1
            continue
        left, right = int(head[1]), int(head[3])
        rows, taken = _rows(lines[at + 1 :], left, right, head)
        room = most - shown
        if room <= 0:
            return found, True
        begins = left + (head[2] == "0")
        found.append(
            Hunk(skipped=begins - left_end, heading=head[5].strip(), rows=tuple(rows[:room]))
        )
        shown += min(len(rows), room)
        if len(rows) > room:
            return found, True
        left_end = begins + int(head[2] or "1")
        at += 1 + taken
    return found, False


def _rows(
    lines: Sequence[str], left: int, right: int, head: re.Match[str]
) -> tuple[list[Row], int]:
    """The rows of one hunk, and how many lines it takes."""
    wanted = [int(head[2] or "1"), int(head[4] or "1")]
    rows: list[Row] = []
    gone: list[Line] = []
    come: list[Line] = []
    taken = 0
    for line in lines:
        if not any(wanted) and not line.startswith("\\"):
            break
        taken += 1
        sign, text = line[:1], line[1:]
        if sign == "-" and wanted[0]:
            gone.append(Line(number=left, text=text))
            left, wanted[0] = left + 1, wanted[0] - 1
        elif sign == "+" and wanted[1]:
            come.append(Line(number=right, text=text))
            right, wanted[1] = right + 1, wanted[1] - 1
        elif sign == "\\":
            continue
        elif all(wanted):
            rows += _paired(gone, come)
            gone, come = [], []
            same = (Line(number=left, text=text), Line(number=right, text=text))
            rows.append(Row(kind="same", left=same[0], right=same[1]))
            left, right = left + 1, right + 1
            wanted = [wanted[0] - 1, wanted[1] - 1]
        else:
            taken -= 1
            break
    rows += _paired(gone, come)
    return rows, taken


def _paired(gone: Sequence[Line], come: Sequence[Line]) -> list[Row]:
    """Changed lines side by side: those that are alike, and what is between them in its order."""
    rows: list[Row] = []
    at_left = at_right = 0
    for left, right in (*_alike(gone, come), (len(gone), len(come))):
        rows += _beside(gone[at_left:left], come[at_right:right])
        if left < len(gone):
            rows.append(Row(kind="change", left=gone[left], right=come[right]))
        at_left, at_right = left + 1, right + 1
    return rows


def _beside(gone: Sequence[Line], come: Sequence[Line]) -> Iterator[Row]:
    for at in range(max(len(gone), len(come))):
        yield Row(
            kind="change",
            left=gone[at] if at < len(gone) else None,
            right=come[at] if at < len(come) else None,
        )


def _alike(gone: Sequence[Line], come: Sequence[Line]) -> list[tuple[int, int]]:
    """Pairs of similar lines that do not cross, the most alike in all."""
    if not gone or not come or len(gone) == len(come) or max(len(gone), len(come)) > _MOST_PAIRED:
        return []
    likeness = [[_likeness(one.text, other.text) for other in come] for one in gone]
    best = [[0.0] * (len(come) + 1) for _ in range(len(gone) + 1)]
    for row in range(len(gone) - 1, -1, -1):
        for column in range(len(come) - 1, -1, -1):
            both = likeness[row][column] + best[row + 1][column + 1]
            best[row][column] = max(best[row + 1][column], best[row][column + 1], both)
    pairs: list[tuple[int, int]] = []
    row = column = 0
    while row < len(gone) and column < len(come):
        both = likeness[row][column] + best[row + 1][column + 1]
        if likeness[row][column] and best[row][column] == both:
            pairs.append((row, column))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return pairs


def _likeness(one: str, other: str) -> float:
    """From `_ALIKE` to 1; 0: they are not alike."""
    one, other = one.strip()[:200], other.strip()[:200]
    if not one or not other:
        return 0.0
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _ALIKE else 0.0
