"""Containers whose MAS has died, containers of others, and two MAS at once (R5, S2)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.executors import docker_inside, docker_recipe
from mas.core.errors import UserError
from mas.core.executors import CommandOutcome
from support.docker_engine import DockerEngine, docker_engine
from support.docker_seat import BOUND, STARTED, DockerSeat, run

__all__ = ["docker_engine"]
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
NAME = "run-7-agent-1"
LABELS = {"mas.run": "7", "mas.agent": "1"}
WORK = "echo begun; while ! [ -e go ]; do sleep 0.05; done; printf 'said \\377'; exit 4"
MAS = """
import asyncio, json, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from support.docker_engine import DockerEngine
from support.docker_seat import DockerSeat
engine = DockerEngine(address={address!r}, image={image!r}, pid=0)
seat = DockerSeat(engine, Path({root!r}))
command = seat.command(
    "sh", "-c", {work!r}, name={name!r}, labels={labels!r}, seconds={seconds!r},
    on_output=lambda piece: print(json.dumps(piece.decode("latin-1")), flush=True),
)
asyncio.run(seat.executor.run(command))
"""


@pytest.fixture
def seat(docker_engine: DockerEngine, tmp_path: Path) -> Iterator[DockerSeat]:
    seat = DockerSeat(docker_engine, tmp_path / "run")
    yield seat
    for name in docker_engine.containers():
        docker_engine.ask("rm", "--force", name, check=False)


@contextlib.contextmanager
def other_mas(
    seat: DockerSeat, *, work: str = WORK, seconds: float = 60.0
) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the command; the block begins once the command has spoken."""
    script = MAS.format(
        tests=str(Path(__file__).parents[1]),
        address=seat.engine.address,
        image=seat.engine.image,
        root=str(seat.root),
        work=work,
        name=NAME,
        labels=LABELS,
        seconds=seconds,
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as one:
        bound = threading.Timer(BOUND, one.kill)
        bound.start()
        try:
            assert one.stdout is not None
            assert json.loads(one.stdout.readline()) == "begun\n"
            yield one
        finally:
            bound.cancel()
            one.kill()


async def test_r5_a_container_whose_mas_was_killed_goes_on_and_is_adopted(seat: DockerSeat) -> None:
    with other_mas(seat) as first:
        number = seat.engine.ask("inspect", "-f", "{{.Id}}", NAME)
        first.kill()
        first.wait()
    heard: list[bytes] = []

    def hear(piece: bytes) -> None:
        heard.append(piece)
        assert seat.engine.ask("inspect", "-f", "{{.Id}}", NAME) == number
        (seat.worktree / "go").touch()

    outcome = await run(seat, "sh", "-c", WORK, name=NAME, labels=LABELS, on_output=hear)
    assert (outcome.exit_code, outcome.ended, outcome.adopted) == (4, "exit", True)
    assert outcome.output == b"".join(heard) == b"begun\nsaid \xff"
    assert outcome.total_bytes == len(outcome.output)
    assert seat.engine.containers() == []


async def test_r5_the_outcome_of_a_container_that_has_ended_meanwhile_is_taken(
    seat: DockerSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    with other_mas(seat) as first:
        first.kill()
        first.wait()
    (seat.worktree / "go").touch()
    seat.engine.ask("wait", NAME)
    monkeypatch.setattr("mas.adapters.executors.docker._LATE", timedelta(0))
    # It has ended in time, however late it is looked at.
    outcome = await run(seat, "sh", "-c", "never run", name=NAME, labels=LABELS, seconds=0.001)
    assert (outcome.exit_code, outcome.ended, outcome.adopted) == (4, "exit", True)
    assert outcome.output == b"begun\nsaid \xff"
    assert seat.engine.containers() == []


async def test_r5_the_deadline_of_an_adopted_container_counts_from_its_start(
    seat: DockerSeat,
) -> None:
    with other_mas(seat, work="echo begun; sleep 300", seconds=STARTED) as first:
        first.kill()
        first.wait()
    seat.engine.ask("wait", NAME)  # It keeps to its deadline also while nobody looks.
    outcome = await run(seat, "true", name=NAME, labels=LABELS, seconds=300)
    assert (outcome.exit_code, outcome.ended, outcome.adopted) == (None, "deadline", True)
    assert STARTED <= outcome.took.total_seconds() < BOUND


async def test_r5_a_client_that_dies_loses_no_output_and_ends_no_container(
    seat: DockerSeat,
) -> None:
    heard: list[bytes] = []

    def hear(piece: bytes) -> None:
        heard.append(piece)
        if b"begun" in piece:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            clients = [pid for pid in children if b"docker\0start" in cmdline(pid)]
            assert clients
            for pid in clients:
                os.kill(int(pid), signal.SIGKILL)
            (seat.worktree / "go").touch()

    def cmdline(pid: str) -> bytes:
        return Path(f"/proc/{pid}/cmdline").read_bytes()

    outcome = await run(seat, "sh", "-c", WORK, name=NAME, labels=LABELS, on_output=hear)
    assert (outcome.exit_code, outcome.ended, outcome.adopted) == (4, "exit", False)
    assert outcome.output == b"".join(heard) == b"begun\nsaid \xff"


async def test_r5_two_mas_at_once_share_one_container(seat: DockerSeat) -> None:
    release: Callable[[], None] = (seat.worktree / "go").touch
    with other_mas(seat) as first:
        heard = asyncio.Event()
        task = asyncio.create_task(
            run(seat, "sh", "-c", WORK, name=NAME, labels=LABELS, on_output=lambda _: heard.set())
        )
        async with asyncio.timeout(BOUND):
            await heard.wait()
            assert seat.engine.containers() == [NAME]
            release()
            outcome = await task
        assert await asyncio.to_thread(first.wait, BOUND) == 0
    assert (outcome.exit_code, outcome.adopted) == (4, True)
    assert outcome.output == b"begun\nsaid \xff"
    assert seat.engine.containers() == []


async def test_r5_callers_that_start_together_run_it_once(seat: DockerSeat) -> None:
    """The command ends when all three have heard it, so that none comes too late."""
    script = "echo x >> ran; echo begun; while ! [ -e go ]; do sleep 0.05; done; echo done"
    heard: set[int] = set()

    def hear(number: int) -> None:
        heard.add(number)
        if len(heard) == 3:
            (seat.worktree / "go").touch()

    def go(number: int) -> Coroutine[Any, Any, CommandOutcome]:
        return DockerSeatRun(seat).go(
            *("sh", "-c", script),
            name=NAME,
            labels=LABELS,
            on_output=lambda _: hear(number),
        )

    several: list[CommandOutcome] = await asyncio.gather(*map(go, range(3)))
    assert (seat.worktree / "ran").read_text() == "x\n"
    assert {(one.exit_code, one.output) for one in several} == {(0, b"begun\ndone\n")}
    assert sorted(one.adopted for one in several) == [False, True, True]


class DockerSeatRun:
    """Another executor on the same place, as another MAS has it."""

    def __init__(self, seat: DockerSeat) -> None:
        self.seat = DockerSeat(seat.engine, seat.root)

    async def go(self, *argv: str, **more: object) -> CommandOutcome:
        return await run(self.seat, *argv, **more)


async def test_r5_a_container_that_was_made_but_never_told_what_to_do_is_made_anew(
    seat: DockerSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mas.adapters.executors.docker._STARTING", 0.5)
    labels = {**LABELS, "mas.managed": "true", "mas.name": NAME, "mas.root": str(seat.root)}
    words = [f"--label={key}={value}" for key, value in labels.items()]
    supervisor = ("--entrypoint=python3", seat.engine.image, "-c", "import sys; sys.exit(93)")
    seat.engine.ask("create", f"--name={NAME}", *words, *supervisor)
    outcome = await run(seat, "echo", "mine", name=NAME, labels=LABELS)
    assert (outcome.output, outcome.adopted) == (b"mine\n", False)
    seat.engine.ask("create", f"--name={NAME}", "--network=none", *words, *supervisor)
    seat.engine.ask("start", NAME)
    seat.engine.ask("wait", NAME)
    outcome = await run(seat, "echo", "mine", name=NAME, labels=LABELS)
    assert (outcome.output, outcome.adopted) == (b"mine\n", False)


def test_r5_an_order_that_was_cut_short_is_not_carried_out(seat: DockerSeat) -> None:
    """Whatever part of it has come when MAS dies: all of it or nothing."""
    command = seat.command("echo", "carried out", stdin=b"some input")
    assert command.sandbox is not None
    whole = docker_recipe.order(command, command.sandbox, command.deadline)
    source = len(Path(docker_inside.__file__).read_bytes())
    for length in (0, 2, source // 2, source + 6, source + 50, len(whole) - 1):
        done = subprocess.run(
            ["docker", "run", "--rm", "-i", "--init", "--network=none", "--entrypoint=python3",
             seat.engine.image, "-c", docker_inside.BOOTSTRAP],
            env=seat.engine.environment, input=whole[:length], capture_output=True, timeout=BOUND,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (docker_inside.UNORDERED, b""), length


@pytest.mark.parametrize("label", ["mas.run=8", "mas.root=/elsewhere", None])
async def test_s2_a_container_of_somebody_else_is_never_touched(
    seat: DockerSeat, label: str | None
) -> None:
    words = ["--label=mas.run=7", "--label=mas.agent=1", f"--label=mas.name={NAME}"]
    words += ["--label=mas.managed=true", f"--label=mas.root={seat.root}"]
    mine = [*words, f"--label={label}"] if label else []
    seat.engine.ask(
        "run", "-d", f"--name={NAME}", *mine, "--network=none", seat.engine.image, "sleep", "300"
    )
    with pytest.raises(UserError, match=NAME) as caught:
        await run(seat, "true", name=NAME, labels=LABELS)
    assert caught.value.code == "name_taken"
    assert seat.engine.ask("inspect", "-f", "{{.State.Running}}", NAME) == "true"
    assert await seat.executor.sweep({"mas.run": "9"}) == ()
    assert seat.engine.containers() == [NAME]


async def test_s2_a_sweep_removes_what_is_left_under_its_labels_alone(seat: DockerSeat) -> None:
    with other_mas(seat) as first:
        first.kill()
        first.wait()
    seat.engine.ask(
        "run", "-d", "--name=stranger", "--label=mas.run=7", "--network=none",
        seat.engine.image, "sleep", "300",
    )  # fmt: skip
    assert await seat.executor.sweep({"mas.run": "8"}) == ()
    assert await seat.executor.sweep({"mas.run": "7"}) == (NAME,)
    assert seat.engine.containers() == ["stranger"]
