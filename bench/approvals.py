"""What waiting for people costs: runs of one process that all wait for an approval.

Each run has one task that asks for one call and waits, in a driver of its own, on one database
file. Measured: CPU and memory while all wait, beside the same process with as many asyncio tasks
that wait for an event; then all are approved, and the time until the last run has ended counts.

    python bench/approvals.py [--json] [--runs N] [--seconds S]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import tempfile
import time
from pathlib import Path

from mas.adapters.clock import SystemClock
from mas.adapters.stores.sqlite import SqliteStore
from mas.core.calls import StoredCall
from mas.core.models import ToolCall
from mas.core.plan import Plan, TaskSpec
from mas.core.ports import Work
from mas.core.run import RunRequest, RunStatus, TaskOutcome
from mas.engine import Engine
from mas.testing.doubles import FixedTeam, FunctionDoer

CALL = StoredCall(
    call=ToolCall(id="c1", tool="files.write", arguments={"path": "notes.md", "text": "x" * 500}),
    risk="write",
    target="notes.md",
    effect="writes notes.md",
    reason="Writes are asked for.",
)


async def ask(work: Work) -> TaskOutcome:
    approval = await work.approval("act/call/1", CALL)
    return TaskOutcome(result=approval.state)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


async def cpu_percent(seconds: float) -> float:
    began, at = cpu_seconds(), time.perf_counter()
    await asyncio.sleep(seconds)
    return (cpu_seconds() - began) / (time.perf_counter() - at) * 100


async def plain_waiting(count: int, seconds: float) -> tuple[float, float]:
    """CPU and memory of as many tasks that wait for an event and nothing else."""
    before = rss_mib()
    event = asyncio.Event()
    waiting = [asyncio.create_task(event.wait()) for _ in range(count)]
    await asyncio.sleep(0)
    cpu = await cpu_percent(seconds)
    memory = rss_mib() - before
    event.set()
    await asyncio.gather(*waiting)
    return cpu, memory


async def measure(count: int, seconds: float, folder: Path) -> dict[str, object]:
    plain_cpu, plain_memory = await plain_waiting(count, min(seconds, 2.0))
    clock = SystemClock()
    plan = Plan(tasks=(TaskSpec(id="a", role="worker", title="Ask"),))
    store = SqliteStore(folder / "mas.db", clock=clock)
    async with (
        store,
        Engine(
            store=store,
            teams={"bench": FixedTeam(plans=plan)},
            doers={"worker": FunctionDoer(ask)},
            clock=clock,
        ) as engine,
    ):
        before = rss_mib()
        began = time.perf_counter()
        runs = [await engine.submit(RunRequest(text="Ask.", team="bench")) for _ in range(count)]
        driven = [asyncio.create_task(engine.drive(run.id)) for run in runs]
        while len(await engine.waiting(limit=count)) < count:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)
        asked = time.perf_counter() - began
        await asyncio.sleep(0.5)
        cpu = await cpu_percent(seconds)
        memory = rss_mib() - before
        began = time.perf_counter()
        for approval in await engine.waiting(limit=count):
            await engine.decide(approval.run_id, approval.id, approved=True)
        ended = await asyncio.gather(*driven)
        released = time.perf_counter() - began
    if any(run.status is not RunStatus.SUCCEEDED for run in ended):
        raise SystemExit("A run has not succeeded.")
    return {
        "waiting": count,
        "cpu_percent": round(cpu, 2),
        "asyncio_cpu_percent": round(plain_cpu, 2),
        "memory_mib": round(memory, 1),
        "asyncio_memory_mib": round(plain_memory, 1),
        "kib_per_run": round(memory * 1024 / count, 1),
        "seconds_until_all_wait": round(asked, 2),
        "seconds_until_all_are_released": round(released, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What waiting for people costs.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--runs", type=int, default=200, help="runs that wait")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long CPU is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mas-bench-") as folder:
        result = asyncio.run(measure(options.runs, options.seconds, Path(folder)))
    if options.json:
        version = platform.python_version()
        print(json.dumps({"bench": "approvals", "python": version, "results": [result]}))
        return
    print(f"{result['waiting']} approvals wait in one process")
    rows = (
        ("CPU, %", "cpu_percent", "asyncio_cpu_percent"),
        ("memory, MiB", "memory_mib", "asyncio_memory_mib"),
        ("seconds until all wait", "seconds_until_all_wait", None),
        ("seconds until all are released", "seconds_until_all_are_released", None),
    )
    for name, own, plain in rows:
        beside = f"  (asyncio: {result[plain]})" if plain else ""
        print(f"  {name:<32}{result[own]:>8}{beside}")


if __name__ == "__main__":
    main()
