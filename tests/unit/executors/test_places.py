"""Folders for the time of one command: nobody takes one from a command that has it (S2)."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from mas.adapters.executors import places

SCRATCH = "agents/.sandboxes"
THREADS = 8
ROUNDS = 80


def test_s2_commands_that_start_together_keep_their_folders_while_others_sweep(
    tmp_path: Path,
) -> None:
    def commands() -> list[str]:
        lost = []
        for _ in range(ROUNDS):
            places.sweep(tmp_path)
            with places.scratch(tmp_path) as scratch:
                kept = scratch.folder / "passwd"
                kept.write_text("agent")
                places.sweep(tmp_path)
                if not kept.exists():
                    lost.append(scratch.folder.name)
        return lost

    with ThreadPoolExecutor(THREADS) as pool:
        lost = [one.result() for one in [pool.submit(commands) for _ in range(THREADS)]]

    assert [name for names in lost for name in names] == []
    assert list((tmp_path / SCRATCH).iterdir()) == []


def test_s2_a_folder_that_is_just_being_made_is_left_alone(
    tmp_path: Path,
) -> None:
    making = tmp_path / SCRATCH / "new-1"
    making.mkdir(parents=True)

    assert places.sweep(tmp_path) == ()
    assert making.is_dir()


def test_s2_what_a_killed_command_has_left_is_swept(tmp_path: Path) -> None:
    above = tmp_path / SCRATCH
    for name in ("left", "new-old"):
        (above / name / "tmp").mkdir(parents=True)
    long_ago = time.time() - timedelta(hours=1).total_seconds()
    os.utime(above / "new-old", (long_ago, long_ago))

    with places.scratch(tmp_path) as scratch:
        assert sorted(places.sweep(tmp_path)) == ["left", "new-old"]
        assert list(above.iterdir()) == [scratch.folder]
