"""A request as the guard sees it, before any route: its headers are looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from urllib.parse import quote, urlsplit

from starlette.types import Scope

from mas.app.access_settings import Network
from mas.http.access.cookies import value_of
from mas.http.access.hosts import is_origin_of
from mas.http.access.peers import Peer, peer_of

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_NEXT = 2000


class Incoming:
    """What a request says about itself."""

    def __init__(self, scope: Scope, trusted: Sequence[Network]) -> None:
        self._scope = scope
        self._trusted = trusted
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.taken = False
        """Whether reading its body has begun."""
        self._headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            # One that stands there twice becomes one that fits nothing, wherever that matters.
            before = self._headers.get(name)
            between = b"; " if name == b"cookie" else b", "
            self._headers[name] = value if before is None else before + between + value

    def header(self, name: bytes) -> str:
        """A header by its name in lower case; nothing where it is not there."""
        return self._headers.get(name, b"").decode("latin-1")

    def has(self, name: bytes) -> bool:
        """Whether a header is there."""
        return name in self._headers

    @cached_property
    def peer(self) -> Peer:
        """Whom it comes from."""
        client = self._scope.get("client") or ("", 0)
        return peer_of(
            client[0],
            https=self._scope.get("scheme") == "https",
            forwarded_for=self.header(b"x-forwarded-for"),
            proto=self.header(b"x-forwarded-proto"),
            trusted=self._trusted,
        )

    @property
    def unsafe(self) -> bool:
        """Whether it may change something."""
        return self.method not in _SAFE_METHODS

    @property
    def has_body(self) -> bool:
        return self.has(b"transfer-encoding") or self.header(b"content-length") not in ("", "0")

    @property
    def kind(self) -> str:
        """The media type of the body, without its parameters."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    @property
    def wants_page(self) -> bool:
        """Whether a person's browser is to show the answer."""
        before, html, _ = self.header(b"accept").partition("text/html")
        return bool(html) and "json" not in before

    def cookie(self, name: str) -> str | None:
        """A cookie of ours."""
        return value_of(self.header(b"cookie"), name, https=self.peer.https)

    @property
    def from_elsewhere(self) -> bool:
        """Whether a page of another origin has made a browser send this.

        Browsers say so in headers that no page can set. Programs send neither.
        """
        site = self.header(b"sec-fetch-site").strip().lower()
        if site and site not in ("same-origin", "none"):
            return True
        return self.has(b"origin") and not is_origin_of(
            self.header(b"origin"), self.header(b"host")
        )

    @property
    def follows_link(self) -> bool:
        """Whether it is a whole page that somebody goes to, from wherever."""
        return (
            self.method in ("GET", "HEAD")
            and self.header(b"sec-fetch-mode") == "navigate"
            and self.header(b"sec-fetch-dest") == "document"
        )

    @property
    def login_address(self) -> str:
        """Where to log in and then come back here, or for a form to the page that it stood on."""
        raw: bytes = self._scope.get("raw_path") or quote(self.path).encode()
        place = raw.decode("latin-1")
        query = self._scope.get("query_string", b"").decode("latin-1")
        if self.unsafe:
            place, query = self._came_from()
        wanted = local_path(f"{place}?{query}" if query else place)
        return "/login" if wanted == "/" else f"/login?next={quote(wanted, safe='/')}"

    def _came_from(self) -> tuple[str, str]:
        """Path and query of the page of ours that has sent a form."""
        try:
            came = urlsplit(self.header(b"referer"))
        except ValueError:
            return "/", ""
        ours = is_origin_of(f"{came.scheme}://{came.netloc}", self.header(b"host"))
        return (came.path, came.query) if ours else ("/", "")


def local_path(wanted: str) -> str:
    """An address of this server to go on to; `/` for everything that could lead elsewhere."""
    fits = (
        wanted.startswith("/")
        # Two slashes name another host, and browsers take a backslash for a slash.
        and not wanted.startswith("//")
        and "\\" not in wanted
        and len(wanted) <= _LONGEST_NEXT
        and wanted.isascii()
        and wanted.isprintable()
        and " " not in wanted
        and not wanted.startswith(("/login", "/logout"))
    )
    return wanted if fits else "/"
