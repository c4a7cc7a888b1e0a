"""Server-sent events: cut out of a stream, and what a model says in them put together again."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mas.adapters.models.estimate import tokens_of

_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LONGEST_END: Final = 4
_DEEPEST: Final = 30
_NO_WORDS: Final = frozenset(
    {"type", "role", "id", "name", "stop_reason", "stop_sequence", "signature", "obfuscation"}
)
"""Texts of a piece that are none of the model's words."""


class EventCutter:
    """Cuts a stream, however it arrives, into whole events."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._searched = 0

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not whole yet."""
        return bytes(self._rest)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Events that are whole now, each with the empty line that ends it."""
        self._rest += piece
        begin = 0
        for match in _END.finditer(self._rest, max(0, self._searched - _LONGEST_END)):
            yield bytes(self._rest[begin : match.end()])
            begin = match.end()
        del self._rest[:begin]
        self._searched = len(self._rest)


def data_of(event: bytes) -> bytes:
    """The data of an event, without its other fields."""
    lines = (line for line in event.splitlines() if line.startswith(b"data:"))
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines)


def object_of(event: bytes) -> dict[str, Any] | None:
    """The data of an event as a JSON object, where it is one."""
    try:
        value = msgspec.json.decode(data_of(event))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A piece of something that is said over several events."""

    of: Hashable
    """The same for all pieces of one text."""
    holder: dict[str, Any]
    name: str


def mask_stream(text: str, mask: Callable[[str], str]) -> str:
    """A kept stream without secrets, also those that are spread over several events."""
    events = [*_split(text)]
    decoded = [object_of(event) for event in events]
    whole: dict[Hashable, list[tuple[int, _Piece]]] = {}
    for place, value in enumerate(decoded):
        for piece in _pieces(value) if value is not None else ():
            whole.setdefault(piece.of, []).append((place, piece))
    changed: set[int] = set()
    for pieces in whole.values():
        said = "".join(piece.holder[piece.name] for _, piece in pieces)
        masked = mask(said)
        if masked == said:
            continue
        # Where a secret ends and begins is not to be seen any more: all of it is said at once.
        for number, (place, piece) in enumerate(pieces):
            piece.holder[piece.name] = "" if number else masked
            changed.add(place)
    said_again = (
        _rewritten(event, decoded[place]) if place in changed else event
        for place, event in enumerate(events)
    )
    return mask(b"".join(said_again).decode("utf-8", "replace"))


def spoken_tokens(text: str) -> int:
    """Tokens of what a model has said in a stream so far, on the high side."""
    said: dict[Hashable, list[str]] = {}
    for event in _split(text):
        value = object_of(event)
        for piece in _pieces(value) if value is not None else ():
            if piece.name not in _NO_WORDS:
                said.setdefault(piece.of, []).append(piece.holder[piece.name])
    return sum(tokens_of("".join(parts)) for parts in said.values())


def _split(text: str) -> Iterator[bytes]:
    cutter = EventCutter()
    yield from cutter.feed(text.encode("utf-8", "replace"))
    if cutter.rest:
        yield cutter.rest


def _rewritten(event: bytes, value: object) -> bytes:
    kept = [line for line in event.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*kept, b"data: " + msgspec.json.encode(value)]) + b"\n\n"


def _pieces(event: dict[str, Any]) -> Iterator[_Piece]:
    """Texts below `delta`, and below that of each choice."""
    place = tuple(
        event.get(name)
        for name in ("type", "index", "item_id", "output_index", "content_index", "summary_index")
        if isinstance(event.get(name), str | int)
    )
    delta = event.get("delta")
    if isinstance(delta, str):
        yield _Piece(of=place, holder=event, name="delta")
    else:
        yield from _texts(delta, place)
    choices = event.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        if isinstance(choice, dict):
            yield from _texts(choice.get("delta"), (*place, "choice", _index(choice, 0)))


def _texts(node: object, of: tuple[Hashable, ...]) -> Iterator[_Piece]:
    if len(of) > _DEEPEST:
        return
    if isinstance(node, Mapping):
        for name, inner in node.items():
            if isinstance(inner, str) and isinstance(node, dict):
                yield _Piece(of=(*of, name), holder=node, name=name)
            else:
                yield from _texts(inner, (*of, name))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _texts(inner, (*of, _index(inner, number)))


def _index(node: object, number: int) -> int:
    found = node.get("index") if isinstance(node, Mapping) else None
    return found if isinstance(found, int) else number
