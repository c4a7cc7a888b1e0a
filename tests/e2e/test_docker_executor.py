"""Commands in containers of a real engine: how they run, how they end, what is left."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.executors import docker
from mas.core.errors import Permanent, UserError
from mas.core.executors import Limits
from support.docker_engine import DockerEngine, docker_engine
from support.docker_seat import BOUND, STARTED, DockerSeat, run

__all__ = ["docker_engine"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(300)
print("ready", flush=True)
time.sleep(300)
"""


@pytest.fixture
def seat(docker_engine: DockerEngine, tmp_path: Path) -> DockerSeat:
    return DockerSeat(docker_engine, tmp_path / "run")


async def test_s1_a_ready_engine_says_its_version_and_image(seat: DockerSeat) -> None:
    said = await seat.executor.ready()
    assert said.startswith("docker ")
    assert said.endswith("image mas-agent")


async def test_q1_a_missing_image_is_an_error_with_the_way_to_build_it(seat: DockerSeat) -> None:
    without = seat.make_executor(image="mas-nowhere")
    for attempt in (without.ready(), without.run(seat.command("true"))):
        with pytest.raises(UserError, match="docker build -t mas-nowhere") as caught:
            await attempt
        assert caught.value.code == "no_image"
    assert seat.engine.containers() == []


async def test_s1_output_exit_code_and_input_are_those_of_the_command(seat: DockerSeat) -> None:
    script = "echo out; echo err >&2; cat; printf '\\377 no end'; exit 3"
    outcome = await run(seat, "sh", "-c", script, stdin=b"in\n" * 100_000)
    assert (outcome.exit_code, outcome.ended, outcome.adopted) == (3, "exit", False)
    assert outcome.output == b"out\nerr\n" + b"in\n" * 100_000 + b"\xff no end"
    assert outcome.total_bytes == len(outcome.output)
    assert seat.engine.containers() == []


async def test_s3_the_environment_is_exact_and_no_secret_of_it_shows_outside(
    seat: DockerSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "our own")
    given = {"PATH": seat.executor.path, "TOKEN": "s3cret\nof two lines", "HOME": "/tmp"}
    seen: list[str] = []

    def look(piece: bytes) -> None:
        listed = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True)
        seen.append(listed.stdout)
        seen.append(seat.engine.ask("inspect", "secretive"))

    outcome = await run(
        seat, "sh", "-c", "env -0; read end", environment=given, on_output=look, name="secretive"
    )
    lines = set(outcome.output.decode().rstrip("\0").split("\0"))
    assert lines - {f"PWD={seat.inside}"} == {f"{name}={value}" for name, value in given.items()}
    assert len(seen) >= 2
    assert not [text for text in seen if "s3cret" in text]


async def test_s2_a_ending_by_signal_by_memory_and_by_deadline_are_told_apart(
    seat: DockerSeat,
) -> None:
    greedy = "x = b'x' * 1_000_000_000"
    ended = await asyncio.gather(
        run(seat, "sh", "-c", "kill -9 $$"),
        run(seat, "sh", "-c", "kill $$"),
        run(seat, "sh", "-c", "exit 137"),
        run(seat, "python3", "-c", greedy, limits=Limits(memory_bytes=64_000_000)),
        run(seat, "sleep", "300", seconds=1.0),
    )
    assert [(one.exit_code, one.ended) for one in ended] == [
        (137, "signal"), (143, "signal"), (137, "exit"), (137, "oom"), (None, "deadline"),
    ]  # fmt: skip


async def test_s1_output_streams_before_the_command_ends(seat: DockerSeat) -> None:
    """The command ends only after its line was read, so a line that is kept back never comes."""

    def answer(piece: bytes) -> None:
        if b"ready\n" in piece:
            (seat.worktree / "go").touch()

    script = "echo ready; while ! [ -e go ]; do sleep 0.05; done"
    assert (await run(seat, "sh", "-c", script, on_output=answer)).ended == "exit"


@pytest.mark.parametrize(
    ("argv", "change", "code"),
    [
        (("surely-not-there",), {}, "no_program"),
        (("./plain",), {}, "no_program"),
        (("",), {}, "no_program"),
        (("ls", "a\0b"), {}, "bad_command"),
        (("ls",), {"folder": Path("/gone")}, "no_folder"),
        (("ls",), {"sandbox": None}, "no_isolation"),
        (("ls",), {"name": "Not A Name"}, "bad_command"),
    ],
)
async def test_q1_what_cannot_be_run_is_an_error_with_its_code(
    seat: DockerSeat, argv: tuple[str, ...], change: dict[str, object], code: str
) -> None:
    (seat.worktree / "plain").write_text("text")
    with pytest.raises(UserError) as caught:
        await run(seat, *argv, **change)
    assert caught.value.code == code
    assert caught.value.hint
    assert seat.engine.containers() == []


async def test_s2_at_the_deadline_everything_is_ended_also_who_does_not_listen(
    seat: DockerSeat,
) -> None:
    outcome = await run(seat, "python3", "-c", STUBBORN, seconds=STARTED)
    assert (outcome.exit_code, outcome.ended, outcome.output) == (None, "deadline", b"ready\n")
    assert outcome.took.total_seconds() < BOUND
    assert seat.engine.containers() == []


async def test_s2_a_command_that_stops_its_supervisor_is_ended_all_the_same(
    seat: DockerSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "_LATE", timedelta(seconds=1))
    monkeypatch.setattr("mas.adapters.executors.docker_container._SLACK", timedelta(seconds=1))
    outcome = await run(seat, "sh", "-c", "kill -STOP $PPID; sleep 300", seconds=STARTED)
    assert (outcome.exit_code, outcome.ended) == (None, "deadline")
    assert seat.engine.containers() == []


async def test_s2_cancelling_at_any_moment_of_the_start_leaves_nothing(seat: DockerSeat) -> None:
    async def cancelled_after(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await seat.executor.run(seat.command("sleep", "300"))

    await seat.executor.ready()
    await asyncio.gather(*(cancelled_after(0.02 * turn) for turn in range(1, 16)))
    assert seat.engine.containers() == []


async def test_s2_a_container_that_somebody_kills_is_lost(seat: DockerSeat) -> None:
    def kill(piece: bytes) -> None:
        seat.engine.ask("kill", "doomed")

    with pytest.raises(Permanent) as caught:
        await run(seat, "sh", "-c", "echo up; sleep 300", name="doomed", on_output=kill)
    assert caught.value.code == "command_lost"
    assert seat.engine.containers() == []


async def test_f3_a_workspace_that_the_engine_knows_under_another_path_is_found(
    seat: DockerSeat, tmp_path: Path
) -> None:
    """MAS has it by a link whose target the engine does not have; the engine has the real one."""
    alias = tmp_path / "alias"
    alias.symlink_to(seat.root.parent)
    executor = seat.make_executor(path_map=(alias, seat.root.parent))
    moved = DockerSeat(seat.engine, alias / seat.root.name, executor=executor)
    outcome = await run(moved, "sh", "-c", "pwd; echo done > made")
    assert outcome.output.decode() == f"{seat.inside}\n"
    assert (seat.worktree / "made").read_text() == "done\n"
    wrong = seat.make_executor(path_map=(seat.root.parent, tmp_path / "not-there"))
    with pytest.raises(UserError, match="WORKSPACE_PATH") as caught:
        await wrong.run(seat.command("true"))
    assert caught.value.code == "no_folder"


def _serve(path: Path, answer: bytes) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    listening.bind(str(path))
    path.chmod(0o666)
    listening.listen()

    def reply() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(100)
            connection.sendall(answer)

    asyncio.get_running_loop().add_reader(listening.fileno(), reply)
    return listening


ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", 8419), timeout=20) as link:
    link.sendall(b"hello")
    print(link.recv(100).decode(), flush=True)
"""


async def test_s1_a_closed_network_reaches_the_gateway_alone_also_a_new_one(
    seat: DockerSeat, tmp_path: Path
) -> None:
    folder = tmp_path / "gateway"
    folder.mkdir()
    socket_path = folder / "s"
    first = _serve(socket_path, b"from the first")
    servers = [first]

    def come_back(piece: bytes) -> None:
        if b"first" in piece:
            asyncio.get_running_loop().remove_reader(first.fileno())
            first.close()
            servers.append(_serve(socket_path, b"from the second"))
            (seat.worktree / "go").touch()

    script = f"python3 -c '{ASK}'; while ! [ -e go ]; do sleep 0.05; done; python3 -c '{ASK}'"
    try:
        outcome = await run(
            seat, "sh", "-c", script, network="gateway", gateway=socket_path, on_output=come_back
        )
    finally:
        asyncio.get_running_loop().remove_reader(servers[-1].fileno())
        for server in servers:
            server.close()
    assert outcome.output.decode() == "from the first\nfrom the second\n"
    with pytest.raises(UserError) as caught:
        await run(seat, "nowhere", network="gateway", gateway=folder)
    assert caught.value.code == "no_program"
