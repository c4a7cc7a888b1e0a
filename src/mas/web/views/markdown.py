"""Markdown of a report as HTML that no text in it can break out of.

What a report holds comes from clusters, repositories and models. No HTML of it is passed on, no
picture is loaded, and a link leads to the web, to a mail address or within the report; all else
stays the text that it is. Nothing made here needs inline style, so a strict policy holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LIMIT_CHARACTERS = 60_000
"""What is longer is cut at a line, and ends with an ellipsis; the report itself is whole."""

MOST_CELLS = 20_000
"""Where tables could have more, they stay text."""

_WEB = re.compile(r"(?:https?://[^/?#\\]|mailto:[^?#\\])", re.IGNORECASE)
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_WORD = re.compile(r"[^\w]+")
_DEEPEST = 6


@lru_cache(maxsize=16)
def to_html(text: str, *, prefix: str = "r", top: int = 2) -> Markup:
    """The report as HTML.

    Args:
        text: Markdown as it was written; control and direction signs become visible.
        prefix: Starts every id, so that none meets one of the page or of another report.
        top: Level of the highest heading of the text, whatever it was there; 2 to 6.

    A live page asks for the same report again and again, so that the last ones are kept.
    """
    shown = _cut(_HIDDEN.sub("\ufffd", text.replace("\r\n", "\n")))
    parser = _parser(tables=_most_cells(shown) <= MOST_CELLS)
    tokens = parser.parse(shown)
    _shift_headings(tokens, top)
    _name_headings(tokens, prefix)
    for token in tokens:
        _without_style(token)
        if token.children:
            token.children = _links(token.children, prefix)
    # Every piece is either made by the renderer from tokens, or text that it has escaped.
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704


class _Parser(MarkdownIt):
    """Takes no link for one that leads anywhere else."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - a method of the library
        return url.startswith("#") or _WEB.match(url) is not None


@cache
def _parser(*, tables: bool) -> MarkdownIt:
    made = _Parser("commonmark", {"html": False, "maxNesting": 12})
    made.enable(["table", "strikethrough"] if tables else ["strikethrough"])
    made.disable(["html_block", "html_inline"])
    made.add_render_rule("fence", _code)
    made.add_render_rule("code_block", _code)
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    return made


def _cut(text: str) -> str:
    if len(text) <= LIMIT_CHARACTERS:
        return text
    kept = text[:LIMIT_CHARACTERS]
    return kept[: kept.rfind("\n") + 1 or len(kept)] + "\n\n…\n"


def _most_cells(text: str) -> int:
    """How many cells a table of all lines with bars would have: short rows are filled up."""
    bars = [line.count("|") for line in text.split("\n") if "|" in line]
    return max(bars, default=0) * len(bars)


def _shift_headings(tokens: Sequence[Token], top: int) -> None:
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    highest = min((int(token.tag[1:]) for token in headings), default=top)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1:]) - highest + top, _DEEPEST)}"


def _name_headings(tokens: Sequence[Token], prefix: str) -> None:
    taken: set[str] = set()
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            name = base = f"{prefix}-{_WORD.sub('-', inline.content.lower()).strip('-')[:60]}"
            number = 1
            while name in taken:
                number += 1
                name = f"{base}-{number}"
            taken.add(name)
            heading.attrSet("id", name)


def _without_style(token: Token) -> None:
    """Columns that are set right keep that as a class; style attributes are against the policy."""
    style = token.attrs.pop("style", "")
    if style == "text-align:right":
        token.attrSet("class", "num")


def _links(tokens: Iterable[Token], prefix: str) -> list[Token]:
    """Links that tell nothing of this page where they lead, and pictures as links."""
    kept: list[Token] = []
    within = 0
    for token in tokens:
        if token.type == "link_open":
            within += 1
            _guard(token, prefix)
        elif token.type == "link_close":
            within -= 1
        if token.type == "image":
            kept.extend(_picture(token, prefix, linked=within > 0))
        else:
            kept.append(token)
    return kept


def _guard(link: Token, prefix: str) -> None:
    address = str(link.attrs.get("href", ""))
    link.attrs = {"href": f"#{prefix}-{address[1:]}" if address.startswith("#") else address}
    if not address.startswith("#"):
        link.attrSet("rel", "noopener noreferrer nofollow")


def _picture(image: Token, prefix: str, *, linked: bool) -> list[Token]:
    address = str(image.attrs.get("src", ""))
    text = Token("text", "", 0, content=image.content or address)
    if linked:
        return [text]
    link = Token("link_open", "a", 1, attrs={"href": address})
    _guard(link, prefix)
    return [link, text, Token("link_close", "a", -1)]


def _code(_renderer: Any, tokens: Sequence[Token], at: int, _options: Any, _env: Any) -> str:
    block = Markup('<pre tabindex="0"><code>{}</code></pre>\n')
    return str(block.format(tokens[at].content))


def _table_open(_renderer: Any, _tokens: Any, _at: int, _options: Any, _env: Any) -> str:
    return '<div class="scroll" tabindex="0"><table class="list">\n'


def _table_close(_renderer: Any, _tokens: Any, _at: int, _options: Any, _env: Any) -> str:
    return "</table></div>\n"
