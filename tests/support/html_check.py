"""What may not stand in a page of ours, found without a browser, and the links that it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

_FOREIGN = {
    "iframe",
    "frame",
    "object",
    "embed",
    "base",
    "applet",
    "portal",
    "style",
    "img",
    "video",
}
"""Our pages have none of them; `img` only for the logo, which these tests do not set."""
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "srcset"}


@dataclass
class Checked(HTMLParser):
    """A page that was looked through.

    Text that got into it as markup shows in one of three ways, whatever the text was: an element
    that our pages do not have, an attribute that runs something, an address that is not ours.
    """

    url: str
    faults: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Of this server, whole, without fragments."""
    posts: list[str] = field(default_factory=list)
    csrf: str = ""
    ids: list[str] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        named = {name: value or "" for name, value in attrs}
        if tag in _FOREIGN or "-" in tag:
            self.faults.append(f"<{tag}> {named}")
        if tag == "script" and not named.get("src", "").startswith("/static/"):
            self.faults.append(f"a script of its own: {named}")
        for name, value in named.items():
            if name.startswith("on") or name in ("style", "srcdoc"):
                self.faults.append(f'<{tag} {name}="{value[:80]}">')
            if name in _ADDRESSES:
                self._address(tag, name, value)
        if tag == "form" and named.get("method", "get").lower() == "post":
            self.posts.append(urljoin(self.url, named.get("action", "")))
        if tag == "input" and named.get("name") == "csrf":
            self.csrf = named.get("value", "")
        if "id" in named:
            self.ids.append(named["id"])
        if "lang" in named:
            self.languages.add(named["lang"])

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text.append(data)

    def _address(self, tag: str, name: str, value: str) -> None:
        address = urlsplit(urljoin(self.url, value.strip()))
        home = urlsplit(self.url)
        ours = (address.scheme, address.netloc) == (home.scheme, home.netloc)
        # Links to documents elsewhere are fine where a person clicks; nothing else is.
        if not ours and not (tag == "a" and name == "href" and address.scheme in ("https", "http")):
            self.faults.append(f'<{tag} {name}="{value[:80]}">')
        if ours and tag == "a" and name == "href":
            self.links.append(address._replace(fragment="").geturl())


def checked(url: str, html: str) -> Checked:
    """Look through a page."""
    page = Checked(url=url)
    page.feed(html)
    page.close()
    doubles = {one for one in page.ids if page.ids.count(one) > 1}
    if doubles:
        page.faults.append(f"ids that stand twice: {sorted(doubles)}")
    return page
