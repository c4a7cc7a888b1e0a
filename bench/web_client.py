"""Loads on an HTTP server, made by a process of its own so that the server has its core to itself.

    python bench/web_client.py requests URL PATH SECONDS CONNECTIONS
    python bench/web_client.py watchers URL PATH COUNT

Both print one JSON document. The client is as bare as can be: what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from datetime import datetime
from urllib.parse import urlsplit

LIMIT = 90.0
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_AT = re.compile(rb'"at":"([^"]+)"')


def _head(url: str, path: str, *lines: str) -> bytes:
    host = urlsplit(url).netloc
    return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]).encode()


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(url)
    return await asyncio.open_connection(place.hostname, place.port)


async def _asked_again(url: str, request: bytes, until: float) -> list[float]:
    """Seconds of each answer, over one connection that is kept."""
    reader, writer = await _connected(url)
    taken: list[float] = []
    while (began := time.perf_counter()) < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        if found is None or not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"The server answers: {head[:200]!r}")
        await reader.readexactly(int(found[1]))
        taken.append(time.perf_counter() - began)
    writer.close()
    return taken


async def requests(url: str, path: str, seconds: float, connections: int) -> dict[str, float]:
    """Requests in a second, and how long each takes."""
    request = _head(url, path)
    began = time.perf_counter()
    lists = await asyncio.gather(
        *(_asked_again(url, request, began + seconds) for _ in range(connections))
    )
    taken = sorted(one for some in lists for one in some)
    return {
        "per_second": len(taken) / (time.perf_counter() - began),
        "p50_ms": taken[len(taken) // 2] * 1000,
        "p99_ms": taken[min(len(taken) * 99 // 100, len(taken) - 1)] * 1000,
    }


async def _watched(
    url: str, request: bytes, opened: asyncio.Semaphore
) -> list[tuple[int, float, float]]:
    """Number of each event, when it was made and when it came, until the stream ends."""
    reader, writer = await _connected(url)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"The server answers: {head[:200]!r}")
    opened.release()
    events: list[tuple[int, float, float]] = []
    number = 0
    async for line in reader:
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: ") and number:
            at = _AT.search(line)
            if at is None:
                continue  # says that the run has ended
            made = datetime.fromisoformat(at[1].decode()).timestamp()
            events.append((number, made, time.time()))
            number = 0
    writer.close()
    return events


async def watchers(url: str, path: str, count: int) -> dict[str, object]:
    """Open that many streams, say `open` when all are there, and read each to its end."""
    request = _head(url, path, "Accept: text/event-stream")
    opened = asyncio.Semaphore(0)
    began = time.perf_counter()
    tasks = [asyncio.create_task(_watched(url, request, opened)) for _ in range(count)]
    for _ in range(count):
        await opened.acquire()
    print(json.dumps({"open_seconds": time.perf_counter() - began}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    told = time.time()
    seen = await asyncio.gather(*tasks)
    complete = list(range(1, max(len(one) for one in seen) + 1))
    # Those that were there before the streams were opened are replayed, and late by nature.
    late = sorted(came - made for one in seen for _, made, came in one if made >= told)
    return {
        "watchers": count,
        "events": len(complete),
        "complete": sum([number for number, _, _ in one] == complete for one in seen),
        "p50_ms": late[len(late) // 2] * 1000,
        "p99_ms": late[len(late) * 99 // 100] * 1000,
        "last_ms": max(one[-1][2] - one[-1][1] for one in seen) * 1000,
    }


async def main(kind: str, url: str, path: str, *numbers: str) -> None:
    """Do one of both, within limits."""
    async with asyncio.timeout(LIMIT):
        found: object
        if kind == "requests":
            found = await requests(url, path, float(numbers[0]), int(numbers[1]))
        else:
            found = await watchers(url, path, int(numbers[0]))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
