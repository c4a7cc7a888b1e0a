"""The `mas` command as a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CLUSTERS = ROOT / "examples" / "clusters"
LIMIT_SECONDS = 100
"""The longest that a test waits for one process; a test of usual length has 240 seconds."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a `mas` process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    def refused(self, code: int) -> str:
        """Check that it refused as MAS refuses: the code, one sentence, nothing else."""
        assert self.code == code, (self.code, self.out, self.err)
        assert self.out == ""
        assert "Traceback" not in self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("mas: ")
        return lines[0]


def said_until(process: subprocess.Popen[str], word: str) -> str:
    """What a process says on standard error, up to a line with the word."""
    assert process.stderr is not None
    said = ""
    while word not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


class Mas:
    """Runs `mas` with an environment built from nothing, on a MAS_HOME of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.limit_seconds: float = LIMIT_SECONDS
        """The longest that one call may take."""
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home.parent),
            "MAS_HOME": str(home),
            "LANG": "C.UTF-8",
        }

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a process without waiting for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "mas", *words],
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, *words: str, more: Mapping[str, str] | None = None) -> Ended:
        """Run to the end."""
        with self.start(*words, **(more or {})) as process:
            try:
                out, err = process.communicate(timeout=self.limit_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Ended(code=process.returncode, out=out, err=err)

    def runs(self) -> list[dict[str, Any]]:
        """All runs in the journal; none when there is no journal."""
        if not (self.home / "mas.db").exists():
            return []
        found: list[dict[str, Any]] = self("runs", "list", "--json").json
        return found
