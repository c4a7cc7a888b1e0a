"""Folders that are lent to a user of their own, while others come and go beside them (S3)."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mas.adapters.executors import own_user

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can lend folders")

NEIGHBOURS = 6
ROUNDS = 300


def test_s3_folders_are_lent_while_those_beside_them_get_their_names(tmp_path: Path) -> None:
    lent = tmp_path / "agent-1"
    lent.mkdir()
    stop = threading.Event()

    def neighbour(number: int) -> None:
        making, made = tmp_path / f".making-agent-{number}", tmp_path / f"agent-{number}"
        while not stop.is_set():
            making.mkdir()
            making.rename(made)
            made.rmdir()

    with ThreadPoolExecutor(NEIGHBOURS) as pool:
        beside = [pool.submit(neighbour, number) for number in range(2, NEIGHBOURS + 2)]
        try:
            for _ in range(ROUNDS):
                own_user.lend((lent,), 70_001, (lent,))
        finally:
            stop.set()
        for one in beside:
            one.result()
    assert (lent.stat().st_uid, stat.S_IMODE(lent.stat().st_mode)) == (70_001, 0o700)
