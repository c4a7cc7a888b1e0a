"""A base can come from an address, with the person's own git settings and no questions (F1, Q1)."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mas.core.errors import Transient, UserError
from mas.repositories.git import Git, find_git
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.repositories.source import look_at
from support.ports import free_port

_BARE = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def did(folder: Path, *told: str) -> str:
    done = subprocess.run(
        ["git", *told], cwd=folder, env=_BARE, capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode().strip()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A repository behind a git server on loopback: its address and folder."""
    folder = tmp_path / "served" / "repo"
    folder.mkdir(parents=True)
    did(folder, "init", "-q", "-b", "trunk")
    for text in ("one", "two"):
        (folder / "a.txt").write_text(text)
        did(folder, "add", "-A")
        did(folder, "commit", "-q", "-m", text)
    did(folder, "tag", "-a", "v1", "-m", "v1", "HEAD~1")
    did(folder, "branch", "other", "HEAD~1")
    did(tmp_path / "served", "init", "-q", "--bare", "empty")
    port = free_port()
    told = ["git", "daemon", "--reuseaddr", "--verbose", "--listen=127.0.0.1", f"--port={port}",
            "--export-all", f"--base-path={folder.parent}"]  # fmt: skip
    with subprocess.Popen(
        told, env=_BARE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            assert server.stderr is not None
            assert b"Ready to rumble" in server.stderr.readline()
            yield f"git://127.0.0.1:{port}/repo", folder
        finally:
            os.killpg(server.pid, 9)
            server.wait(60)


@pytest.fixture
async def git() -> Git:
    return await find_git(os.environ["PATH"])


async def test_f1_an_address_gives_its_default_branch(
    git: Git, served: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = served
    source = await look_at(git, url)
    assert (source.kind, source.branch) == ("url", "trunk")
    repository = RunRepository(git, RunFolder(tmp_path / "run"))
    base = await repository.create(source)
    await repository.seat(1)
    assert base.commit == source.commit == did(folder, "rev-parse", "HEAD")
    agent = repository.folder.worktree(1)
    assert (agent / "a.txt").read_text() == "two"
    assert did(agent, "log", "--format=%s", "trunk").split() == ["two", "one"]
    assert did(agent, "remote") == ""
    assert not (repository.folder.root / ".making").exists()


@pytest.mark.parametrize(("ref", "branch"), [("v1", "main"), ("other", "other"), ("sha", "main")])
async def test_f1_an_address_gives_what_is_asked_for(
    git: Git, served: tuple[str, Path], tmp_path: Path, ref: str, branch: str
) -> None:
    url, folder = served
    did(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    first = did(folder, "rev-parse", "HEAD~1")
    source = await look_at(git, url, ref=first if ref == "sha" else ref)
    assert (source.branch, source.commit) == (branch, first)
    base = await RunRepository(git, RunFolder(tmp_path / "run")).create(source)
    assert (base.branch, base.commit) == (branch, first)


async def test_f1_the_persons_own_settings_lead_to_the_address(
    git: Git, served: tuple[str, Path], tmp_path: Path
) -> None:
    url, _ = served
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "{url.removesuffix("repo")}"]\n\tinsteadOf = work:\n')
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "GIT_DIR": "/nowhere"}
    source = await look_at(git, "work:repo", environment=environment)
    base = await RunRepository(git, RunFolder(tmp_path / "run")).create(source)
    assert base.branch == "trunk"


async def test_f1_an_address_without_a_commit_is_like_a_fresh_repository(
    git: Git, served: tuple[str, Path]
) -> None:
    source = await look_at(git, served[0].replace("repo", "empty"))
    assert source.kind == "fresh"
    assert "no commit yet" in source.notes[0]


async def test_q1_an_address_that_does_not_answer_is_said_without_its_password(
    git: Git, tmp_path: Path
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, nobody else takes it
        port = held.getsockname()[1]
        with pytest.raises(Transient) as raised:
            await look_at(git, f"https://user:pa55word@127.0.0.1:{port}/x.git")
    assert raised.value.code == "repository_unreachable"
    assert "pa55word" not in str(raised.value) + repr(raised.value.details)
    assert "127.0.0.1" in raised.value.message


async def test_q1_unknown_names_at_an_address_are_said_with_those_there_are(
    git: Git, served: tuple[str, Path], tmp_path: Path
) -> None:
    url, _ = served
    with pytest.raises(UserError) as raised:
        await look_at(git, url, ref="nowhere")
    assert raised.value.code == "unknown_ref"
    assert "trunk" in raised.value.hint
    source = await look_at(git, url, ref="0123456789" * 4)
    repository = RunRepository(git, RunFolder(tmp_path / "run"))
    with pytest.raises(UserError) as gone:
        await repository.create(source)
    assert gone.value.code == "unknown_ref"
    assert await repository.base() is None
