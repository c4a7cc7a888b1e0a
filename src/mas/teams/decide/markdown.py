"""Text from outside, made safe for Markdown."""

from __future__ import annotations

import re

from mas.core.language import plain

_SPANS = re.compile(r"(`[^`\n]+`)")


def md(text: str | None) -> str:
    """Text from outside as plain text of one line in Markdown."""
    made = plain(text or "", limit=4000)
    for sign in ("\\", "`", "*", "[", "]", "<", "|"):
        made = made.replace(sign, "\\" + sign)
    return made


def code(text: str) -> str:
    """Text from outside as a code span."""
    return "`" + plain(text).replace("`", "'").replace("|", "¦") + "`"


def prose(text: str) -> str:
    """Prose from outside: code spans stay, everything else is plain text."""
    pieces = _SPANS.split(plain(text, limit=4000))
    return "".join(code(one[1:-1]) if _SPANS.fullmatch(one) else md_piece(one) for one in pieces)


def md_piece(text: str) -> str:
    """As `md`, with the spaces at its ends."""
    body = text.strip()
    if not body:
        return " " if text else ""
    head = " " if text[0].isspace() else ""
    tail = " " if text[-1].isspace() else ""
    return f"{head}{md(body)}{tail}"
