"""Repositories to work with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repository_worlds import Run, Work

from mas.repositories.git import Git, find_git


@pytest.fixture
async def git() -> Git:
    """The git of this machine."""
    return await find_git(os.environ["PATH"])


@pytest.fixture
def mine(tmp_path: Path) -> Work:
    """Somebody's repository with two commits."""
    work = Work(tmp_path / "mine")
    work.folder.mkdir()
    work.git("init", "-q")
    work.commit("first", **{"README.md": "hello\n", "src/app.py": "print(1)\n"})
    work.write({".gitignore": "*.log\nbuild/\n", "run.sh": "#!/bin/sh\n", "한글 파일.txt": "네\n"})
    (work.folder / "run.sh").chmod(0o755)
    (work.folder / "link").symlink_to("README.md")
    work.commit("second")
    return work


@pytest.fixture
async def run(git: Git, mine: Work, tmp_path: Path) -> Run:
    """A run on it with one agent seated."""
    return await Run(git, tmp_path / "run").start(mine.folder)
