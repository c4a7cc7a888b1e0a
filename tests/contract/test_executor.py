"""What every `Executor` must do (S1, S2, S3): here those of this machine.

Without a sandbox it is `LocalExecutor`; what isolates passes the suite of
`tests/support/executor_suite.py`, `LocalSandbox` with each isolation that works here.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.executors.isolation import Isolation
from mas.adapters.executors.local import LocalExecutor
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.errors import UserError
from mas.core.executors import Command, CommandOutcome, Executor, SandboxExecutor
from support.executor_suite import Box, ExecutorSuite, IsolationSuite, SuiteBase

GRACE = timedelta(seconds=1.5)
BOUND = 60.0
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for leaves in (False, True):
    if os.fork() == 0:
        if leaves:
            os.setsid()
            if os.fork():
                os._exit(0)
        time.sleep(300)
print("ready", flush=True)
time.sleep(300)
"""
"""Ignores TERM and has children: one in its group, one that has left session and parent."""


@pytest.fixture
def executor() -> Executor:
    return LocalExecutor(grace=GRACE)


Maker = Callable[..., Command]


@pytest.fixture
def command(tmp_path: Path) -> Maker:
    def make(*argv: str, seconds: float = BOUND, **more: object) -> Command:
        known: dict[str, object] = {
            "folder": tmp_path,
            "environment": {"PATH": os.environ["PATH"]},
            "deadline": timedelta(seconds=seconds),
        }
        return Command(argv=argv, **{**known, **more})  # type: ignore[arg-type]

    return make


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process does; nothing but looking tells."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def run(executor: Executor, one: Command) -> CommandOutcome:
    async with asyncio.timeout(BOUND):
        return await executor.run(one)


def alive(mark: str) -> list[str]:
    """Command lines of living processes with this mark, whoever started them."""
    listed = subprocess.run(["ps", "-axww", "-o", "stat=,args="], capture_output=True, text=True)
    return [
        line for line in listed.stdout.splitlines() if mark in line and not line.startswith("Z")
    ]


async def test_s1_output_and_exit_code_come_back_as_they_are(
    executor: Executor, command: Maker
) -> None:
    outcome = await run(executor, command("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert outcome.exit_code == 3
    assert outcome.output == b"out\nerr\n"
    assert outcome.total_bytes == 8
    assert timedelta(0) < outcome.took < timedelta(seconds=BOUND)


async def test_s1_words_are_arguments_and_never_a_shell(executor: Executor, command: Maker) -> None:
    odd = "a b; echo $HOME `id` \n\"'*"
    outcome = await run(executor, command("printf", "%s", odd))
    assert outcome.output.decode() == odd


async def test_s3_the_environment_is_exactly_what_was_given(
    executor: Executor, command: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "our own")
    given = {"PATH": os.environ["PATH"], "NAME": "a=b c\nd"}
    outcome = await run(executor, command("env", "-0", environment=given))
    lines = set(outcome.output.decode().rstrip("\0").split("\0"))
    assert lines == {f"{name}={value}" for name, value in given.items()}


async def test_s1_the_command_runs_in_its_folder(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    (tmp_path / "here").touch()
    assert (await run(executor, command("ls"))).output == b"here\n"


async def test_s1_standard_input_is_what_was_given_and_then_ends(
    executor: Executor, command: Maker
) -> None:
    text = b"x" * 300_000
    assert (await run(executor, command("wc", "-c", stdin=text))).output.split() == [b"300000"]
    assert (await run(executor, command("cat"))).output == b""


async def test_q1_an_unknown_program_is_an_error_that_names_it(
    executor: Executor, command: Maker
) -> None:
    with pytest.raises(UserError, match="no program surely-not-there") as caught:
        await run(executor, command("surely-not-there"))
    assert caught.value.code == "no_program"


async def test_q1_a_file_that_is_no_program_is_an_error(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    (tmp_path / "plain").write_text("text")
    with pytest.raises(UserError) as caught:
        await run(executor, command("./plain"))
    assert caught.value.code == "no_program"


async def test_q1_a_missing_folder_is_an_error_that_names_it(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="gone") as caught:
        await run(executor, command("ls", folder=tmp_path / "gone"))
    assert caught.value.code == "no_folder"


@pytest.mark.parametrize("argv", [(), ("",), ("ls", "a\0b")])
async def test_q1_words_that_cannot_be_run_are_an_error(
    executor: Executor, command: Maker, argv: tuple[str, ...]
) -> None:
    with pytest.raises(UserError):
        await run(executor, command(*argv))


async def test_b3_output_beyond_the_limit_is_counted_and_its_ends_are_kept(
    executor: Executor, command: Maker
) -> None:
    script = "print('first'); print('x' * 50_000_000); print('last')"
    outcome = await run(
        executor, command(sys.executable, "-c", script, output_limit_bytes=1_000_000)
    )
    assert outcome.exit_code == 0
    assert outcome.total_bytes == 50_000_012
    assert len(outcome.output) <= 1_000_000
    assert outcome.output.startswith(b"first\n")
    assert outcome.output.endswith(b"last\n")


async def test_b3_binary_output_comes_back_byte_by_byte(executor: Executor, command: Maker) -> None:
    script = "import sys; sys.stdout.buffer.write(bytes(range(256)))"
    outcome = await run(executor, command(sys.executable, "-c", script))
    assert outcome.output == bytes(range(256))


async def test_s1_a_command_that_a_signal_ended_has_the_exit_code_of_a_shell(
    executor: Executor, command: Maker
) -> None:
    assert (await run(executor, command("sh", "-c", "kill -9 $$"))).exit_code == 137


async def test_s2_at_the_deadline_the_whole_tree_is_ended_also_who_left_it(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}-{time.monotonic_ns()}"
    one = command(sys.executable, "-c", STUBBORN, mark, seconds=3.0)
    outcome = await run(executor, one)
    assert outcome.exit_code is None
    assert outcome.output == b"ready\n"
    assert alive(mark) == []


async def test_s2_a_command_that_listens_to_term_gets_the_grace(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    script = "trap 'echo bye > said; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    outcome = await run(executor, command("sh", "-c", script, seconds=2.0))
    assert outcome.exit_code is None
    assert (tmp_path / "said").read_text() == "bye\n"


async def test_s2_what_a_command_left_behind_ends_with_it(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}-{time.monotonic_ns()}"
    script = f"setsid sh -c 'sleep 300 # {mark}' & echo done"
    outcome = await run(executor, command("sh", "-c", script))
    assert (outcome.exit_code, outcome.output) == (0, b"done\n")
    assert alive(mark) == []


async def test_s2_when_the_caller_is_cancelled_the_whole_tree_is_gone(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}-{time.monotonic_ns()}"
    script = "import pathlib; pathlib.Path('up').touch()" + STUBBORN
    task = asyncio.create_task(executor.run(command(sys.executable, "-c", script, mark)))
    async with asyncio.timeout(BOUND):
        await until((tmp_path / "up").exists)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # Impatience leaves nothing behind either.
        with pytest.raises(asyncio.CancelledError):
            await task
    assert alive(mark) == []


async def test_s2_cancelling_at_any_moment_of_the_start_leaves_nothing_behind(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}-{time.monotonic_ns()}"
    for turns in range(12):
        task = asyncio.create_task(executor.run(command("sh", "-c", f"sleep 300 # {mark}")))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(BOUND):
                await task
    assert alive(mark) == []
    assert not [line for line in alive("supervisor.py") if str(os.getpid()) == line.split()[0]]


async def test_s1_many_commands_run_side_by_side(executor: Executor, command: Maker) -> None:
    outcomes = await asyncio.gather(
        *(run(executor, command("sh", "-c", f"echo {number}")) for number in range(20))
    )
    assert [int(one.output) for one in outcomes] == list(range(20))


async def test_s2_a_kill_of_the_caller_takes_the_tree_with_it(tmp_path: Path) -> None:
    mark = f"mark-{tmp_path.name}-{time.monotonic_ns()}"
    script = f"""
import asyncio
from datetime import timedelta
from pathlib import Path
from mas.adapters.executors.local import LocalExecutor
from mas.core.executors import Command
program = {"import pathlib; pathlib.Path('up').touch()" + STUBBORN!r}
command = Command(
    argv=({sys.executable!r}, "-c", program, {mark!r}), folder=Path({str(tmp_path)!r}),
    environment={{}}, deadline=timedelta(minutes=5),
)
asyncio.run(LocalExecutor(grace=timedelta(seconds=0.3)).run(command))
"""
    caller = subprocess.Popen([sys.executable, "-c", script])  # noqa: ASYNC220
    try:
        async with asyncio.timeout(BOUND):
            await until((tmp_path / "up").exists)
            caller.send_signal(signal.SIGKILL)
            await until(lambda: not alive(mark))
    finally:
        caller.kill()
        caller.wait()


async def test_s1_without_isolation_a_command_that_needs_it_is_refused(
    executor: Executor, command: Maker, tmp_path: Path
) -> None:
    box = Box(LocalSandbox(os.environ["PATH"]), tmp_path)
    with pytest.raises(UserError) as caught:
        await run(executor, command("true", sandbox=box.sandbox()))
    assert caught.value.code == "no_isolation"


async def test_s2_how_a_command_ended_is_told_apart(executor: Executor, command: Maker) -> None:
    assert (await run(executor, command("sh", "-c", "exit 137"))).ended == "exit"
    assert (await run(executor, command("sh", "-c", "kill -9 $$"))).ended == "signal"
    assert (await run(executor, command("sleep", "300", seconds=0.2))).ended == "deadline"


async def test_s2_a_deadline_that_is_over_before_the_start_still_ends_the_command(
    executor: Executor, command: Maker
) -> None:
    outcome = await run(executor, command("sleep", "300", seconds=0.0))
    assert (outcome.ended, outcome.exit_code) == ("deadline", None)
    assert outcome.took < timedelta(seconds=BOUND)


class OnThisMachine(SuiteBase):
    """`LocalSandbox` with one isolation; skips where that does not work."""

    isolation: Isolation
    deadline = 3.0

    @pytest.fixture
    async def executor(self) -> SandboxExecutor:
        sandbox = LocalSandbox(os.environ["PATH"], prefer=self.isolation, grace=GRACE)
        try:
            await sandbox.ready()
        except UserError as exc:
            pytest.skip(exc.message)
        return sandbox

    @pytest.fixture
    def root(self) -> Iterator[Path]:
        """A run folder that also another user can get to."""
        folder = Path(tempfile.mkdtemp(prefix="mas-run-"))
        folder.chmod(0o755)
        yield folder
        shutil.rmtree(folder)


class TestBubblewrap(OnThisMachine, ExecutorSuite):
    isolation = "bubblewrap"


class TestLandlock(OnThisMachine, ExecutorSuite):
    isolation = "landlock"
    adds = frozenset({"TMPDIR", "GIT_CONFIG_NOSYSTEM"})
    closes_network = os.geteuid() == 0


class TestOwnUser(OnThisMachine, IsolationSuite):
    isolation = "own_user"
    hides_outside = False
