"""A seat for one coder outside any run: a repository, a home, and an executor to run it with."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from mas.adapters.coders.instructions import instructions
from mas.adapters.executors.local import LocalExecutor
from mas.core.coding import AgentMessage, Coder, CoderReport, CoderTask, ModelAccess, Seat
from mas.core.executors import Command, CommandOutcome, Executor, Sandbox

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
BOUND_SECONDS = 180.0
MARGIN_SECONDS = 30.0


@dataclass(kw_only=True)
class CoderSeat:
    """Runs coders in one worktree, as agent 1 of 1, with an environment made from nothing."""

    root: Path
    executor: Executor = field(default_factory=LocalExecutor)
    python: str = sys.executable
    path: str = SYSTEM_PATH
    boxed: bool = False
    """Whether commands get a sandbox; else nothing isolates."""

    def __post_init__(self) -> None:
        for folder in (self.home, self.control):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.worktree.exists():
            self.git("init", "--quiet", "-b", "agent-1", str(self.worktree), where=self.root)
            self.git("commit", "--quiet", "--allow-empty", "-m", "Base")

    @property
    def worktree(self) -> Path:
        return self.root / "worktrees/agent-1"

    @property
    def home(self) -> Path:
        return self.root / "agents/agent-1/home"

    @property
    def control(self) -> Path:
        return self.root / "agents/agent-1/control"

    @property
    def seat(self) -> Seat:
        return Seat(
            number=1,
            of=1,
            branch="agent-1",
            base="main",
            worktree=str(self.worktree),
            home=str(self.home),
            control=str(self.control),
        )

    @property
    def environment(self) -> dict[str, str]:
        who = {"NAME": "agent-1", "EMAIL": "agent-1@mas.invalid"}
        git = {f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who}
        return {"PATH": self.path, "HOME": str(self.home), "LANG": "C.UTF-8", **git}

    def task(
        self, prompt: str, *, access: ModelAccess | None = None, restarted: bool = False
    ) -> CoderTask:
        return CoderTask(
            prompt=prompt,
            instructions=instructions(prompt, self.seat, "en"),
            seat=self.seat,
            python=self.python,
            access=access,
            restarted=restarted,
        )

    async def run(
        self,
        coder: Coder,
        prompt: str = "Do it.",
        *,
        access: ModelAccess | None = None,
        restarted: bool = False,
        deadline: float = BOUND_SECONDS,
        more: Mapping[str, str] | None = None,
        heard: Callable[[AgentMessage], None] | None = None,
    ) -> Ran:
        """Start the coder as a run would, and read what it says."""
        start = coder.start(self.task(prompt, access=access, restarted=restarted))
        shutil.rmtree(self.control)
        self.control.mkdir()
        for name, data in start.files.items():
            (self.control / name).write_bytes(data)
        command = Command(
            argv=start.argv,
            folder=self.worktree,
            environment={**self.environment, **start.environment, **(more or {})},
            deadline=timedelta(seconds=deadline),
            stdin=start.stdin,
        )
        if self.boxed:
            sandbox = Sandbox(
                root=self.root,
                writable=(self.worktree, self.home),
                readable=(self.control,),
                programs=start.programs,
            )
            command = replace(command, sandbox=sandbox)
        async with asyncio.timeout(deadline + MARGIN_SECONDS):
            outcome = await self.executor.run(command)
        reader = coder.reader()
        for message in reader.feed(outcome.output):
            if heard is not None:
                heard(message)
        return Ran(outcome=outcome, report=reader.report())

    def git(self, *words: str, where: Path | None = None) -> str:
        """The output of git in the worktree."""
        done = subprocess.run(
            ["git", *words],
            cwd=where or self.worktree,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    @property
    def subjects(self) -> list[str]:
        """Subjects of the commits, the newest first."""
        return self.git("log", "--format=%s").splitlines()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a coder ended, and what it said."""

    outcome: CommandOutcome
    report: CoderReport

    @property
    def said(self) -> str:
        """All messages, one a line."""
        return "\n".join(f"{one.kind}: {one.text}" for one in self.report.messages)
