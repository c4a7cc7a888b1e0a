"""Exchanges as files, for people to read and for replay: numbered, masked, bounded, whole or not
there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import msgspec

from mas.adapters.models.gateway.events import mask_stream
from mas.core.errors import UserError
from mas.core.metering import Exchange
from mas.core.values import JsonValue, encode_json

MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one request or one answer."""
_MARGIN: Final = 64 * 1024
"""Kept beyond that until secrets are out, so that the cut goes through none."""
_FOLDER_BYTES: Final = 512 * 1024 * 1024
_NAME: Final = re.compile(r"(\d{1,9})\.json")
_BETWEEN: Final = "\x00\n"
_FULL: Final = "The folder has reached its limit: request and answer are left out."


class KeptExchange(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as it is kept."""

    at: datetime
    took_seconds: float
    path: str
    """What was asked for, below the provider's base URL."""
    streams: bool
    request: JsonValue
    """What the agent sent; text where it was cut, None where it is left out."""
    request_bytes: int
    request_cut: bool = False
    status: int
    """Of the provider's answer; 0: the connection broke before there was one."""
    headers: Mapping[str, str] = {}
    answer: str
    """The body as it came."""
    answer_bytes: int
    answer_cut: bool = False
    complete: bool
    """The answer came to its end, and the agent was there."""
    note: str = ""
    """What went wrong, in a sentence."""
    exchange: Exchange


class AnswerCopy:
    """The beginning of an answer's body."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self.size = 0

    def feed(self, piece: bytes) -> None:
        """Take in the next bytes; beyond the limit they are only counted."""
        self.size += len(piece)
        room = MOST_BYTES + _MARGIN - len(self._kept)
        if room > 0:
            self._kept += piece[:room]

    @property
    def text(self) -> str:
        """What there is of it, with undecodable bytes replaced."""
        return self._kept.decode("utf-8", "replace")


class ExchangeFolder:
    """Writes the exchanges of one agent. `open` and `keep` block: they belong into a thread."""

    def __init__(self, folder: Path, mask: Callable[[str], str]) -> None:
        """Touches nothing yet."""
        self._folder = folder
        self._mask = mask
        self._last = 0
        self._written = 0

    def open(self) -> None:
        """Make the folder where it is missing, and see what an earlier process has kept.

        Raises:
            UserError: It cannot be made or read (`exchanges_unwritable`).
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            there = [(number, path.stat().st_size) for number, path in _numbered(self._folder)]
        except OSError as exc:
            raise UserError(
                f"The folder {self._folder} for model calls cannot be used: {exc.strerror}.",
                hint="Look at its rights, and at the space that is left.",
                code="exchanges_unwritable",
            ) from exc
        self._last = max((number for number, _ in there), default=0)
        self._written = sum(size for _, size in there)

    def next_name(self) -> str:
        """The name for the next exchange, in the order of their beginnings; touches nothing."""
        self._last += 1
        return f"{self._last:05}.json"

    def keep(self, name: str, kept: KeptExchange) -> None:
        """Mask an exchange and write it under its name, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        if self._written >= _FOLDER_BYTES:
            kept = msgspec.structs.replace(
                kept, request=None, request_cut=True, answer="", answer_cut=True, note=_FULL
            )
        else:
            kept = self._masked(kept)
        data = encode_json(kept)
        self._written += len(data)
        with NamedTemporaryFile(dir=self._folder, prefix=".", delete=False) as file:
            try:
                file.write(data)
                file.close()
                Path(file.name).replace(self._folder / name)
            except BaseException:
                os.unlink(file.name)  # noqa: PTH108 - quick, and on the way out
                raise

    def _masked(self, kept: KeptExchange) -> KeptExchange:
        text = _mask_text(encode_json(kept.request).decode(), self._mask)
        request_cut = len(text) > MOST_BYTES
        request: JsonValue = text[:MOST_BYTES]
        if not request_cut:
            with suppress(msgspec.MsgspecError):
                request = msgspec.json.decode(text)
        masked = mask_stream if kept.streams else _mask_text
        return msgspec.structs.replace(
            kept,
            request=request,
            request_cut=request_cut,
            headers={name: self._mask(value) for name, value in kept.headers.items()},
            answer=masked(kept.answer, self._mask)[:MOST_BYTES],
            answer_cut=kept.answer_bytes > MOST_BYTES,
            note=self._mask(kept.note),
        )


def read_exchanges(folder: Path) -> tuple[KeptExchange, ...]:
    """All exchanges of a folder, in the order in which they were begun.

    Raises:
        OSError: A file cannot be read.
        msgspec.MsgspecError: A file is no exchange.
    """
    decoder = msgspec.json.Decoder(KeptExchange)
    return tuple(decoder.decode(path.read_bytes()) for _, path in sorted(_numbered(folder)))


def mask_json(value: JsonValue, mask: Callable[[str], str]) -> JsonValue:
    """A JSON value without secrets. All its texts are gone through at once, which is quick."""
    texts = [*_texts(value)]
    joined = _BETWEEN.join(texts)
    masked = mask(joined)
    if masked == joined:
        return value
    parts = masked.split(_BETWEEN)
    if len(parts) != len(texts):
        parts = [mask(text) for text in texts]
    return _put(value, iter(parts))


def _mask_text(text: str, mask: Callable[[str], str]) -> str:
    """A body that is no stream: by its decoded texts where it is JSON, and as it stands."""
    try:
        value: JsonValue = msgspec.json.decode(text)
        masked = mask_json(value, mask)
    except (msgspec.MsgspecError, RecursionError):
        return mask(text)
    return mask(text if masked is value else encode_json(masked).decode())


def _texts(value: JsonValue) -> Iterator[str]:
    """Names and texts, in an order of their own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _put(value: JsonValue, parts: Iterator[str]) -> JsonValue:
    """The value with these texts, in the order of `_texts`."""
    if isinstance(value, str):
        return next(parts)
    if isinstance(value, Mapping):
        put: dict[str, JsonValue] = {}
        for inner in value.values():
            name = next(parts)
            put[name] = _put(inner, parts)
        return put
    if isinstance(value, list | tuple):
        return [_put(inner, parts) for inner in value]
    return value


def _numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is not None:
            yield int(match[1]), path
