"""Live text through a folder: shown while a run goes on, gone when it has ended (R6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mas.adapters.live import folder as live_folder
from mas.adapters.live.folder import FolderOutput


async def test_r6_a_follower_gets_all_text_also_what_came_just_before_the_end(
    tmp_path: Path,
) -> None:
    output, ended, seen = FolderOutput(folder=tmp_path / "live"), asyncio.Event(), []
    first = asyncio.Event()

    async def follow() -> None:
        async for text in output.follow("run", ended=ended):
            seen.append((text.task, text.text))
            first.set()

    async with asyncio.timeout(10):
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


async def test_r6_a_folder_that_cannot_be_written_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("a file", encoding="utf-8")
    output = FolderOutput(folder=tmp_path / "live")
    output.write("run", "a", "text")
    output.close("run")
    ended = asyncio.Event()
    ended.set()
    assert [text async for text in output.follow("run", ended=ended)] == []
