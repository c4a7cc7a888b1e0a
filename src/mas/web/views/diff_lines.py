"""Lines of a diff as HTML: colours of the language, what has changed in them, signs that hide.

Only here text of agents becomes HTML, piece by piece, and each piece is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

LONGEST_LINE: Final = 1_000
"""Characters of a line that are shown; the rest is counted."""
_MOST_COLOURED: Final = 40_000
"""Characters of one side of a hunk that are coloured."""
_LONGEST_COLOURED: Final = 2_000
_MOST_COMPARED: Final = 500

_CLASSES: Final = (
    (Token.Comment, "c"),
    (Token.Keyword, "k"),
    (Token.Operator.Word, "k"),
    (Token.Name.Function, "f"),
    (Token.Name.Class, "f"),
    (Token.Name.Tag, "f"),
    (Token.Name.Decorator, "f"),
    (Token.Name.Attribute, "f"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "d"),
    (Token.Name.Constant, "d"),
    (Token.Generic.Heading, "k"),
)
_KNOWN: Final = frozenset(
    "Python|JavaScript|TypeScript|TSX|JSX|JSON|YAML|TOML|INI|Bash|Batchfile|PowerShell|Go|Rust|Java"
    "|Kotlin|C|C++|C#|Ruby|PHP|Swift|Scala|HTML|CSS|SCSS|SQL|Markdown|Docker|Makefile|Terraform|XML"
    "|Lua|Perl|Properties|Protocol Buffer".split("|")
)
"""Lexers that are used; the others are not needed here, and some take very long."""
_WORD = re.compile(r"\w+|\s+|[^\w\s]", re.ASCII)
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff0-\ufff8\U000e0000-\U000e0fff]"
)

_CONTROLS: Final = (
    "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN "
    "EM SUB ESC FS GS RS US"
).split()

Piece = tuple[str, str]
"""Class and text."""


def lexer_for(path: str) -> Lexer | None:
    """The language of a file by its name; None: it stays without colours."""
    name = path.rpartition("/")[2]
    if not name or not name.isprintable() or len(name) > 200:
        return None
    try:
        lexer = get_lexer_for_filename(name, stripnl=False, ensurenl=True)
    except ClassNotFound:
        return None
    return lexer if lexer.name in _KNOWN else None


def coloured(lines: Sequence[str], lexer: Lexer | None) -> list[list[Piece]]:
    """The pieces of each line, in the same number of lines; their text is that of the lines."""
    plain = [[("", line)] for line in lines]
    if lexer is None or not lines:
        return plain
    size = sum(len(line) + 1 for line in lines)
    if size > _MOST_COLOURED or max(map(len, lines)) > _LONGEST_COLOURED:
        return plain
    made: list[list[Piece]] = [[]]
    for kind, text in lexer.get_tokens("\n".join(lines)):
        parts = text.split("\n")
        for number, part in enumerate(parts):
            if number:
                made.append([])
            if part:
                made[-1].append((_class_of(kind), part))
    made = made[: len(lines)]
    # A lexer that changes the text (line ends, a byte order mark) must not change what is shown.
    same = ["".join(text for _, text in pieces) for pieces in made] == list(lines)
    return made if same else plain


def _class_of(kind: _TokenType) -> str:
    # A token type holds the types below it; as a tuple it would hold the names of its path.
    return next((css for known, css in _CLASSES if known.__contains__(kind)), "")


def changed_ranges(left: str, right: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What differs in two lines, as ranges in each; nothing where hardly anything is the same."""
    if left == right or max(len(left), len(right)) > _MOST_COMPARED:
        return [], []
    ours, theirs = _WORD.findall(left), _WORD.findall(right)
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    same = sum(
        len("".join(ours[m.a : m.a + m.size]).strip()) for m in matcher.get_matching_blocks()
    )
    if 3 * same < max(len(left.strip()), len(right.strip())):
        return [], []
    starts = (_starts(ours), _starts(theirs))
    found: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for kind, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        for side, first, last in ((0, left_from, left_to), (1, right_from, right_to)):
            if last > first:
                found[side].append((starts[side][first], starts[side][last]))
    return found


def _starts(words: Iterable[str]) -> list[int]:
    made = [0]
    for word in words:
        made.append(made[-1] + len(word))
    return made


def to_line(pieces: Sequence[Piece], marked: Sequence[tuple[int, int]] = ()) -> Markup:
    """One line as HTML, with `<mark>` around the ranges that have changed."""
    made: list[Markup] = []
    at = 0
    for css, text in pieces:
        if at >= LONGEST_LINE:
            break
        for part, mark in _split(text[: LONGEST_LINE - at], at, marked):
            shown = visible(part)
            if css:
                shown = Markup('<span class="{}">{}</span>').format(css, shown)
            made.append(Markup("<mark>{}</mark>").format(shown) if mark else shown)
        at += len(text)
    total = sum(len(text) for _, text in pieces)
    if total > LONGEST_LINE:
        made.append(Markup('<span class="ctl">… +{}</span>').format(total - LONGEST_LINE))
    return Markup("").join(made)


def _split(text: str, at: int, marked: Sequence[tuple[int, int]]) -> Iterable[tuple[str, bool]]:
    """The text in parts that are wholly inside or outside of what is marked."""
    end = at + len(text)
    cuts = sorted({at, end, *(min(max(one, at), end) for pair in marked for one in pair)})
    for first, last in pairwise(cuts):
        inside = any(start <= first and last <= stop for start, stop in marked)
        yield text[first - at : last - at], inside


def visible(text: str) -> Markup:
    """Escaped text in which signs that a reader would not see stand as what they are."""
    made: list[Markup] = []
    at = 0
    for found in _HIDDEN.finditer(text):
        made += [escape(text[at : found.start()]), _named(found.group())]
        at = found.end()
    made.append(escape(text[at:]))
    return Markup("").join(made)


def _named(sign: str) -> Markup:
    code = ord(sign)
    name = _CONTROLS[code] if code < len(_CONTROLS) else f"U+{code:04X}"
    return Markup('<span class="ctl">{}</span>').format(name)
