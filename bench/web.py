"""What the HTTP face costs: first event, many watchers, the list of runs, pages (P1, U2, U3).

    python bench/web.py [--submits 20] [--watchers 1000] [--runs 10000] [--json]

- a run from `POST /api/runs` to the first event on its stream, both over loopback
- so many streams of one run in one server: does every event reach all, and how late
- `GET /api/runs` over so many runs beside a bare FastAPI route that answers with the same JSON
- what each page weighs with all that it loads, and when Chromium first paints it

The server is a process of its own, and so is the client that makes the load.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import resource
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import httpx  # noqa: E402

from mas.app.service import Ask  # noqa: E402
from support.page_world import BUILD, PageWorld, has_ended, page_world  # noqa: E402

CLIENT = Path(__file__).with_name("web_client.py")
CLUSTER = ROOT / "examples" / "clusters" / "homelab.json"
SECONDS = 3.0
CONNECTIONS = 4
PAGES = ("/", "/runs", "/agents", "/knowledge", "/cluster", "/doctor")
ASSET = re.compile(r'(?:href|src)="(/(?:static|logo)[^"]*)"')
BARE = """
import json, sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
DATA = json.load(open(sys.argv[1]))
@app.get("/api/runs")
async def runs():
    return DATA
port = int(sys.argv[2])
uvicorn.run(app, host="127.0.0.1", port=port, http="h11", access_log=False, log_level="error")
"""
"""The same JSON, as an application without a database gives it."""

PAINTED = """() => new Promise((found) => new PerformanceObserver((list) => {
  for (const one of list.getEntriesByName('first-contentful-paint')) found(one.startTime);
}).observe({ type: 'paint', buffered: true }))"""


def client(*words: object) -> subprocess.Popen[str]:
    """Start the client that makes the load."""
    return subprocess.Popen(
        [sys.executable, str(CLIENT), *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def answer_of(process: subprocess.Popen[str], written: str | None = None) -> dict[str, Any]:
    """What the client has found."""
    out, _ = process.communicate(written, timeout=100)
    if process.returncode:
        raise SystemExit(f"The client ended with {process.returncode}.")
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def memory_mib(pid: int) -> float:
    """What a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def first_events(world: PageWorld, count: int) -> dict[str, Any]:
    """From sending the request to reading the first event, one run after the other."""
    accepted: list[float] = []
    taken: list[float] = []
    body = {"text": "Should we adopt Tekton?", "cluster": str(CLUSTER), "no_model": True}
    with world.serving.client(Accept="text/event-stream") as http:
        for number in range(count + 3):
            began = time.perf_counter()
            made = http.post("/api/runs", json=body)
            made.raise_for_status()
            stored = time.perf_counter()
            with http.stream("GET", f"{made.headers['location']}/events") as events:
                lines = events.iter_lines()
                next(line for line in lines if line.startswith("data:"))
                # The first ones load what is late.
                if number >= 3:
                    accepted.append((stored - began) * 1000)
                    taken.append((time.perf_counter() - began) * 1000)
                for _ in lines:
                    pass
    taken.sort()
    return {
        "submits": count,
        "accepted_p50_ms": round(statistics.median(accepted), 1),
        "p50_ms": round(statistics.median(taken), 1),
        "p99_ms": round(taken[min(len(taken) * 99 // 100, len(taken) - 1)], 1),
    }


def many_watchers(world: PageWorld, count: int) -> dict[str, Any]:
    """Streams of one run that begins to work when all are open."""
    gate = world.model.hold["workspace.txt"] = threading.Event()
    pid = world.serving.process.pid
    run_id = world.ask(Ask(text=BUILD, team="build", approve_writes=True))
    before = memory_mib(pid)
    process = client("watchers", world.url, f"/api/runs/{run_id}/events", count)
    assert process.stdout is not None
    opened = json.loads(process.stdout.readline())
    while_open = memory_mib(pid)
    gate.set()
    found = answer_of(process, "\n")
    if found["complete"] != count:
        raise SystemExit(f"Only {found['complete']} of {count} watchers have seen all events.")
    after = memory_mib(pid)
    ended = world.until(run_id, has_ended)
    return {
        "watchers": count,
        "events": found["events"],
        "run": ended.status.value,
        "open_seconds": round(opened["open_seconds"], 2),
        "p50_ms": round(found["p50_ms"], 1),
        "p99_ms": round(found["p99_ms"], 1),
        "all_have_the_last_after_ms": round(found["last_ms"], 1),
        "memory_before_mib": round(before, 1),
        "memory_open_mib": round(while_open, 1),
        "memory_after_mib": round(after, 1),
        "kib_per_watcher": round((max(while_open, after) - before) * 1024 / count, 1),
    }


def fill(database: Path, count: int) -> None:
    """Put that many runs into a journal: copies of the runs that are there, made a second apart."""
    with sqlite3.connect(database) as wire:
        names = [row[1] for row in wire.execute("PRAGMA table_info(run)")]
        (row,) = wire.execute("SELECT * FROM run WHERE status = 'succeeded' LIMIT 1")
        known = dict(zip(names, row, strict=True))
        have = wire.execute("SELECT count(*) FROM run").fetchone()[0]
        second = 1_000_000
        rows = (
            {
                **known,
                "id": f"20250101_000000_{number:08x}",
                "created_at": known["created_at"] - (number + 1) * second,
            }
            for number in range(count - have)
        )
        marks = ", ".join(f":{name}" for name in names)
        wire.executemany(f"INSERT INTO run ({', '.join(names)}) VALUES ({marks})", rows)
    wire.close()


def run_list(world: PageWorld, runs: int, folder: Path) -> dict[str, Any]:
    """Both servers in turn, so that whatever else the machine does falls on both."""
    fill(world.mas.home / "mas.db", runs)
    with world.serving.client() as http:
        page = http.get("/api/runs").raise_for_status()
    file = folder / "page.json"
    file.write_bytes(page.content)
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(file), str(port)])
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/api/runs")
        rates: dict[str, list[dict[str, Any]]] = {"mas": [], "bare": []}
        for _ in range(2):
            for name, place in (("mas", world.url), ("bare", url)):
                rates[name].append(
                    answer_of(client("requests", place, "/api/runs", SECONDS, CONNECTIONS))
                )
    finally:
        bare.kill()
        bare.wait()
    own, plain = (max(one["per_second"] for one in rates[name]) for name in ("mas", "bare"))
    return {
        "runs": runs,
        "answer_kb": round(len(page.content) / 1000, 1),
        "per_second": round(own),
        "p99_ms": round(min(one["p99_ms"] for one in rates["mas"]), 1),
        "bare_per_second": round(plain),
        "bare_p99_ms": round(min(one["p99_ms"] for one in rates["bare"]), 1),
        "ratio": round(own / plain, 2),
    }


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def wait_for(url: str) -> None:
    """Until a server answers."""
    end = time.monotonic() + 20
    while True:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def page_weights(world: PageWorld, pages: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Bytes of each page with its styles and scripts, as they are and as they are sent."""
    found: dict[str, dict[str, Any]] = {}
    with world.serving.client(Accept="text/html") as http:
        for name, path in pages.items():
            page = http.get(path).raise_for_status()
            assets = {urljoin(path, one) for one in ASSET.findall(page.text)}
            weights = [len(http.get(one).raise_for_status().content) for one in sorted(assets)]
            found[name] = {
                "kb": round((len(page.content) + sum(weights)) / 1000, 1),
                "html_kb": round(len(page.content) / 1000, 1),
                "requests": 1 + len(weights),
            }
    return found


async def first_paints(url: str, pages: dict[str, str], loads: int = 5) -> dict[str, float]:
    """Milliseconds from navigation to the first paint, each time in a fresh cache: the median."""
    from support.browser import open_browser

    found: dict[str, float] = {}
    async with open_browser() as browser:
        for name, path in pages.items():
            taken: list[float] = []
            for _ in range(loads):
                async with browser.tab(url) as tab:
                    tab.expected = ["favicon.ico"]  # asked for where a page names no icon
                    await tab.open(path)
                    taken.append(await tab.page.evaluate(PAINTED))
            found[name] = round(statistics.median(taken), 1)
    return found


def paints(url: str, pages: dict[str, str]) -> dict[str, float] | None:
    """First paints; None: there is no Chromium, or nothing to drive it with."""
    try:
        from support.browser import chromium_path
    except ImportError:
        return None
    return asyncio.run(first_paints(url, pages)) if chromium_path() else None


def to_paint(painted: dict[str, float] | None, name: str) -> dict[str, Any]:
    """The first paint of a page beside that of a line of text."""
    if painted is None:
        return {"first_paint_ms": "not measured: no Chromium"}
    bare = painted["a line of text"]
    found = {"first_paint_ms": painted[name], "text_alone_ms": bare}
    return {**found, "ratio": round(painted[name] / bare, 2)}


def told(name: str, found: dict[str, Any], *, as_json: bool) -> None:
    """Print one result."""
    if as_json:
        print(json.dumps({"bench": name, **found}), flush=True)
    else:
        print(
            f"{name}:  " + "  ".join(f"{key} {value}" for key, value in found.items()), flush=True
        )


def main() -> None:
    """Measure one thing after the other on one server."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submits", type=int, default=20)
    parser.add_argument("--watchers", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Server and client inherit it; each needs a file for each watcher.
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    tell = partial(told, as_json=options.json)
    with tempfile.TemporaryDirectory(prefix="mas-bench-") as folder:
        kept = Path(folder)
        with page_world(kept / "world", "decide_ko", "build") as world:
            tell("first event", first_events(world, options.submits))
            tell("watchers", many_watchers(world, options.watchers))
            pages = {path: path for path in PAGES} | {
                "run of decide": f"/runs/{world.runs['decide_ko']}",
                "run of build": f"/runs/{world.runs['build']}",
            }
            weights = page_weights(world, pages)
            # One line of text without a style says what the browser itself takes.
            painted = paints(world.url, {**pages, "a line of text": "/health"})
            for name, weight in weights.items():
                tell(f"page {name}", {**weight, **to_paint(painted, name)})
            tell("list of runs", run_list(world, options.runs, kept))


if __name__ == "__main__":
    main()
