"""The real Claude Code against a scripted model: work, faults, stopping, going on (A7, S2, R5).

Nothing leaves loopback, and no key is real. The command line comes with claude-agent-sdk.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

from mas.adapters.coders.choose import coder_named
from mas.adapters.coders.claude import ClaudeOptions
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.coding import Coder, ModelAccess
from mas.core.errors import UserError
from mas.testing.models import Call, Fault, Reply, ScriptedModelServer, Tokens
from support.coder_seat import SYSTEM_PATH, CoderSeat

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        find_spec("claude_agent_sdk") is None, reason="claude-agent-sdk is not installed"
    ),
]
MODEL = "house/model-7b"
TOKEN = "token-of-agent-1"
SOON = 120.0


@pytest.fixture
def seat(tmp_path: Path) -> CoderSeat:
    return CoderSeat(root=tmp_path / "run")


def _claude(**options: object) -> Coder:
    wanted = ClaudeOptions(**{"max_retries": 1, **options})  # type: ignore[arg-type]
    return coder_named("claude", path=SYSTEM_PATH, claude=wanted)


def _access(server: ScriptedModelServer) -> ModelAccess:
    return ModelAccess(model=MODEL, base_url=server.anthropic_url, token=TOKEN)


def _bash(command: str, text: str = "") -> Reply:
    call = Call(name="Bash", arguments={"command": command, "description": "a step"})
    return Reply(text=text, calls=(call,), usage=Tokens(input=100, output=10))


def _server(*steps: Reply | Fault) -> ScriptedModelServer:
    return ScriptedModelServer(steps, models=(MODEL,), key=TOKEN)


DONE = Reply(text="All of it is done.", usage=Tokens(input=100, output=10))
COMMIT = _bash("printf hello > note.txt && git add -A && git commit -qm 'Add a note'", "I write.")


async def test_a7_claude_code_writes_commits_and_ends(seat: CoderSeat) -> None:
    with _server(COMMIT, DONE) as server:
        ran = await seat.run(_claude(), "Write note.txt.", access=_access(server))
    assert ran.outcome.exit_code == 0, ran.outcome.output
    assert seat.subjects == ["Add a note", "Base"]
    assert seat.git("log", "-1", "--format=%an") == "agent-1"
    assert server.problems == ()
    assert [one.model for one in server.asked] == [MODEL, MODEL]
    asked = server.asked[0]
    assert "You are agent 1 of 1." in asked.text
    assert "Write note.txt." in asked.text
    assert "AGENTS.md" in asked.system
    report = ran.report
    assert (report.text, report.failure, report.denied) == ("All of it is done.", "", ())
    assert (report.input_tokens, report.output_tokens) == (200, 20)
    assert "text: I write.\ntool: Bash: printf hello" in ran.said


async def test_q3_only_listed_variables_reach_the_commands_of_claude_code(seat: CoderSeat) -> None:
    with _server(_bash("env -0 > ../seen"), DONE) as server:
        canary = {"SOME_SECRET": "canary", "AWS_SESSION": "canary"}
        ran = await seat.run(_claude(), access=_access(server), more=canary)
    assert ran.outcome.exit_code == 0, ran.outcome.output
    seen = (seat.worktree.parent / "seen").read_text("utf-8")
    assert "canary" not in seen
    assert f"HOME={seat.home}" in seen.split("\0")


async def test_q2_settings_hooks_and_servers_of_the_repository_are_not_taken(
    seat: CoderSeat,
) -> None:
    hook = {"hooks": [{"type": "command", "command": f"touch {seat.root}/hooked"}]}
    settings = {"hooks": {"SessionStart": [hook]}, "env": {"FROM_REPOSITORY": "yes"}}
    (seat.worktree / ".claude").mkdir()
    (seat.worktree / ".claude/settings.json").write_text(json.dumps(settings), "utf-8")
    server_of_it = {"command": "sh", "args": ["-c", f"touch {seat.root}/served"]}
    (seat.worktree / ".mcp.json").write_text(json.dumps({"mcpServers": {"x": server_of_it}}))
    with _server(_bash("env > ../seen"), DONE) as server:
        ran = await seat.run(_claude(), access=_access(server))
    assert ran.outcome.exit_code == 0, ran.outcome.output
    assert not (seat.root / "hooked").exists()
    assert not (seat.root / "served").exists()
    assert "FROM_REPOSITORY" not in (seat.worktree.parent / "seen").read_text("utf-8")


async def test_a7_a_refused_key_is_the_failure_of_the_agent(seat: CoderSeat) -> None:
    with ScriptedModelServer([DONE], key="another") as server:
        ran = await seat.run(_claude(max_retries=0), access=_access(server))
    assert ran.outcome.exit_code == 1
    assert "401" in ran.report.failure
    assert len(server.requests) <= 3


async def test_a7_an_overloaded_model_is_asked_again(seat: CoderSeat) -> None:
    with _server(Fault(kind="status", status=529), COMMIT, DONE) as server:
        ran = await seat.run(_claude(max_retries=3), access=_access(server))
    assert (ran.outcome.exit_code, ran.report.failure) == (0, ""), ran.outcome.output
    assert len(server.asked) == 3
    assert seat.subjects == ["Add a note", "Base"]


async def test_s2_a_model_that_hangs_is_ended_by_the_deadline(seat: CoderSeat) -> None:
    with _server(COMMIT, Fault(kind="hang")) as server:
        ran = await seat.run(_claude(), access=_access(server), deadline=30)
        assert len(server.asked) == 2
    assert ran.outcome.exit_code is None
    assert seat.subjects == ["Add a note", "Base"]
    assert _with(str(seat.root)) == []


async def test_a7_what_was_not_permitted_is_shown(seat: CoderSeat) -> None:
    with _server(_bash("touch forbidden"), DONE) as server:
        ran = await seat.run(_claude(permission_mode="default"), access=_access(server))
    assert not (seat.worktree / "forbidden").exists()
    assert ran.report.denied == ("Bash",)
    assert "denied: Bash: touch forbidden" in ran.said


async def test_a7_claude_codes_own_tools_can_be_served_to_it_and_are_not_by_themselves(
    seat: CoderSeat,
) -> None:
    with _server(DONE) as server:
        ran = await seat.run(_claude(use_mcp_serve=True), access=_access(server))
    assert ran.outcome.exit_code == 0, ran.outcome.output
    served = server.asked[0].body
    assert "mcp__claude__" in json.dumps(served)


async def test_r5_a_killed_claude_code_goes_on_with_its_session(seat: CoderSeat) -> None:
    first = _bash("echo one >> log && git add -A && git commit -qm One")
    second = _bash("echo two >> log && git add -A && git commit -qm Two")
    with _server(first, Fault(kind="hang"), second, DONE) as server:
        coder, access = _claude(), _access(server)
        running = asyncio.create_task(seat.run(coder, "Count in log.", access=access))
        async with asyncio.timeout(SOON):
            while len(server.asked) < 2 and not running.done():
                await asyncio.wait({running}, timeout=0.05)
        before = _session(seat)
        _kill(_tree(str(seat.control)))
        killed = await running
        assert killed.outcome.exit_code == 137
        assert seat.subjects == ["One", "Base"]

        ran = await seat.run(coder, "Count in log.", access=access, restarted=True)
        assert ran.outcome.exit_code == 0, ran.outcome.output
        assert _session(seat) == before
        resumed = server.asked[2]
        assert "Count in log." in resumed.text
        assert "git commit -qm One" in resumed.text
        assert "do not repeat what is done" in resumed.last.text
        assert seat.subjects == ["Two", "One", "Base"]
        assert (seat.worktree / "log").read_text("utf-8") == "one\ntwo\n"

        # It has ended: whoever asks again is told so, and no model is asked.
        again = await seat.run(coder, "Count in log.", access=access, restarted=True)
        assert (again.outcome.exit_code, again.report.text) == (0, "All of it is done.")
        assert len(server.asked) == 4


async def test_s2_a_stopped_claude_code_leaves_no_process_behind(seat: CoderSeat) -> None:
    mark = f"claude-child-{os.getpid()}"
    waiting = _bash(f"touch started; setsid sh -c 'sleep 300; : {mark}' & sleep 299; : {mark}")
    with _server(waiting, DONE) as server:
        start = _claude().start(seat.task("Wait.", access=_access(server)))
        for name, data in start.files.items():
            (seat.control / name).write_bytes(data)
        # Without any executor around it: what ends the tree is the coder itself.
        process = await asyncio.create_subprocess_exec(
            *start.argv,
            cwd=seat.worktree,
            env={**seat.environment, **start.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(SOON):
                while not (seat.worktree / "started").exists() and process.returncode is None:
                    await asyncio.wait({asyncio.create_task(process.wait())}, timeout=0.05)
            assert _with(mark)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SOON):
                await process.communicate()
        finally:
            _kill(_tree(str(seat.control)))
    assert process.returncode == 143
    assert _with(mark) == []


async def test_f3_claude_code_works_in_the_sandbox_of_this_machine(tmp_path: Path) -> None:
    executor = LocalSandbox(SYSTEM_PATH)
    try:
        await executor.ready()
    except UserError as exc:
        pytest.skip(f"this machine isolates nothing: {exc}")
    seat = CoderSeat(
        root=tmp_path / "run",
        executor=executor,
        python=executor.python,
        path=executor.path,
        boxed=True,
    )
    outside = _bash(f"touch {tmp_path}/outside {seat.root}/worktrees/other; true")
    with _server(outside, COMMIT, DONE) as server:
        ran = await seat.run(_claude(), access=_access(server))
    assert ran.outcome.exit_code == 0, ran.outcome.output
    assert seat.subjects == ["Add a note", "Base"]
    assert not (tmp_path / "outside").exists()
    assert not (seat.root / "worktrees/other").exists()


def _session(seat: CoderSeat) -> str:
    kept = json.loads((seat.home / ".claude-session.json").read_text("utf-8"))
    return str(kept["id"])


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and command of every process."""
    listed = subprocess.run(
        ["ps", "-e", "-ww", "-o", "pid=", "-o", "ppid=", "-o", "args="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return {int(row[0]): (int(row[1]), row[2]) for row in rows if len(row) == 3}


def _with(mark: str) -> list[str]:
    return [command for _, command in _processes().values() if mark in command]


def _tree(mark: str) -> list[int]:
    """Processes whose command holds the mark, and all below them."""
    every = _processes()
    found = [process for process, (_, command) in every.items() if mark in command]
    for process in found:
        found += [
            one for one, (parent, _) in every.items() if parent == process and one not in found
        ]
    return found


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
