"""Looks into HTML that was made from text nobody trusts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset("area br col hr img input link meta source track wbr".split())
_SAFE_LINKS = ("http://", "https://", "mailto:", "#", "/")


@dataclass
class Markup:
    """What stands in a piece of HTML."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    left_open: list[str] = field(default_factory=list)
    badly_closed: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Every kind of element."""
        return {name for name, _ in self.tags}

    def all(self, name: str) -> list[dict[str, str]]:
        """The attributes of each element of a kind."""
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]

    def check_harmless(self) -> None:
        """No handler, no style, no address that runs anything; nested as it has to be."""
        assert not self.left_open, self.left_open
        assert not self.badly_closed, self.badly_closed
        for name, attributes in self.tags:
            assert name not in ("iframe", "object", "embed", "base", "style"), name
            for attribute, value in attributes.items():
                assert not attribute.startswith("on"), (name, attribute)
                assert attribute not in ("style", "srcdoc", "formaction"), (name, attribute)
                if attribute in ("href", "src", "action"):
                    assert value.startswith(_SAFE_LINKS), (name, value)
                    assert not value.startswith("//"), (name, value)
        assert len(self.ids) == len(set(self.ids)), sorted(self.ids)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Markup()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.found.left_open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.found.left_open and self.found.left_open[-1] == tag:
            self.found.left_open.pop()
        else:
            self.found.badly_closed.append(tag)

    def handle_data(self, data: str) -> None:
        self.found.text += data


def read_markup(html: str) -> Markup:
    """What a browser would find in it."""
    reader = _Reader()
    # Pieces of `markupsafe.Markup` would escape what they are added to.
    reader.feed(html.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass"))
    reader.close()
    return reader.found
