"""Printing: one JSON document on stdout with `--json`, else text for people."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

import msgspec

from mas.core.language import plain

_TURNS = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FENCE = re.compile(r"^ *```(?:sh)?\n(.*?)^ *```\n", re.MULTILINE | re.DOTALL)


def print_json(value: object) -> None:
    """Print one JSON document, indented, as the only thing on stdout."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(text.decode("utf-8") + "\n")


def print_json_line(value: object) -> None:
    """Print one JSON document on one line, at once (for `watch --json`)."""
    sys.stdout.write(msgspec.json.encode(value).decode("utf-8") + "\n")
    sys.stdout.flush()


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns; cell texts are made plain. Wide (Korean) signs count as two."""
    table = [list(header), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def print_markdown(text: str) -> None:
    """Print Markdown: laid out on a terminal, as it is into a pipe or file.

    Commands stay on one line however long they are, so that they can be copied.
    """
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.text import Text

    console = Console()
    width = min(console.width, 110)
    for number, part in enumerate(_FENCE.split(text)):
        if number % 2 == 0:
            console.print(Markdown(part.strip()), width=width)
            continue
        for line in part.strip().splitlines():
            console.print(Text(f"     {line.strip()}", style="bold"), soft_wrap=True)


def plain_lines(text: str) -> str:
    """Text from outside made safe for a terminal; its lines stay lines."""
    return "".join(
        sign if sign == "\n" or (sign.isprintable() and sign not in _TURNS) else " "
        for sign in text
    )


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
