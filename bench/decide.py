"""Time and memory of a whole decision, as a process, at several cluster sizes (D10).

Each size is a generated snapshot with 30 pods a node. Beside it, in the same run, stands the floor
for any Python tool that reads the file at once: `json.load` of it in a fresh process.

    python bench/decide.py [--nodes 3,500,5000] [--runs 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REQUEST = "Should we adopt Tekton?"
FLOOR = "import json, sys; json.load(open(sys.argv[1], encoding='utf-8'))"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Median wall and CPU seconds, and the largest resident memory in MiB."""

    wall: float
    cpu: float
    memory: float
    output: str


def measure(command: list[str], environment: dict[str, str], runs: int) -> Measured:
    """Run a command several times and take medians; its own memory comes from wait4."""
    walls, cpus, memories, output = [], [], [], ""
    for _ in range(runs):
        with tempfile.TemporaryFile() as out:
            start = time.perf_counter()
            pid = os.posix_spawn(
                command[0],
                command,
                environment,
                file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)],
            )
            _, status, usage = os.wait4(pid, 0)
            walls.append(time.perf_counter() - start)
            if os.waitstatus_to_exitcode(status) != 0:
                raise SystemExit(f"{' '.join(command)} failed")
            cpus.append(usage.ru_utime + usage.ru_stime)
            memories.append(usage.ru_maxrss / 1024)
            out.seek(0)
            output = out.read().decode("utf-8")
    return Measured(
        wall=statistics.median(walls),
        cpu=statistics.median(cpus),
        memory=max(memories),
        output=output,
    )


def main() -> None:
    """Measure and print a table, or one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", default="3,500,5000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for nodes in [int(text) for text in options.nodes.split(",")]:
            rows.append(_row(Path(folder), nodes, options.runs))
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print("A decision as a whole process (30 pods a node), beside json.load of the same file")
    print(
        f"{'nodes':>6} {'pods':>7} {'file':>9} {'wall':>8} {'cpu':>8} {'memory':>9} "
        f"{'json.load':>17} {'time':>7} {'memory':>7}  verdict"
    )
    for row in rows:
        print(
            f"{row['nodes']:>6} {row['pods']:>7} {row['file_mb']:>6.1f} MB {row['wall_s']:>6.2f} s "
            f"{row['cpu_s']:>6.2f} s {row['memory_mib']:>5.0f} MiB "
            f"{row['floor_wall_s']:>5.2f} s {row['floor_memory_mib']:>5.0f} MiB "
            f"{row['time_ratio']:>6.2f}x {row['memory_ratio']:>6.2f}x  {row['verdict']}"
        )
    verdicts = {row["verdict"] for row in rows}
    if len(verdicts) != 1:
        raise SystemExit(f"the verdict differs with the size: {sorted(verdicts)}")


def _row(folder: Path, nodes: int, runs: int) -> dict[str, object]:
    here = Path(__file__).resolve().parent
    snapshot = folder / f"{nodes}.json"
    environment = {"PATH": os.environ.get("PATH", ""), "MAS_HOME": str(folder / "home")}
    generate = [sys.executable, str(here / "generate.py"), str(nodes), str(snapshot)]
    measure(generate, environment, 1)
    ask = [sys.executable, "-m", "mas", "ask", REQUEST, "--cluster", str(snapshot), "--json"]
    ours = measure(ask, environment, runs)
    floor = measure([sys.executable, "-c", FLOOR, str(snapshot)], environment, runs)
    answer = json.loads(ours.output)
    size = snapshot.stat().st_size / 1e6
    snapshot.unlink()
    return {
        "nodes": nodes,
        "pods": nodes * 30,
        "file_mb": size,
        "wall_s": ours.wall,
        "cpu_s": ours.cpu,
        "memory_mib": ours.memory,
        "floor_wall_s": floor.wall,
        "floor_memory_mib": floor.memory,
        "time_ratio": ours.wall / floor.wall,
        "memory_ratio": ours.memory / floor.memory,
        "verdict": answer["result"]["verdict"],
    }


if __name__ == "__main__":
    main()
