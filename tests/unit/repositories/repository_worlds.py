"""Repositories to work with: somebody's own, a run's, and the clone of an agent."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from mas.repositories.changes import Taken
from mas.repositories.git import Git
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.repositories.source import look_at


class Work:
    """A working tree that somebody uses git in, as people and agents do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *told: str, fails: bool = False, **more: str) -> str:
        who = {"NAME": "somebody", "EMAIL": "somebody@example.org"}
        names = {f"GIT_{kind}_{key}": who[key] for kind in ("AUTHOR", "COMMITTER") for key in who}
        done = subprocess.run(
            ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *told],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": "/nonexistent",
                "GIT_CONFIG_NOSYSTEM": "1",
                **names,
                **more,
            },
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert fails or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, files: Mapping[str, str | bytes]) -> Work:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def commit(self, message: str = "change", **files: str) -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def fingerprint(folder: Path) -> dict[str, str]:
    """Everything below a folder, with contents and times of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        told = (state.st_mode, state.st_mtime_ns, state.st_ino, hashlib.sha1(content).hexdigest())
        found[str(path.relative_to(folder))] = repr(told)
    return found


class Run:
    """A run repository with what agents do in it."""

    def __init__(self, git: Git, root: Path) -> None:
        self.repository = RunRepository(git, RunFolder(root))
        self.folder = self.repository.folder
        self.base = ""

    async def start(self, named: Path | None, *, agents: int = 1) -> Run:
        source = await look_at(self.repository.git, None if named is None else str(named))
        self.base = (await self.repository.create(source)).commit
        for number in range(1, agents + 1):
            await self.repository.seat(number)
        return self

    def agent(self, number: int = 1) -> Work:
        return Work(self.folder.worktree(number))

    async def take(self, number: int = 1) -> Taken:
        return await self.repository.take_in(number, reason="The agent has ended.")

    def git(self, *told: str) -> str:
        return Work(self.folder.root).git("--git-dir", str(self.folder.git_dir), *told)

    async def text(self, commit: str, path: str) -> str | None:
        data = await self.repository.read(commit, path)
        return None if data is None else data.decode()
