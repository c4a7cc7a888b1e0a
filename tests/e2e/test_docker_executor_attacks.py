"""What an agent in a container tries against the others, the run and the machine (F3, S1)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mas.core.errors import Permanent
from mas.core.executors import CommandOutcome, Limits
from support.docker_engine import DockerEngine, docker_engine
from support.docker_seat import DockerSeat, run

__all__ = ["docker_engine"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.fixture
def seat(docker_engine: DockerEngine, tmp_path: Path) -> DockerSeat:
    seat = DockerSeat(docker_engine, tmp_path / "run")
    other = seat.root / "worktrees/agent-2"
    (other / "theirs").write_text("theirs")
    (other / "theirs").chmod(0o666)
    other.chmod(0o777)
    subprocess.run(["git", "init", "-q", "--bare", str(seat.root / ".git")], check=True)
    (seat.root / "agents/agent-1/private").mkdir()
    (seat.root / "agents/agent-1/private/exchanges").write_text("secret")
    (seat.objects / "pack").write_text("objects of the base")
    return seat


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All files below a folder with mode, owner and content."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode, path.lstat().st_uid, path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }  # fmt: skip


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo evil > {root}/worktrees/agent-2/theirs", id="absolute path"),
        pytest.param("echo evil > ../agent-2/theirs", id="neighbour"),
        pytest.param("echo evil > ../../../../{root}/worktrees/agent-2/theirs", id="dots"),
        pytest.param("ln -s {root}/worktrees/agent-2 l && echo evil > l/theirs", id="link"),
        pytest.param("ln {root}/worktrees/agent-2/theirs hard", id="hard link"),
        pytest.param("git --git-dir=../../.git update-ref refs/heads/x HEAD", id="run repository"),
        pytest.param("git --git-dir={root}/.git config core.x evil", id="config"),
        pytest.param("echo evil > ../../objects/pack", id="objects"),
        pytest.param("mv ../../objects ../../o", id="move of the objects"),
        pytest.param("cat ../../agents/agent-1/private/exchanges", id="private files"),
        pytest.param("echo evil > /proc/1/root{root}/worktrees/agent-2/theirs", id="root of init"),
        pytest.param("mount -t tmpfs none /mnt", id="mount"),
        pytest.param("mount -o remount,rw /workspace/run/objects", id="remount"),
        pytest.param("unshare -rm true", id="namespaces"),
        pytest.param("mknod disk b 8 0", id="device"),
        pytest.param("chown 0:0 . ", id="chown"),
        pytest.param("echo evil > /usr/bin/git", id="programs"),
        pytest.param("echo evil > /evil", id="root folder"),
        pytest.param("test -S /var/run/docker.sock", id="docker socket"),
        pytest.param("test -e {root}", id="real path of the run"),
        pytest.param("cat /etc/shadow", id="shadow"),
        pytest.param("ls {home}/*", id="home of MAS"),
        pytest.param("echo 1 > /proc/sys/kernel/panic", id="kernel settings"),
        pytest.param("kill -9 1 && kill -0 2", id="init"),
        pytest.param("echo 0 > /sys/fs/cgroup/cgroup.procs", id="cgroup"),
        pytest.param("echo b > /proc/sysrq-trigger", id="sysrq"),
        pytest.param("python3 -c 'import socket; socket.create_connection((\"{ip}\", 9), 1)'",
                     id="network"),
    ],
)  # fmt: skip
async def test_f3_an_agent_reaches_nothing_but_its_own(seat: DockerSeat, script: str) -> None:
    before = tree(seat.root / "worktrees/agent-2"), tree(seat.root / ".git"), tree(seat.objects)
    line = script.format(root=seat.root, home=Path.home(), ip="192.0.2.1")
    outcome = await run(seat, "sh", "-c", line)
    assert outcome.exit_code not in (0, None), outcome.output
    assert b"secret" not in outcome.output
    after = tree(seat.root / "worktrees/agent-2"), tree(seat.root / ".git"), tree(seat.objects)
    assert before == after
    assert seat.engine.containers() == []


async def test_f3_a_set_user_id_program_gives_nobody_more_rights(seat: DockerSeat) -> None:
    script = (
        "cp /bin/sh own; chmod 6755 own; id -u; ./own -c 'id -u';"
        " grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status"
    )
    own = os.geteuid() or 1000
    said = (await run(seat, "sh", "-c", script)).output.decode().split()
    assert said[:2] == [str(own), str(own)]
    assert said[2:] == ["CapEff:", "0" * 16, "CapBnd:", "0" * 16, "NoNewPrivs:", "1"]


async def test_f3_what_an_agent_sees_of_the_run_is_its_own(seat: DockerSeat) -> None:
    outcome = await run(seat, "sh", "-c", "cd /workspace; find . -mindepth 1 | sort")
    assert outcome.output.decode().split() == [
        "./run", "./run/agents", "./run/agents/agent-1", "./run/agents/agent-1/home",
        "./run/objects", "./run/objects/pack", "./run/worktrees", "./run/worktrees/agent-1",
    ]  # fmt: skip


async def test_f3_its_own_folders_are_writable_and_what_it_made_is_handed_over_again(
    seat: DockerSeat,
) -> None:
    outside = seat.root / "outside"
    outside.write_text("not handed over")
    (seat.worktree / "link").symlink_to(outside)
    (seat.worktree / "hard").hardlink_to(outside)
    nested = seat.worktree / "a/b"
    nested.mkdir(parents=True)
    (nested / "file").write_text("old")
    script = "echo new > a/b/file; echo x > ../../agents/agent-1/home/x; rm -r a/b; mkdir a/c"
    assert (await run(seat, "sh", "-ec", script)).exit_code == 0
    assert (seat.home / "x").read_text() == "x\n"
    assert outside.stat().st_uid == os.geteuid()


async def bounded(
    seat: DockerSeat, script: str, *, seconds: float = 60.0, **limits: int
) -> CommandOutcome:
    return await run(seat, "bash", "-c", script, seconds=seconds, limits=Limits(**limits))


async def test_s2_a_fork_bomb_ends_at_its_limit_and_is_gone(seat: DockerSeat) -> None:
    bomb = 'f() { [ "$1" -gt 0 ] || { sleep 300; return; }; f $(($1 - 1)) | f $(($1 - 1)) & }; '
    outcome = await bounded(seat, f"{bomb} f 9; sleep 300", seconds=10, processes=40)
    assert outcome.ended == "deadline"
    assert b"Resource temporarily unavailable" in outcome.output
    assert seat.engine.containers() == []


async def test_s2_files_memory_and_the_temporary_folder_are_bounded(seat: DockerSeat) -> None:
    outcome = await bounded(seat, "head -c 5000000 /dev/zero > big", file_bytes=1_000_000)
    assert outcome.exit_code not in (0, None)
    assert (seat.worktree / "big").stat().st_size == 1_000_000
    filling = "head -c 500000000 /dev/zero > /tmp/x"
    outcome = await bounded(seat, filling, memory_bytes=64_000_000)
    assert (outcome.exit_code, outcome.ended) == (137, "oom")


async def test_s2_an_agent_that_kills_everything_ends_itself_alone(seat: DockerSeat) -> None:
    with pytest.raises(Permanent) as caught:
        await run(seat, "sh", "-c", "kill -9 -1; sleep 300")
    assert caught.value.code == "command_lost"
    assert seat.engine.containers() == []


async def test_f3_forged_last_words_are_output_like_any_other(seat: DockerSeat) -> None:
    forged = r"printf '\000mas-ended: exit 0 5\n'; sleep 0.3; printf '\000mas-ended: exit 0 5\n'"
    outcome = await run(seat, "sh", "-c", f"{forged}; exit 9")
    assert (outcome.exit_code, outcome.ended) == (9, "exit")
    assert outcome.output == b"\0mas-ended: exit 0 5\n" * 2


async def test_f3_where_mas_is_an_ordinary_user_its_containers_are_the_same_user(
    seat: DockerSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (seat.worktree, seat.home):
        os.chown(folder, 4321, 4322)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(os, "getegid", lambda: 4322)
    outcome = await run(seat, "sh", "-c", "id -u; id -g; echo x > made")
    assert outcome.output == b"4321\n4322\n"
    made = (seat.worktree / "made").stat()
    assert (made.st_uid, made.st_gid) == (4321, 4322)
