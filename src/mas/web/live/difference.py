"""What a page has to be sent, and how it is written down. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from markupsafe import Markup

from mas.web.live.picture import Picture

_TICKS = re.compile(r'(data-since="[^"]*")(?: value="[^"]*")?(>[^<]*)?')
"""What counts by itself in the reader's window; a change of it alone is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMessage:
    """One message as it is sent. `number` is that of the last event in it."""

    number: int
    data: bytes


def message_of(kind: str, number: int | None, body: Mapping[str, object]) -> bytes:
    """A server-sent event. JSON has no line breaks."""
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: ".encode() + _encoder.encode(body) + b"\n\n"


def _as_text(value: object) -> str:
    if isinstance(value, Markup):
        return str(value)
    raise NotImplementedError(f"no JSON for {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_as_text)


def without_ticks(html: str) -> str:
    """An element without what counts by itself."""
    return _TICKS.sub(r"\1", html)


def looks(picture: Picture) -> dict[str, int]:
    """What each element looks like, without what counts by itself."""
    items = (one for children in picture.lists.values() for one in children.items())
    return {
        name: hash(without_ticks(html))
        for name, html in (*picture.parts.items(), *picture.inner.items(), *items)
    }


def difference(
    shown: Picture,
    picture: Picture,
    *,
    before: Mapping[str, int],
    now: Mapping[str, int],
    rows: Sequence[tuple[int, str]],
) -> dict[str, object]:
    """What a page that shows one picture needs to show the next one; nothing: it does already.

    Args:
        shown: The picture that is shown.
        picture: The next one.
        before: `looks` of the one that is shown.
        now: `looks` of the next one.
        rows: Of the events between them.
    """
    changed = {name for name, look in now.items() if before.get(name) != look}
    parts = {name: html for name, html in picture.parts.items() if name in changed}
    if picture.shape == shown.shape:
        parts.pop("graph", None)
        parts |= {name: html for name, html in picture.inner.items() if name in changed}
    lists: dict[str, list[str]] = {}
    for name, items in picture.lists.items():
        parts |= {child: html for child, html in items.items() if child in changed}
        if tuple(items) != tuple(shown.lists[name]):
            lists[name] = list(items)
    asks = " ".join(text for one, text in picture.asks.items() if one not in shown.asks)
    says = "" if picture.says == shown.says else picture.says
    body = {"parts": parts, "lists": lists, "rows": rows, "asks": asks, "says": says}
    return {name: value for name, value in body.items() if value}


def whole(picture: Picture) -> dict[str, object]:
    """Everything, for a page that shows whatever it shows."""
    items = {child: html for one in picture.lists.values() for child, html in one.items()}
    return {
        "parts": {**picture.parts, **items},
        "lists": {name: list(one) for name, one in picture.lists.items()},
        "says": picture.says,
    }
