"""A browser shows files of agents as text or pictures, and runs none of them (F6)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mas.api.files import FileResponse, media_type
from mas.http.workspace import OpenFile, Workspace

PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0"


@pytest.mark.parametrize(
    ("name", "beginning", "kind", "inline"),
    [
        ("main.py", b"print()", "text/plain; charset=utf-8", True),
        ("README", "한글".encode(), "text/plain; charset=utf-8", True),
        ("cut.txt", "한글".encode()[:-1], "text/plain; charset=utf-8", True),
        ("empty", b"", "text/plain; charset=utf-8", True),
        ("data.json", b"{}", "text/plain; charset=utf-8", True),
        ("logo.PNG", PICTURE, "image/png", True),
        ("page.html", b"<script>", "application/octet-stream", False),
        ("page.HTM", b"<script>", "application/octet-stream", False),
        ("drawing.svg", b"<svg onload=x>", "application/octet-stream", False),
        ("feed.xml", b"<?xml", "application/octet-stream", False),
        ("code.js", b"alert()", "application/octet-stream", False),
        ("paper.pdf", b"%PDF", "application/octet-stream", False),
        ("program", b"\x7fELF\0", "application/octet-stream", False),
        ("latin1.txt", b"caf\xe9 ", "application/octet-stream", False),
    ],
)
def test_f6_only_text_and_pictures_are_shown(
    name: str, beginning: bytes, kind: str, inline: bool
) -> None:
    assert media_type(name, beginning) == (kind, inline)


async def sent(file: OpenFile) -> tuple[dict[str, str], bytes]:
    """Headers and body of a response."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await FileResponse(file)({"type": "http"}, receive, send)
    headers = {key.decode(): value.decode() for key, value in messages[0]["headers"]}
    assert not messages[-1]["more_body"]
    return headers, b"".join(message.get("body", b"") for message in messages[1:])


def opened(folder: Path, name: str, content: bytes) -> OpenFile:
    (folder / name).write_bytes(content)
    found = Workspace(folder).look((name,))
    assert isinstance(found, OpenFile)
    return found


async def test_f6_a_large_file_comes_whole_and_is_closed(tmp_path: Path) -> None:
    content = os.urandom(3_000_001)
    file = opened(tmp_path, "large.bin", content)
    headers, body = await sent(file)
    assert body == content
    assert headers["content-disposition"].startswith("attachment")
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file.descriptor)


async def test_f6_a_file_that_is_cut_short_while_it_is_sent_ends_there(tmp_path: Path) -> None:
    file = opened(tmp_path, "shrinks", b"x" * 2_000_000)
    os.truncate(tmp_path / "shrinks", 10)
    _, body = await sent(file)
    assert body == b"x" * 10


async def test_f6_a_file_that_grows_while_it_is_sent_ends_where_it_ended(tmp_path: Path) -> None:
    file = opened(tmp_path, "grows", b"x" * 10)
    with (tmp_path / "grows").open("ab") as more:
        more.write(b"y" * 2_000_000)
    _, body = await sent(file)
    assert body == b"x" * 10


async def test_f6_no_name_breaks_out_of_its_header(tmp_path: Path) -> None:
    headers, _ = await sent(opened(tmp_path, 'a"b\r\nSet-Cookie: x=1;\n.txt', b"text"))
    assert "\n" not in headers["content-disposition"]
    assert '"' not in headers["content-disposition"]
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_f6_a_client_that_goes_away_leaves_no_file_open(tmp_path: Path) -> None:
    file = opened(tmp_path, "file", b"x" * 1000)

    async def gone(message: Any) -> None:
        raise ConnectionResetError

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    with pytest.raises(ConnectionResetError):
        await FileResponse(file)({"type": "http"}, receive, gone)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(file.descriptor)
