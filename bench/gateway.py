"""What the model gateway adds to a call, beside the same calls made straight to the provider.

The provider is a scripted server on loopback that answers at once. Both ways are asked in turn in
one process, so that whatever else the machine does falls on both.

    python bench/gateway.py [--calls 100] [--kilobytes 40] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2

from mas.adapters.clock import SystemClock
from mas.adapters.models.gateway import Gateway
from mas.adapters.models.settings import Endpoint, ModelSettings
from mas.core.metering import Exchange
from mas.core.usage import Usage
from mas.testing.models import Reply, ScriptedModelServer

MODEL = "claude-sonnet-5"
ANSWER = "So many words are a usual answer of a coding agent's model. " * 20


class Free:
    """A meter without a budget and a journal: what is measured is the gateway alone."""

    async def call(self, _most: Usage, body: Callable[[], Awaitable[Exchange]]) -> Exchange:
        return await body()


async def ask(client: httpx2.AsyncClient, url: str, key: str, body: dict[str, Any]) -> float:
    """Seconds until all of an answer is there."""
    began = time.perf_counter()
    answer = await client.post(
        f"{url}/v1/messages", json=body, headers={"x-api-key": key, "anthropic-version": "1"}
    )
    if answer.status_code != 200:
        raise SystemExit(f"The call failed: {answer.status_code} {answer.text[:200]}")
    return time.perf_counter() - began


async def measure(calls: int, kilobytes: int, *, stream: bool, kept: Path) -> dict[str, Any]:
    """Medians of both ways, in turn."""
    words = "word " * (kilobytes * 1024 // 5)
    body = {
        "model": MODEL,
        "max_tokens": 1000,
        "stream": stream,
        "messages": [{"role": "user", "content": words}],
    }
    direct: list[float] = []
    through: list[float] = []
    async with ScriptedModelServer(lambda _: Reply(text=ANSWER)) as server:
        settings = ModelSettings(
            endpoints={"bench": Endpoint(protocol="anthropic", base_url=server.url)}
        )
        async with (
            httpx2.AsyncClient(trust_env=False) as client,
            Gateway(settings, {}, clock=SystemClock()) as gateway,
            gateway.admit(f"bench:{MODEL}", "anthropic", Free(), kept=kept) as admission,
        ):
            for number in range(calls + 5):
                plain = await ask(client, server.url, "none", body)
                passed = await ask(client, admission.base_url, admission.token, body)
                # The first ones open connections and load what is late.
                if number >= 5:
                    direct.append(plain)
                    through.append(passed)
    straight, passing = statistics.median(direct) * 1000, statistics.median(through) * 1000
    return {
        "streamed": stream,
        "calls": calls,
        "request_kb": kilobytes,
        "direct_ms": round(straight, 2),
        "gateway_ms": round(passing, 2),
        "added_ms": round(passing - straight, 2),
        "ratio": round(passing / straight, 2),
    }


async def run(options: argparse.Namespace) -> None:
    """Measure both kinds of answers."""
    for stream in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            found = await measure(
                options.calls, options.kilobytes, stream=stream, kept=Path(folder)
            )
        if options.json:
            print(json.dumps(found))
        else:
            print("  ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--kilobytes", type=int, default=40, help="size of a request")
    parser.add_argument("--json", action="store_true")
    asyncio.run(run(parser.parse_args()))
