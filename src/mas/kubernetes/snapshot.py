"""Takes a snapshot file apart as a stream: a `v1` List of any size in bounded memory (D1, Q1).

`kubectl` sorts keys, so `kind` and `metadata` of the List come after its items. Lists may hold
Lists. What is something else is refused as early as its first bytes tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from mas.core.errors import UserError
from mas.kubernetes.objects import Head
from mas.kubernetes.window import (
    FIRST_ITEM,
    HEADER_LIMIT_BYTES,
    HOW_TO,
    Readable,
    Window,
    refusal,
)

_MAX_DEPTH: Final = 8
_MAX_STRANGERS: Final = 1000
"""Items without a kind that are looked at before a file that has nothing else is refused."""

_HEAD = msgspec.json.Decoder(Head)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Some items of one list, in order."""

    items: list[msgspec.Raw]
    list_kind: str
    """Kind of the list as far as it is known when the items come (`List`, `PodList`), or empty."""


class SnapshotReader:
    """Iterates over the items of one snapshot; read `annotations` when it is through.

    Raises while iterating:
        UserError: The text is no snapshot; the message says what it is instead.
    """

    def __init__(self, stream: Readable, *, name: str) -> None:
        self._name = name
        self._window = Window(stream, name)
        self._strangers = 0
        self._known = False
        self.annotations: dict[str, str] = {}

    def __iter__(self) -> Iterator[Batch]:
        window = self._window
        _refuse_other_formats(window.start(), self._name)
        yield from self._list(depth=0)
        if window.peek() >= 0:
            raise refusal(
                f"{self._name} holds more than one JSON document.",
                "Read all kinds with one kubectl command, or keep one List in the file.",
            )
        if self._strangers and not self._known:
            raise self._no_objects()

    def _list(self, *, depth: int) -> Iterator[Batch]:
        """One List object; the window stands at its opening brace."""
        window = self._window
        begin = window.mark()
        window.expect(b"{")
        kind = ""
        while window.peek() != ord("}"):
            key = self._string()
            window.expect(b":")
            if key == "items":
                if window.peek() != ord("["):
                    self._null_items()
                else:
                    yield from self._items(kind, depth=depth)
            elif key == "kind":
                kind = self._string()
                if depth == 0 and kind != "List":
                    raise self._not_a_list(kind)
            elif key == "metadata" and depth == 0:
                self.annotations = _annotations(window.value(HEADER_LIMIT_BYTES))
            elif key in ("apiVersion", "metadata") or depth:
                window.value(HEADER_LIMIT_BYTES)
            else:
                raise self._not_a_list(kind or window.kind_since(begin))
            if not window.separator(b"}"):
                break
        window.expect(b"}")
        if depth == 0 and kind != "List":
            raise self._not_a_list(kind)

    def _items(self, kind: str, *, depth: int) -> Iterator[Batch]:
        """The items of a list; the window stands at the opening bracket."""
        window = self._window
        window.expect(b"[")
        if window.peek() == ord("]"):
            window.expect(b"]")
            return
        while True:
            if window.peek() != ord("{"):
                raise self._no_objects() if window.peek() >= 0 else window.truncated()
            if depth < _MAX_DEPTH and window.at_nested_list():
                yield from self._list(depth=depth + 1)
            else:
                batch = Batch(items=window.pieces(), list_kind=kind)
                self._check(batch)
                yield batch
            if not window.separator(b"]"):
                window.expect(b"]")
                return

    def _check(self, batch: Batch) -> None:
        """Refuse early what is a long list of something else."""
        if self._known or batch.list_kind not in ("", "List"):
            return
        for raw in batch.items:
            if FIRST_ITEM.match(raw) or _says_kind(raw):
                self._known = True
                return
            self._strangers += 1
            if self._strangers > _MAX_STRANGERS:
                raise self._no_objects()

    def _string(self) -> str:
        text = self._window.value(HEADER_LIMIT_BYTES)
        try:
            return msgspec.json.decode(text, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise self._window.malformed() from exc

    def _null_items(self) -> None:
        if self._window.value(HEADER_LIMIT_BYTES) != b"null":
            raise refusal(f"{self._name} has `items` that are no list.", HOW_TO)

    def _not_a_list(self, kind: str) -> UserError:
        if kind.endswith("List") and kind != "List":
            return refusal(
                f"{self._name} holds a {kind}, not a List of all kinds.",
                "Read all kinds with one command: `kubectl get nodes,pods,... -A -o json > FILE`.",
            )
        if kind and kind != "List":
            return refusal(
                f"{self._name} holds a single {kind}, not a List.",
                HOW_TO,
            )
        return refusal(f"{self._name} is JSON, but not a Kubernetes List.", HOW_TO)

    def _no_objects(self) -> UserError:
        return refusal(f"The items of {self._name} are no Kubernetes objects.", HOW_TO)


def _refuse_other_formats(start: bytes, name: str) -> None:
    """Say by the first bytes what the file is, if it cannot be a List in JSON."""
    text = start.lstrip()
    if not start:
        raise refusal(f"{name} is empty.", HOW_TO)
    if start.startswith(b"\x1f\x8b"):
        raise refusal(f"{name} is compressed with gzip.", f"Unpack it first: `gunzip {name}`.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refusal(
            f"{name} is UTF-16 text, as some shells on Windows write it.",
            "Save it as UTF-8, or use `mas cluster snapshot -o FILE`.",
        )
    if not text:
        if len(start) < 4096:
            raise refusal(f"{name} is empty: it holds only white space.", HOW_TO)
        raise refusal(f"{name} is not JSON: it begins with white space only.", HOW_TO)
    if text.startswith(b"["):
        raise refusal(f"{name} is a JSON array, not a Kubernetes List.", HOW_TO)
    if re.match(rb"(?:---|#|%YAML|apiVersion\s*:|kind\s*:|items\s*:|metadata\s*:|-\s)", text):
        raise refusal(f"{name} is YAML, not JSON.", "Use `-o json` instead of `-o yaml`.")
    if not text.startswith(b"{"):
        raise refusal(f"{name} is not JSON.", HOW_TO)


def _says_kind(raw: msgspec.Raw) -> bool:
    try:
        return bool(_HEAD.decode(raw).kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _annotations(text: bytes) -> dict[str, str]:
    """Annotations of the List that are texts; anything odd there is left out."""
    try:
        metadata = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return {}
    return {key: value for key, value in annotations.items() if isinstance(value, str)}
