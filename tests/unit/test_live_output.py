"""Live text through a folder: shown while a run goes on, gone when it has ended (R6)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from mas.adapters.live import folder as live_folder
from mas.adapters.live.folder import FolderOutput, LiveText


async def test_r6_a_follower_gets_all_text_also_what_came_just_before_the_end(
    tmp_path: Path,
) -> None:
    output, ended, seen = FolderOutput(folder=tmp_path / "live"), asyncio.Event(), []
    first = asyncio.Event()

    async def follow() -> None:
        async for text in output.follow("run", ended=ended):
            seen.append((text.task, text.text))
            first.set()

    async with asyncio.timeout(60):
        following = asyncio.create_task(follow())
        output.write("run", "a", "one\ntwo")
        await first.wait()
        output.write("run", "b", "three")
        output.close("run")
        ended.set()
        await following

    assert seen == [("a", "one\ntwo"), ("b", "three")]
    assert list((tmp_path / "live").iterdir()) == []


async def test_q3_live_text_is_masked_and_belongs_to_its_user(tmp_path: Path) -> None:
    output = FolderOutput(folder=tmp_path / "live", mask=lambda text: text.replace("hush", "***"))
    output.write("run", "a", "hush now")
    (file,) = (tmp_path / "live").iterdir()
    assert b"hush" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_r6_a_file_that_has_grown_too_large_begins_anew(tmp_path: Path) -> None:
    output = FolderOutput(folder=tmp_path / "live")
    for _ in range(5):
        output.write("run", "a", "x" * (live_folder.LIMIT_BYTES // 2))
    assert sum(file.stat().st_size for file in (tmp_path / "live").iterdir()) < (
        2 * live_folder.LIMIT_BYTES
    )


async def test_r6_a_long_file_is_read_from_its_last_part_and_off_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, ended = FolderOutput(folder=tmp_path / "live"), asyncio.Event()
    output.write("run", "a", "begin")
    (file,) = (tmp_path / "live").iterdir()
    with file.open("ab") as more:
        more.write(b'{"task":"a","text":"token "}\n' * (live_folder.LIMIT_BYTES // 32))
    output.write("run", "b", "last")
    read: list[tuple[int, int]] = []
    real = live_folder._decoded

    def noted(lines: list[bytes]) -> Iterator[LiveText]:
        read.append((threading.get_ident(), sum(map(len, lines))))
        return real(lines)

    monkeypatch.setattr(live_folder, "_decoded", noted)
    ended.set()
    async with asyncio.timeout(60):
        seen = [text async for text in output.follow("run", ended=ended)]

    assert {text.text for text in seen[:-1]} == {"token "}
    assert seen[-1] == LiveText(task="b", text="last")
    assert len(seen) * 29 <= live_folder.RECENT_BYTES
    assert len(seen) * 29 > live_folder.RECENT_BYTES - 100
    assert threading.get_ident() not in {thread for thread, _ in read}
    assert max(size for _, size in read) < 2 * live_folder._PIECE_BYTES


async def test_r6_a_follower_goes_on_in_a_file_that_has_begun_anew(tmp_path: Path) -> None:
    output = FolderOutput(folder=tmp_path / "live")
    output.write("run", "a", "old and long")
    (file,) = (tmp_path / "live").iterdir()
    async with (
        asyncio.timeout(60),
        aclosing(output.follow("run", ended=asyncio.Event())) as texts,  # type: ignore[type-var]
    ):
        assert (await anext(texts)).text == "old and long"
        file.write_bytes(b"")
        output.write("run", "a", "new")
        assert (await anext(texts)).text == "new"


async def test_r6_a_folder_that_cannot_be_written_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("a file", encoding="utf-8")
    output = FolderOutput(folder=tmp_path / "live")
    output.write("run", "a", "text")
    output.close("run")
    ended = asyncio.Event()
    ended.set()
    assert [text async for text in output.follow("run", ended=ended)] == []
