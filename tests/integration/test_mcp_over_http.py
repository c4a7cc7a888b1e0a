"""A real MCP server over streamable HTTP on loopback (O2)."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mas.adapters.mcp.limits import Limits
from support.mcp_family import QUICK, SERVERS, Entry, context, opened
from support.ports import free_port

HEADERS = {"Authorization": "Bearer ${CANARY}"}
GIVEN = {"CANARY": "canary-token"}


@contextmanager
def _serving(*more: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, str(SERVERS / "over_http.py"), str(port), *more],
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait(60)
        process.stdout.close()


def _entry(port: int, **more: object) -> Entry:
    return {"type": "http", "url": f"http://127.0.0.1:{port}/mcp", "headers": HEADERS, **more}


@pytest.mark.parametrize("kind", ["sse", "json"])
async def test_o2_a_server_over_http_is_called_with_its_headers(tmp_path: Path, kind: str) -> None:
    with _serving(kind) as (_, port):
        async with opened(tmp_path, {"web": _entry(port)}, environment=GIVEN) as mcp:
            assert (await mcp.call("web.greet", name="Ada")).text == "Hello Ada"
            assert mcp.family.problems() == ()


async def test_q1_a_refused_account_is_a_problem_that_shows_no_token(tmp_path: Path) -> None:
    with _serving() as (_, port):
        async with opened(
            tmp_path, {"web": _entry(port)}, environment={"CANARY": "wrong-one"}
        ) as mcp:
            assert await mcp.family.specs(None) == ()
            (problem,) = mcp.family.problems()
    assert "HTTP 401" in problem
    assert "wrong-one" not in problem


async def test_q1_a_server_that_nobody_runs_is_a_problem(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes it
        entry = _entry(held.getsockname()[1])
        async with opened(tmp_path, {"web": entry}, environment=GIVEN) as mcp:
            assert await mcp.family.specs(None) == ()
            assert "nobody answers" in mcp.family.problem_of("web")


async def test_r5_a_server_over_http_that_was_started_anew_is_found_again(tmp_path: Path) -> None:
    with _serving(port=free_port()) as (process, port):
        async with opened(tmp_path, {"web": _entry(port)}, environment=GIVEN) as mcp:
            (spec,) = await mcp.family.specs(["web.greet"])
            process.kill()
            process.wait(60)
            gone = await mcp.family.call(spec, {"name": "Ada"}, context())
            assert gone.failed
            assert "not repeated" in str(gone.text)
            with _serving(port=port):
                assert (await mcp.call("web.greet", name="Ada")).text == "Hello Ada"


@pytest.mark.parametrize("kind", ["sse", "json"])
async def test_q1_a_large_answer_over_http_is_taken_up_to_the_limit(
    tmp_path: Path, kind: str
) -> None:
    limits = Limits(message_bytes=3_000_000, stop_grace=QUICK.stop_grace)
    with _serving(kind) as (_, port):
        async with opened(tmp_path, {"web": _entry(port)}, environment=GIVEN, limits=limits) as mcp:
            assert len((await mcp.call("web.large", megabytes=2)).text) == 2_000_000
            assert (await mcp.call("web.large", megabytes=9)).failed
            assert (await mcp.call("web.greet", name="Ada")).text == "Hello Ada"
