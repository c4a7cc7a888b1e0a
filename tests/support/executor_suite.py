"""What every `SandboxExecutor` must do, as a suite to inherit from (S1, S2, S3).

A test module plugs an executor in like this, and adds what only that executor can do:

    class TestLocalSandbox(ExecutorSuite):
        @pytest.fixture
        def executor(self) -> SandboxExecutor: ...      # may be async, session-scoped, may skip

        @pytest.fixture
        def root(self, tmp_path: Path) -> Path: ...     # an empty run folder the executor can show

Class attributes say what an executor cannot do by its nature. Programs that are used inside are
those of a minimal Debian image: a shell, coreutils, git, and `executor.python`.
"""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from mas.core.errors import MasError, UserError
from mas.core.executors import Command, CommandOutcome, Limits, SandboxExecutor
from support.executor_box import (
    ESCAPING_DAEMON,
    FORK_BOMB,
    GREEDY,
    MIB,
    STUBBORN,
    Box,
    alive,
    until,
)

__all__ = ["Box", "ExecutorSuite", "IsolationSuite", "RunningSuite", "alive", "until"]


class SuiteBase:
    """What both suites stand on."""

    bound: ClassVar[float] = 60.0
    """Seconds that one command may take with all that is around it."""
    takes_stdin: ClassVar[bool] = True
    ends_on_memory: ClassVar[bool] = True
    limits_processes: ClassVar[bool] = True
    closes_network: ClassVar[bool] = True
    hides_outside: ClassVar[bool] = True
    """False: what lies outside cannot be changed, but may be there."""
    adds: ClassVar[frozenset[str]] = frozenset()
    """Variables that a command needs here beyond what was given."""
    deadline: ClassVar[float] = 4.0
    """Seconds until the deadline in tests of it: a busy machine too starts a program in them."""

    @pytest.fixture
    def box(self, executor: SandboxExecutor, root: Path) -> Box:
        return Box(executor, root)

    @pytest.fixture
    def mark(self) -> str:
        return f"mark-{os.getpid()}-{time.monotonic_ns()}"

    async def left(self, mark: str) -> list[str]:
        """What still runs and holds the mark; overridden where `ps` does not see it."""
        return alive(mark)

    async def run(self, box: Box, command: Command) -> CommandOutcome:
        async with asyncio.timeout(self.bound):
            return await box.executor.run(command)


class RunningSuite(SuiteBase):
    """How a command is run and how it ends."""

    async def test_s1_it_says_in_words_how_it_isolates(self, box: Box) -> None:
        assert await box.executor.ready()
        assert box.executor.kind in ("local", "docker", "kubernetes")

    async def test_s1_output_and_exit_code_come_back_as_they_are(self, box: Box) -> None:
        outcome = await self.run(box, box.shell("echo out; echo err >&2; exit 3"))
        assert (outcome.exit_code, outcome.ended) == (3, "exit")
        assert outcome.output == b"out\nerr\n"
        assert outcome.total_bytes == 8
        assert timedelta(0) < outcome.took < timedelta(seconds=self.bound)

    async def test_s1_words_are_arguments_and_never_a_shell(self, box: Box) -> None:
        odd = "a b; echo $HOME `id` \n\"'* é"
        outcome = await self.run(box, box.command("printf", "%s", odd))
        assert outcome.output.decode() == odd

    async def test_s3_the_environment_is_exactly_what_was_given(
        self, box: Box, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CANARY", "our own")
        given = {"PATH": box.executor.path, "NAME": "a=b c\nd"}
        outcome = await self.run(box, box.command("env", "-0", environment=given))
        lines = set(outcome.output.decode().rstrip("\0").split("\0"))
        extra = {line for line in lines if line.partition("=")[0] in self.adds}
        assert lines - extra == {f"{name}={value}" for name, value in given.items()}

    async def test_s1_the_command_runs_in_its_folder(self, box: Box) -> None:
        (box.worktree / "deep").mkdir()
        (box.worktree / "deep/here").touch()
        outcome = await self.run(box, box.shell("ls; pwd", folder=box.worktree / "deep"))
        assert outcome.output.decode() == f"here\n{box.inside(box.worktree / 'deep')}\n"

    async def test_s1_standard_input_is_what_was_given_and_then_ends(self, box: Box) -> None:
        if not self.takes_stdin:
            pytest.skip("this executor has no standard input")
        text = b"x" * 300_000
        outcome = await self.run(box, box.command("wc", "-c", stdin=text))
        assert outcome.output.split() == [b"300000"]
        assert (await self.run(box, box.command("cat"))).output == b""

    async def test_s1_its_python_runs_inside(self, box: Box) -> None:
        outcome = await self.run(box, box.python("import json; print(json.dumps([1]))"))
        assert (outcome.exit_code, outcome.output) == (0, b"[1]\n")

    async def test_s1_git_works_in_the_worktree(self, box: Box) -> None:
        script = (
            "git init -q . && echo text > file && git add file && "
            "git -c user.name=A -c user.email=a@b commit -qm one && git log --format=%s"
        )
        outcome = await self.run(box, box.shell(script))
        assert (outcome.exit_code, outcome.output) == (0, b"one\n")

    async def test_s1_commands_run_side_by_side(self, box: Box) -> None:
        outcomes = await asyncio.gather(
            *(self.run(box, box.shell(f"echo {number}")) for number in range(5))
        )
        assert [int(one.output) for one in outcomes] == list(range(5))

    # What is said when it cannot be run.

    async def test_q1_an_unknown_program_is_an_error_that_names_it(self, box: Box) -> None:
        with pytest.raises(UserError, match="surely-not-there") as caught:
            await self.run(box, box.command("surely-not-there"))
        assert caught.value.code == "no_program"
        assert caught.value.hint

    async def test_q1_a_file_that_is_no_program_is_an_error(self, box: Box) -> None:
        (box.worktree / "plain").write_text("text")
        with pytest.raises(UserError) as caught:
            await self.run(box, box.command("./plain"))
        assert caught.value.code == "no_program"

    async def test_q1_a_missing_folder_is_an_error_that_names_it(self, box: Box) -> None:
        with pytest.raises(UserError, match="gone") as caught:
            await self.run(box, box.command("ls", folder=box.worktree / "gone"))
        assert caught.value.code == "no_folder"

    @pytest.mark.parametrize("argv", [(), ("",), ("ls", "a\0b")])
    async def test_q1_words_that_cannot_be_run_are_an_error(
        self, box: Box, argv: tuple[str, ...]
    ) -> None:
        with pytest.raises(UserError):
            await self.run(box, box.command(*argv))

    async def test_s1_a_command_without_a_sandbox_is_refused(self, box: Box) -> None:
        with pytest.raises(MasError):
            await self.run(box, box.command("true", sandbox=None))

    # How it ends.

    async def test_s2_an_end_by_a_signal_has_the_exit_code_of_a_shell(self, box: Box) -> None:
        outcome = await self.run(box, box.shell("kill -9 $$"))
        # The first process of a container cannot be told from a shell that exits so.
        assert outcome.exit_code == 137 or box.executor.kind != "local"
        assert outcome.ended == "signal" or box.executor.kind != "local"
        outcome = await self.run(box, box.python("import os; os.abort()"))
        assert outcome.exit_code == 134
        assert outcome.ended != "oom"

    async def test_s2_memory_beyond_the_limit_ends_it_and_is_told_apart(self, box: Box) -> None:
        if not self.ends_on_memory:
            pytest.skip("memory is not limited here")
        limits = Limits(memory_bytes=96 * MIB)
        outcome = await self.run(box, box.python(GREEDY, limits=limits))
        assert (outcome.ended, outcome.exit_code) == ("oom", 137)

    async def test_s2_at_the_deadline_the_whole_tree_is_ended(self, box: Box, mark: str) -> None:
        outcome = await self.run(box, box.python(STUBBORN, mark, seconds=self.deadline))
        assert (outcome.ended, outcome.exit_code) == ("deadline", None)
        assert outcome.output == b"ready\n"
        assert await self.left(mark) == []

    async def test_s2_a_command_that_listens_to_term_gets_the_grace(self, box: Box) -> None:
        script = "trap 'echo bye > said; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
        outcome = await self.run(box, box.shell(script, seconds=self.deadline))
        assert (outcome.ended, outcome.exit_code) == ("deadline", None)
        assert (box.worktree / "said").read_text() == "bye\n"

    async def test_s2_a_daemon_that_has_left_everything_ends_with_its_command(
        self, box: Box, mark: str
    ) -> None:
        outcome = await self.run(box, box.python(ESCAPING_DAEMON, mark))
        assert (outcome.exit_code, outcome.output) == (0, b"done\n")
        assert await self.left(mark) == []

    async def test_s2_when_the_caller_is_cancelled_the_whole_tree_is_gone(
        self, box: Box, mark: str
    ) -> None:
        task = asyncio.create_task(box.executor.run(box.python(STUBBORN, mark)))
        await until((box.worktree / "up").exists, seconds=self.bound)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # Impatience leaves nothing behind either.
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(self.bound):
                await task
        assert await self.left(mark) == []

    # Output.

    async def test_s1_output_comes_while_the_command_still_runs(self, box: Box) -> None:
        seen = bytearray()
        came = asyncio.Event()

        def take(piece: bytes) -> None:
            seen.extend(piece)
            came.set()

        script = "echo first; while [ ! -e go ]; do sleep 0.05; done; echo last"
        task = asyncio.create_task(box.executor.run(box.shell(script, on_output=take)))
        async with asyncio.timeout(self.bound):
            await came.wait()
            assert not task.done()
            (box.worktree / "go").touch()
            outcome = await task
        assert bytes(seen) == outcome.output == b"first\nlast\n"

    async def test_b3_output_beyond_the_limit_is_counted_and_its_ends_are_kept(
        self, box: Box
    ) -> None:
        seen = 0

        def take(piece: bytes) -> None:
            nonlocal seen
            seen += len(piece)

        program = "print('first'); print('x' * 3_000_000); print('last')"
        outcome = await self.run(
            box, box.python(program, output_limit_bytes=100_000, on_output=take)
        )
        assert outcome.exit_code == 0
        assert outcome.total_bytes == seen == 3_000_012
        assert len(outcome.output) <= 100_000
        assert outcome.output.startswith(b"first\n")
        assert outcome.output.endswith(b"last\n")

    async def test_b3_binary_output_comes_back_byte_by_byte(self, box: Box) -> None:
        program = "import sys; sys.stdout.buffer.write(bytes(range(256)))"
        assert (await self.run(box, box.python(program))).output == bytes(range(256))


class IsolationSuite(SuiteBase):
    """What a command may see, change and use."""

    async def test_s1_what_is_writable_is_kept(self, box: Box) -> None:
        script = "echo one > file && echo two > $HOME/note && mkdir -p a/b && echo three > a/b/c"
        assert (await self.run(box, box.shell(script))).exit_code == 0
        assert (box.worktree / "file").read_text() == "one\n"
        assert (box.home / "note").read_text() == "two\n"
        assert (box.worktree / "a/b/c").read_text() == "three\n"

    async def test_s1_what_is_readable_can_be_read_and_not_changed(self, box: Box) -> None:
        told = box.inside(box.control / "told.txt")
        script = f"cat {told}; (echo x > {told}) 2>/dev/null || echo no; rm -f {told} || echo no"
        outcome = await self.run(box, box.shell(script))
        assert outcome.output.startswith(b"told\nno\n")
        assert (box.control / "told.txt").read_text() == "told\n"
        script = f"touch {box.inside(box.objects)}/new 2>/dev/null || echo no"
        assert (await self.run(box, box.shell(script))).output == b"no\n"

    async def test_s3_nothing_else_of_the_run_can_be_read_or_changed(self, box: Box) -> None:
        for path in (box.neighbour / "work.txt", box.private / "kept.txt"):
            seen = box.inside(path)
            script = f"cat {seen}; echo x >> {seen}; rm -f {seen}; true"
            outcome = await self.run(box, box.shell(script))
            assert b"the neighbour's" not in outcome.output
            assert b"private to MAS" not in outcome.output
        assert (box.neighbour / "work.txt").read_text() == "the neighbour's\n"
        assert (box.private / "kept.txt").read_text() == "private to MAS\n"

    async def test_s3_a_symbolic_link_leads_nowhere_else(self, box: Box) -> None:
        (box.worktree / "link").symlink_to(box.neighbour)
        (box.worktree / "up").symlink_to("../agent-2")
        script = (
            "cat link/work.txt up/work.txt ../agent-2/work.txt; "
            "(echo x > link/work.txt); (echo x > up/new); (echo x > ../agent-2/new); true"
        )
        outcome = await self.run(box, box.shell(script))
        assert b"the neighbour's" not in outcome.output
        assert [path.name for path in box.neighbour.iterdir()] == ["work.txt"]
        assert (box.neighbour / "work.txt").read_text() == "the neighbour's\n"

    async def test_s3_what_lies_outside_is_not_there(self, box: Box) -> None:
        outside = box.root.parent / f"outside-{box.root.name}.txt"
        outside.write_text("outside\n")
        try:
            outcome = await self.run(box, box.shell(f"cat {outside}; echo x >> {outside}; true"))
            assert b"outside\n" not in outcome.output or not self.hides_outside
            assert outside.read_text() == "outside\n"
        finally:
            outside.unlink()

    async def test_s3_the_network_none_reaches_nothing(self, box: Box) -> None:
        if not self.closes_network:
            pytest.skip("the network cannot be closed here")
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        program = (
            "import socket, sys\n"
            "try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2).close()\n"
            "except OSError: print('closed')\n"
            "else: print('reached')"
        )
        async with server:
            outcome = await self.run(box, box.python(program, str(port), network="none"))
        assert outcome.output == b"closed\n"

    # What it may use.

    async def test_s2_a_file_beyond_the_limit_is_not_written(self, box: Box) -> None:
        limits = Limits(file_bytes=MIB)
        outcome = await self.run(
            box, box.shell("head -c 5000000 /dev/zero > big; exit $?", limits=limits)
        )
        assert outcome.exit_code != 0
        assert (box.worktree / "big").stat().st_size <= MIB

    async def test_s2_a_fork_bomb_is_stopped_and_nothing_of_it_is_left(
        self, box: Box, mark: str
    ) -> None:
        if not self.limits_processes:
            pytest.skip("processes are not limited here")
        limits = Limits(processes=64)
        outcome = await self.run(box, box.python(FORK_BOMB, mark, limits=limits))
        assert b"not stopped" not in outcome.output
        assert outcome.exit_code in (9, 137)
        assert await self.left(mark) == []

    # Names.

    async def test_s2_two_commands_of_one_name_never_run_at_once(self, box: Box) -> None:
        script = "mkdir busy || exit 7; sleep 0.2; rmdir busy"
        outcomes = await asyncio.gather(
            *(self.run(box, box.shell(script, name="suite-one-name")) for _ in range(3))
        )
        assert [one.exit_code for one in outcomes] == [0, 0, 0]

    async def test_s2_sweeping_an_idle_place_finds_nothing(self, box: Box) -> None:
        await self.run(box, box.shell("true"))
        async with asyncio.timeout(self.bound):
            assert await box.executor.sweep({"mas.run": "suite"}) == ()


class ExecutorSuite(RunningSuite, IsolationSuite):
    """All behaviours. Inherit, and give the fixtures `executor` and `root`."""
