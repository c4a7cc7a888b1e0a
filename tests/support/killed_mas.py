"""A `mas` that dies at a chosen moment of its journal, and what became of it.

Transactions that come together are committed in one round, so how many rounds a run makes depends
on how busy the machine is: one that was told to die at its last round may end before it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass

from support.command import ROOT, Mas

DYING = str(ROOT / "tests" / "support" / "dying.py")
LIMIT_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Death:
    """How a process ended that was told to die at a round of transactions."""

    code: int
    told: int
    """The round at which it was told to die; 0 for none."""
    rounds: int | None
    """The rounds that it made; None when it was killed."""
    err: str

    @property
    def killed(self) -> bool:
        """Whether it died as it was told."""
        return self.code == -signal.SIGKILL

    @property
    def escaped(self) -> str | None:
        """Why this is no death and no run with fewer rounds either; None when all is well."""
        if self.killed:
            return None
        if self.code == 0 and self.rounds is not None and self.rounds < self.told:
            return None
        return f"was not killed, ended with {self.code} after {self.rounds} rounds: {self.err}"


def die(mas: Mas, moment: str, number: int, *words: str) -> Death:
    """Run `mas` so that it dies `before` or `after` this round; with 0 it lives."""
    counted = mas.home.with_name(f"{mas.home.name}.{moment}-{number}.rounds")
    process = subprocess.run(
        [sys.executable, DYING, moment, str(number), *words],
        env={**mas.environment, "ROUNDS": str(counted)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
        text=True,
        encoding="utf-8",
    )
    return Death(
        code=process.returncode,
        told=number,
        rounds=int(counted.read_text(encoding="utf-8")) if counted.exists() else None,
        err=process.stderr,
    )
