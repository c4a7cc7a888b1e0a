"""What the tests of whole fanout runs share: a person's repository, scripts, and fingerprints."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from support.command import Mas

CLEAN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "person",
    "GIT_AUTHOR_EMAIL": "person@example.invalid",
    "GIT_COMMITTER_NAME": "person",
    "GIT_COMMITTER_EMAIL": "person@example.invalid",
    "GIT_OPTIONAL_LOCKS": "0",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
}
CALC = "def add(a, b):\n    return a - b\n"
CHECK = "import calc\n\nassert calc.add(1, 2) == 3, calc.add(1, 2)\nprint('ok')\n"
FIXED = "def add(a, b):\n    return a + b\n"
JUDGED = "python3 check.py"


def git(folder: Path, *words: str) -> str:
    """What a git command says; the environment is made from nothing."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-c", "maintenance.auto=false", *words],
        cwd=folder,
        env=CLEAN,
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


def persons_repository(folder: Path) -> Path:
    """A small project with a fault, a check that shows it, and uncommitted work."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "calc.py").write_text(CALC)
    (folder / "check.py").write_text(CHECK)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Base")
    git(folder, "branch", "other")
    (folder / "notes.txt").write_text("not committed\n")
    (folder / "check.py").write_text(CHECK + "# not committed either\n")
    return folder


def fingerprint(folder: Path) -> str:
    """Everything of a repository byte for byte: files, index, refs, configuration."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        status = path.lstat()
        digest.update(f"{status.st_mode} {status.st_mtime_ns}".encode())
        if path.is_file() and not path.is_symlink():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def script_file(folder: Path, steps: object) -> str:
    """A coder of a script: what agents do, without a model."""
    file = folder / "script.json"
    file.write_text(json.dumps(steps))
    return f"script:{file}"


def run_folder(mas: Mas, run_id: str) -> Path:
    """The folder of a run on a MAS_HOME of its own."""
    return mas.home / "workspace" / "runs" / f"run_{run_id}"


def by_agent(answer: Any) -> dict[int, Any]:
    """The results of a run by agent."""
    return {one["agent_id"]: one for one in answer["result"]["results"]}


def living(mark: str) -> list[str]:
    """Command lines of processes with this mark that live, whoever has started them."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "stat=,args="], capture_output=True, text=True, check=True
    )
    return [
        line for line in listed.stdout.splitlines() if mark in line and not line.startswith("Z")
    ]
