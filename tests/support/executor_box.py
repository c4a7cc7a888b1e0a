"""One agent's run folder, commands in it, and programs that misbehave, for tests of executors."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from mas.core.executors import Command, Limits, Network, Sandbox, SandboxExecutor

MIB = 1 << 20
ESCAPING_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        open("up", "w").close()
        time.sleep(300)
    os._exit(0)
os.wait()
while not os.path.exists("up"):
    time.sleep(0.01)
print("done")
"""
"""Ends, and leaves a daemon that has left session, group, parent and output."""

STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(300)
open("up", "w").close()
print("ready", flush=True)
time.sleep(300)
"""
"""Ignores TERM, and has a descendant that has left session and parent."""

GREEDY = "data = []\nwhile True: data.append(bytearray(b'x' * (8 << 20)))"

FORK_BOMB = """
import os, time
born = 0
try:
    while born < 2000:
        if os.fork() == 0:
            time.sleep(300)
            os._exit(0)
        born += 1
except OSError as exc:
    print("stopped by", type(exc).__name__, flush=True)
    raise SystemExit(9)
print("not stopped")
"""


class Box:
    """The run folder of one agent, as a run lays it out, with a neighbour and private files."""

    def __init__(self, executor: SandboxExecutor, root: Path) -> None:
        self.executor = executor
        self.root = root
        self.worktree = root / "worktrees/agent-1"
        self.home = root / "agents/agent-1/home"
        self.control = root / "agents/agent-1/control"
        self.objects = root / "objects"
        self.private = root / "agents/agent-1/private"
        self.neighbour = root / "worktrees/agent-2"
        folders = (
            self.worktree,
            self.home,
            self.control,
            self.objects,
            self.private,
            self.neighbour,
        )
        for folder in folders:
            folder.mkdir(parents=True)
        (self.control / "told.txt").write_text("told\n")
        (self.neighbour / "work.txt").write_text("the neighbour's\n")
        (self.private / "kept.txt").write_text("private to MAS\n")

    def inside(self, path: Path) -> str:
        """Where the command sees a path."""
        return self.executor.inside(self.sandbox(), path)

    def sandbox(
        self,
        *,
        network: Network = "open",
        gateway: Path | None = None,
        limits: Limits | None = None,
        programs: tuple[Path, ...] = (),
    ) -> Sandbox:
        """What the agent of this box may see."""
        return Sandbox(
            root=self.root,
            writable=(self.worktree, self.home),
            readable=(self.objects, self.control),
            programs=programs,
            network=network,
            gateway=gateway,
            limits=limits or Limits(),
        )

    def command(self, *argv: str, seconds: float = 30.0, **more: Any) -> Command:
        """A command of the agent, in its worktree."""
        sandbox_only = {"network", "gateway", "limits", "programs"}
        seen = {name: more.pop(name) for name in tuple(more) if name in sandbox_only}
        known: dict[str, Any] = {
            "folder": self.worktree,
            "environment": {"PATH": self.executor.path, "HOME": self.inside(self.home)},
            "deadline": timedelta(seconds=seconds),
            "labels": {"mas.run": "suite", "mas.agent": "agent-1"},
            "sandbox": self.sandbox(**seen),
        }
        return Command(argv=argv, **{**known, **more})

    def python(self, program: str, *arguments: str, **more: Any) -> Command:
        """A command that runs a Python program."""
        return self.command(self.executor.python, "-I", "-c", program, *arguments, **more)

    def shell(self, script: str, **more: Any) -> Command:
        """A command that runs a script of the shell."""
        return self.command("sh", "-c", script, **more)


async def until(holds: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait for what another process does; nothing but looking tells."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def alive(mark: str) -> list[str]:
    """Command lines of living processes with this mark, whoever started them."""
    listed = subprocess.run(["ps", "-axww", "-o", "stat=,args="], capture_output=True, text=True)
    return [
        line for line in listed.stdout.splitlines() if mark in line and not line.startswith("Z")
    ]
