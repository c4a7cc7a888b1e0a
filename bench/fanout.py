"""Ten isolated worktrees of a large repository, and MAS's own share over ten bare agents (F1, F3).

    python bench/fanout.py [--files 50000] [--agents 10] [--rounds 1] [--json]

Seats (clones with shared objects) stand beside `git clone` and `git worktree add`, as often, at
the same width; then a whole `mas ask` with script agents beside the same agents as bare processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from mas.repositories.git import find_git
from mas.repositories.layout import RunFolder
from mas.repositories.run_repository import RunRepository
from mas.repositories.source import look_at
from mas.testing import script_coder

WIDTH = 2
"""So many at once, as many as the machine has cores where this was written."""
CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "bench",
    "GIT_AUTHOR_EMAIL": "bench@mas.invalid",
    "GIT_COMMITTER_NAME": "bench",
    "GIT_COMMITTER_EMAIL": "bench@mas.invalid",
}
SCRIPT = {
    "steps": [
        {"write": "note-{agent}.txt", "text": "agent {agent}\n"},
        {"commit": "Add a note"},
    ]
}


def git(*words: str, folder: Path) -> None:
    subprocess.run(["git", *words], cwd=folder, env=CLEAN, check=True, capture_output=True)


def make_repository(folder: Path, files: int) -> None:
    """A repository of small files in folders of 100, committed once."""
    folder.mkdir()
    for number in range(files):
        path = folder / f"d{number // 10_000}" / f"e{number // 100 % 100}" / f"f{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number}\n" * 8)
    git("init", "-q", "-b", "main", folder=folder)
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "Base", folder=folder)


async def at_width(count: int, one: Callable[[int], Awaitable[None]]) -> float:
    """Seconds for `count` of them, `WIDTH` at once."""
    turn = asyncio.Semaphore(WIDTH)

    async def waited(number: int) -> None:
        async with turn:
            await one(number)

    began = time.perf_counter()
    await asyncio.gather(*(waited(number) for number in range(1, count + 1)))
    return time.perf_counter() - began


async def command(*words: str, folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, env=CLEAN, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if await process.wait() != 0:
        raise SystemExit(f"{' '.join(words)} failed")


async def seats(source: Path, home: Path, count: int) -> float:
    """From the person's repository to `count` seats that agents can start in."""
    program = await find_git(os.environ["PATH"])
    repository = RunRepository(program, RunFolder(home / "run"))
    began = time.perf_counter()
    await repository.create(await look_at(program, str(source)))
    made = time.perf_counter() - began
    return made + await at_width(count, repository.seat)


async def clones(source: Path, home: Path, count: int) -> float:
    async def one(number: int) -> None:
        await command("git", "clone", "-q", str(source), str(home / str(number)), folder=home)

    return await at_width(count, one)


async def worktrees(source: Path, home: Path, count: int) -> float:
    """One clone, and worktrees of it: nothing is isolated. git locks the repository meanwhile."""
    began = time.perf_counter()
    await command("git", "clone", "-q", "--bare", str(source), str(home / "base"), folder=home)
    made = time.perf_counter() - began

    async def one(number: int) -> None:
        branch = f"agent-{number}"
        await command(
            *("git", "worktree", "add", "-q", "-b", branch, str(home / branch)),
            folder=home / "base",
        )

    return made + await at_width(count, one)


def whole_runs(folder: Path, source: Path, agents: int) -> dict[str, float]:
    """A whole `mas ask`, and the same agents as bare processes in plain clones."""
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT))
    began = time.perf_counter()
    running = []
    for number in range(1, agents + 1):
        seat, home = folder / f"bare-{number}", folder / f"home-{number}"
        home.mkdir()
        git("clone", "-q", str(source), str(seat), folder=folder)
        running.append(
            subprocess.Popen(
                [sys.executable, "-I", script_coder.__file__, str(script), str(number), str(seat)],
                cwd=seat,
                env={**CLEAN, "HOME": str(home)},
                stdout=subprocess.DEVNULL,
            )
        )
    if any(process.wait() for process in running):
        raise SystemExit("a bare agent failed")
    bare = time.perf_counter() - began
    began = time.perf_counter()
    asked = subprocess.Popen(
        [
            *(sys.executable, "-m", "mas", "ask", "Write a note.", "--agents", str(agents)),
            *("--repo", str(source), "--coder", f"script:{script}", "--json"),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "MAS_HOME": str(folder / "mas")},
        stdout=subprocess.PIPE,
    )
    assert asked.stdout is not None
    answer = json.loads(asked.stdout.read())
    _, status, usage = os.wait4(asked.pid, 0)
    ours = time.perf_counter() - began
    if answer["result"]["summary"]["successful"] != agents or status:
        raise SystemExit(f"agents failed: {answer['result']['summary']}")
    return {"bare": bare, "mas": ours, "memory_mib": usage.ru_maxrss / 1024}


async def measure(files: int, agents: int, rounds: int) -> dict[str, object]:
    """Medians of all ways, one after the other in each round."""
    ways = {"seats": seats, "git clone": clones, "git worktree add": worktrees}
    times: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        make_repository(source, files)
        for round_ in range(rounds):
            for way, run in ways.items():
                home = folder / f"{way.replace(' ', '-')}-{round_}"
                home.mkdir()
                times[way].append(await run(source, home, agents))
                shutil.rmtree(home)
        small = folder / "small"
        make_repository(small, 100)
        whole = whole_runs(folder, small, agents)
    taken = {way: sorted(seconds)[len(seconds) // 2] for way, seconds in times.items()}
    return {"files": files, "agents": agents, "seconds": taken, "whole": whole}


def main() -> None:
    """Measure and print tables, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--agents", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = asyncio.run(measure(options.files, options.agents, options.rounds))
    if options.json:
        print(json.dumps(found, indent=2))
        return
    seconds, whole = found["seconds"], found["whole"]
    assert isinstance(seconds, dict)
    assert isinstance(whole, dict)
    print(f"{options.agents} worktrees of a repository of {options.files:,} files")
    for way, taken in seconds.items():
        print(f"{way:>18} {taken:8.2f} s   seats/{way}: {seconds['seats'] / taken:5.2f}")
    print(f"{options.agents} script agents on a repository of 100 files")
    print(f"{'bare, with clones':>18} {whole['bare']:8.2f} s")
    extra = whole["mas"] - whole["bare"]
    print(
        f"{'mas ask':>18} {whole['mas']:8.2f} s   {extra / options.agents:.2f} s more an agent, "
        f"{whole['memory_mib']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
