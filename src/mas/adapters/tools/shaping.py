"""Text from outside made fit for a model: plain characters, a bounded size, totals told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DESCRIPTION_LIMIT: Final = 1000
"""Characters of a tool's description that a model gets."""
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)?|[@-Z\\-_])"
)
_CONTROLS = re.compile(
    # C0 and C1 but tab and new line; marks that reorder or hide text; tags that nobody sees.
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
_BREAKS = re.compile(r"\r\n|\r")
_TAIL_PART: Final = 3
_NOTICE_ROOM: Final = 260


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A text as far as a model sees it: its first and last lines."""

    head: str
    tail: str
    head_lines: int
    tail_lines: int


def plain(text: str) -> str:
    """The text without control characters, escape sequences and invisible marks."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = _BREAKS.sub("\n", text)
    return _CONTROLS.sub("", text)


def plain_line(text: str, limit: int = DESCRIPTION_LIMIT) -> str:
    """The text as one short line."""
    line = " ".join(plain(text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def quoted_name(name: str) -> str:
    """A file's name as it can stand in a list: odd ones in quotation marks, with escapes."""
    odd = name != plain(name) or "\n" in name or name != name.strip()
    shown = name.encode("utf-8", "backslashreplace").decode()
    return f'"{shown.encode("unicode_escape").decode()}"' if odd else shown


def shorten(text: str, limit: int) -> Shown:
    """Choose the lines that are shown in `limit` characters, notice included: two thirds from
    the beginning, the rest from the end, where errors stand."""
    room = max(limit - _NOTICE_ROOM, 2 * _TAIL_PART)
    tail_room = room // _TAIL_PART
    head = text[: room - tail_room]
    if "\n" in head:
        head = head[: head.rindex("\n")]
    tail = text[-tail_room:]
    if "\n" in tail:
        tail = tail[tail.index("\n") + 1 :]
    return Shown(
        head=head,
        tail=tail,
        head_lines=head.count("\n") + 1,
        tail_lines=count_lines(tail),
    )


def count_lines(text: str) -> int:
    """Lines of a text; a last one without its end counts."""
    return text.count("\n") + (not text.endswith("\n") if text else 0)


def cut_notice(shown: Shown, *, lines: int, characters: int, output_id: str) -> str:
    """Say how much is shown, and how to see the rest."""
    if lines <= 2:
        seen = len(shown.head) + len(shown.tail)
        what = f"{seen:,} of {characters:,} characters shown"
    else:
        what = f"{shown.head_lines + shown.tail_lines:,} of {lines:,} lines shown"
    if not output_id:
        return f"... {what}; ask for less at once."
    return (
        f"... {what}; the whole output is kept as {output_id}: read on with outputs.read "
        f'(id "{output_id}", offset {shown.head_lines + 1}) or look in it with outputs.search.'
    )
