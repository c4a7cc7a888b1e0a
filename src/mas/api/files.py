"""Sending a file of the workspace so that a browser shows it and never runs it (F6)."""

from __future__ import annotations

import asyncio
import codecs
import os
from email.utils import format_datetime
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mas.http.workspace import OpenFile, shown

_PIECE = 256 * 1024
_SNIFFED = 8 * 1024
_BINARY = "application/octet-stream"
_TEXT = "text/plain; charset=utf-8"

_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_ACTIVE = frozenset(
    {".html", ".htm", ".xhtml", ".xht", ".svg", ".svgz", ".xml", ".xsl", ".xslt", ".mhtml", ".mht"}
    | {".js", ".mjs", ".cjs", ".wasm", ".swf", ".pdf", ".jar", ".hta", ".url", ".desktop"}
)
"""What a browser or a desktop might run when it is opened."""


class FileResponse(Response):
    """Sends an open file, piece by piece, and closes it whatever happens."""

    def __init__(self, file: OpenFile) -> None:
        super().__init__()
        self._file = file

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """See ASGI."""
        file = self._file
        try:
            piece = await self._read(min(_SNIFFED, file.size))
            kind, inline = media_type(file.name, piece)
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": self._described(kind, inline),
                }
            )
            sent = 0
            # No length is promised: an agent may cut the file short while it is sent.
            while piece and sent < file.size:
                sent += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await self._read(min(_PIECE, file.size - sent))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            os.close(file.descriptor)

    async def _read(self, most: int) -> bytes:
        return await asyncio.to_thread(os.read, self._file.descriptor, most) if most else b""

    def _described(self, kind: str, inline: bool) -> list[tuple[bytes, bytes]]:
        name = shown(self._file.name)
        how = "inline" if inline else "attachment"
        headers = {
            "content-type": kind,
            "content-disposition": f"{how}; filename*=UTF-8''{quote(name, safe='')}",
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "no-store",
        }
        if self._file.modified is not None:
            headers["last-modified"] = format_datetime(self._file.modified, usegmt=True)
        return [(key.encode(), value.encode("ascii")) for key, value in headers.items()]


def media_type(name: str, beginning: bytes) -> tuple[str, bool]:
    """The type to send a file as, and whether a browser may show it in its window.

    Only pictures and plain text are shown. Everything else is saved, as bytes without a type.
    """
    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name, not a path
    if ending in _PICTURES:
        return _PICTURES[ending], True
    if ending in _ACTIVE or not _is_text(beginning):
        return _BINARY, False
    return _TEXT, True


def _is_text(beginning: bytes) -> bool:
    if b"\0" in beginning:
        return False
    try:
        # The last character may be cut in two.
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True
