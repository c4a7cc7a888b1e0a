"""What the isolated executor of this machine does beyond what all do (S1, S2, S3)."""
# ruff: noqa: ASYNC221, ASYNC240

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mas.adapters.executors import cgroups, isolation
from mas.adapters.executors.cgroups import Groups
from mas.adapters.executors.isolation import Isolation
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.errors import UserError
from mas.core.executors import GATEWAY_PORT, CommandOutcome, Limits, Network
from support.executor_box import FORK_BOMB, GREEDY, MIB, STUBBORN, Box, alive, until

BOUND = 60.0
GRACE = timedelta(seconds=1)
EVERY: list[Isolation] = ["bubblewrap", "landlock", "own_user"]

EXPLODING = (
    'bomb() { [ "$1" -gt 0 ] || { sleep 60; return; }; bomb $(($1 - 1)) | bomb $(($1 - 1)) & }; '
    "bomb 9; sleep 300"
)
"""Doubles itself to about a thousand processes, and no further: not even where nothing limits it
does it harm the machine that tests it."""

ASKING = """
import socket, sys
from threading import Thread
port, size = int(sys.argv[1]), int(sys.argv[2])
def ask(number):
    one = socket.create_connection(("127.0.0.1", port))
    writing = Thread(target=lambda: (one.sendall(b"%d" % number * size), one.shutdown(1)))
    writing.start()
    got = b"".join(iter(lambda: one.recv(65536), b""))
    writing.join()
    one.close()
    print("same" if got == b"%d" % number * size else "other", flush=True)
threads = [Thread(target=ask, args=(number,)) for number in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
for place in (("192.0.2.1", 80), ("127.0.0.1", int(sys.argv[3]))):
    try:
        socket.create_connection(place, 2)
        print("open", place)
    except OSError:
        print("closed")
"""

DRIVER = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = {paths!r}
from datetime import timedelta
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.executors import Command, Limits, Sandbox
root = Path({root!r})
worktree = root / "worktrees/agent-1"
sandbox = LocalSandbox({path!r}, prefer={kind!r})
limits = Limits(memory_bytes=1 << 29, processes=100)
command = Command(
    argv=(sandbox.python, "-c", {program!r}, {mark!r}), folder=worktree, environment={{}},
    deadline=timedelta(minutes=5), name="agent-1",
    sandbox=Sandbox(root=root, writable=(worktree,), limits=limits),
)
asyncio.run(sandbox.run(command))
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """A run folder that also other users can get to."""
    made = Path(tempfile.mkdtemp(prefix="mas-local-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def boxed(kind: Isolation, root: Path) -> Box:
    """A box with one isolation, or a skip."""
    sandbox = LocalSandbox(os.environ["PATH"], prefer=kind, grace=GRACE)
    try:
        await sandbox.ready()
    except UserError as exc:
        pytest.skip(exc.message)
    return Box(sandbox, root)


async def run(box: Box, program: str, *arguments: str, **more: object) -> CommandOutcome:
    async with asyncio.timeout(BOUND):
        return await box.executor.run(box.python(program, *arguments, **more))


def groups_of_mas() -> list[Path]:
    """Control groups that MAS has made and that are still there."""
    parents = (*cgroups._parents_v2(), *cgroups._parents_v1().values())
    return [folder for parent in parents for folder in parent.glob("mas-*")]


def groups_below(pid: int) -> list[Path]:
    """Those of the supervisors below a process."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True)
    children = {int(word) for word in listed.stdout.split()}
    return [folder for folder in groups_of_mas() if int(folder.name.split("-")[2]) in children]


@pytest.mark.parametrize("kind", EVERY)
async def test_r5_through_the_gateway_alone_an_agent_reaches_its_model(
    kind: Isolation, root: Path
) -> None:
    box = await boxed(kind, root)
    if kind != "bubblewrap" and os.geteuid() != 0:
        pytest.skip("only root can close the network without bubblewrap")

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    place = root / "agents/agent-1/private/gateway.sock"
    server = await asyncio.start_unix_server(echo, place)
    other = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = str(other.sockets[0].getsockname()[1])
    async with server, other:
        outcome = await run(
            box, ASKING, str(GATEWAY_PORT), "700000", port, network="gateway", gateway=place
        )
    assert outcome.output.split() == [b"same"] * 4 + [b"closed"] * 2


@pytest.mark.parametrize("network", ["gateway", "none"])
async def test_s3_a_network_that_cannot_be_closed_is_never_opened_instead(
    network: Network, root: Path
) -> None:
    box = Box(LocalSandbox(os.environ["PATH"], unsafe=True, prefer="none"), root)
    with pytest.raises(UserError) as caught:
        await run(box, "print('ran')", network=network, gateway=root)
    assert caught.value.code == "no_isolation"


async def test_s3_a_gateway_without_a_socket_is_an_error(root: Path) -> None:
    box = await boxed("bubblewrap", root)
    with pytest.raises(UserError) as caught:
        await run(box, "print('ran')", network="gateway", gateway=root / "gone.sock")
    assert caught.value.code == "no_gateway"


async def test_s1_where_nothing_isolates_it_says_what_mends_that(
    monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.setattr(isolation, "_tried", lambda _: None)
    with pytest.raises(UserError, match="bubblewrap") as caught:
        await LocalSandbox(os.environ["PATH"]).ready()
    assert caught.value.code == "no_isolation"
    unsafe = LocalSandbox(os.environ["PATH"], unsafe=True)
    assert "nothing" in await unsafe.ready()
    assert (await run(Box(unsafe, root), "print(1)")).output == b"1\n"


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
async def test_s2_without_control_groups_memory_and_processes_are_watched(
    kind: Isolation, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "make", lambda *_: Groups())
    box = await boxed(kind, root)
    mark = f"mark-{root.name}"
    outcome = await run(box, GREEDY, mark, limits=Limits(memory_bytes=128 * MIB))
    assert (outcome.ended, outcome.exit_code) == ("oom", 137)
    outcome = await run(box, FORK_BOMB, mark, limits=Limits(processes=40))
    assert outcome.exit_code in (9, 137)
    assert outcome.ended in ("exit", "signal")
    assert alive(mark) == []


@pytest.mark.parametrize("kind", EVERY)
async def test_s2_a_bomb_that_doubles_itself_is_ended_with_all_that_it_bore(
    kind: Isolation, root: Path
) -> None:
    box = await boxed(kind, root)
    mark = f"mark-{root.name}"
    one = box.command(
        "sh", "-c", EXPLODING, mark, seconds=3.0, limits=Limits(processes=60, memory_bytes=MIB << 8)
    )
    async with asyncio.timeout(BOUND):
        outcome = await box.executor.run(one)
    # Where no group limits it, it is ended; else the shell waits, or gives up as it cannot fork.
    assert outcome.ended in ("deadline", "exit", "signal")
    assert alive(mark) == []


async def test_s2_the_temporary_folder_is_private_and_has_an_end(root: Path) -> None:
    box = await boxed("bubblewrap", root)
    if "--size" not in subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout:
        pytest.skip("this bubblewrap does not limit it")
    script = "ls -A /tmp | grep -v mas-local; head -c 100000000 /dev/zero > /tmp/big; echo $?"
    async with asyncio.timeout(BOUND):
        outcome = await box.executor.run(box.shell(script, limits=Limits(memory_bytes=128 * MIB)))
    assert outcome.ended == "exit"
    assert outcome.output.endswith(b"1\n")
    assert not Path("/tmp/big").exists()


async def test_s3_homes_and_what_runs_on_the_machine_are_not_there(root: Path) -> None:
    box = await boxed("bubblewrap", root)
    program = """
import os
for place in ("/run", "/var", "/sys", "/boot", "/home", "/mnt", "/srv", "/etc/ssh"):
    print(place, sorted(os.listdir(place)) if os.path.isdir(place) else [])
print(len([one for one in os.listdir("/proc") if one.isdigit()]))
print(open("/etc/passwd").read())
"""
    text = (await run(box, program)).output.decode()
    assert "/run []\n/var ['tmp']\n/sys []\n/boot []\n/home []\n" in text
    assert "\n2\n" in text  # The wrapper and the program.
    assert text.count(":x:") == 3


@pytest.mark.parametrize("kind", ["bubblewrap", "landlock"])
async def test_s3_a_workspace_inside_a_folder_of_programs_stays_hidden(
    kind: Isolation, root: Path
) -> None:
    tools = root / "tools/bin"
    tools.mkdir(parents=True)
    (tools / "hello").write_text("#!/bin/sh\necho hello\n")
    (tools / "hello").chmod(0o755)
    (root / "tools/run").mkdir()
    box = await boxed(kind, root / "tools/run")
    box.private.chmod(0o755)
    async with asyncio.timeout(BOUND):
        outcome = await box.executor.run(
            box.shell(
                f"{tools}/hello; cat {box.private}/kept.txt 2>/dev/null || echo hidden",
                programs=(root / "tools",),
            )
        )
    assert outcome.output == b"hello\nhidden\n"


@pytest.mark.parametrize("kind", EVERY)
async def test_s2_a_kill_of_mas_takes_tree_groups_and_folders_with_it(
    kind: Isolation, root: Path
) -> None:
    box = await boxed(kind, root)
    mark = f"mark-{root.name}"
    sources = str(Path(isolation.__file__).resolve().parents[3])
    program = DRIVER.format(
        paths=[sources],
        root=str(root),
        path=box.executor.path,
        kind=kind,
        program=STUBBORN,
        mark=mark,
    )
    driver = subprocess.Popen([sys.executable, "-c", program])  # noqa: ASYNC220
    try:
        await until((box.worktree / "up").exists)
        groups = groups_below(driver.pid)
        driver.send_signal(signal.SIGKILL)
        # The name is free as soon as the tree is gone, and not before.
        again = box.command("echo", "mine", name="agent-1")
        async with asyncio.timeout(BOUND):
            outcome = await box.executor.run(again)
        assert alive(mark) == []
        assert outcome.output == b"mine\n"
        await until(lambda: not any(group.exists() for group in groups))
    finally:
        driver.kill()
        driver.wait()
    await until(lambda: not list((root / "agents/.sandboxes").iterdir()))


@pytest.mark.parametrize("kind", EVERY)
async def test_s2_a_kill_of_the_supervisor_ends_the_command_and_is_swept(
    kind: Isolation, root: Path
) -> None:
    box = await boxed(kind, root)
    mark = f"mark-{root.name}"
    limits = Limits(memory_bytes=MIB << 9, processes=100)
    task = asyncio.create_task(
        run(box, "open('up', 'w').close()\nimport time\ntime.sleep(300)", mark, limits=limits)
    )
    await until((box.worktree / "up").exists)
    groups = groups_below(os.getpid())
    listed = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "supervisor.py"], capture_output=True, text=True
    )
    for pid in listed.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    with pytest.raises(Exception, match="ended from outside") as caught:
        await task
    assert caught.value.code == "command_lost"  # type: ignore[attr-defined]
    await until(lambda: not alive(mark))
    await box.executor.sweep({})
    await until(lambda: not any(group.exists() for group in groups))


async def test_s2_a_name_that_is_taken_until_the_deadline_ends_there(root: Path) -> None:
    box = await boxed("bubblewrap", root)
    first = asyncio.create_task(
        box.executor.run(box.shell("touch up; sleep 300", name="one", seconds=300))
    )
    await until((box.worktree / "up").exists)
    async with asyncio.timeout(BOUND):
        second = await box.executor.run(box.shell("echo ran", name="one", seconds=0.3))
    assert (second.ended, second.exit_code, second.output) == ("deadline", None, b"")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
