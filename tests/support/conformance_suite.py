"""The official conformance suite of the Model Context Protocol, as its command line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.routing import Route

from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import load_settings
from mas.http.access.door import Access, Door
from mas.http.guard import Guard
from mas.mcp_servers.mas.http import HttpDoor
from mas.server.mcp_route import PATH
from support.command import ROOT
from support.conformance_fixtures import ConformanceServer

Edition = Literal["conformance", "conformance-next"]
SOURCE = ROOT / "tests" / "e2e" / "conformance"
INSTALLED = ROOT / ".cache" / "mcp-conformance"
INSTALL_SECONDS = 300
SUITE_SECONDS = 400


def installed_suite() -> Path:
    """The folder with the pinned suite; skips the test where npm cannot bring it."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("the conformance suite needs Node.js 20 or later with npm")
    lock = (SOURCE / "package-lock.json").read_bytes()
    marker = INSTALLED / "installed.json"
    if not marker.is_file() or marker.read_bytes() != lock:
        shutil.rmtree(INSTALLED, ignore_errors=True)
        shutil.copytree(SOURCE, INSTALLED)
        try:
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
                cwd=INSTALLED,
                env=_environment(),
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not bring the conformance suite in time")
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["?"]
            pytest.skip(f"npm cannot bring the conformance suite: {lines[0]}")
        marker.write_bytes(lock)
    for name in ("node20.mjs", "hooks.mjs", "fs.mjs"):
        shutil.copy(SOURCE / name, INSTALLED / name)
    return INSTALLED


async def run_suite(edition: Edition, url: str, folder: Path) -> Mapping[str, bool]:
    """Run all scenarios for servers; gives for each whether nothing of it has failed."""
    suite = installed_suite()
    node = shutil.which("node")
    assert node is not None
    process = await asyncio.create_subprocess_exec(
        node,
        "--import",
        str(suite / "node20.mjs"),
        str(suite / "node_modules" / edition / "dist" / "index.js"),
        *("server", "--suite", "all", "--url", url, "-o", str(folder)),
        cwd=suite,
        env=_environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(SUITE_SECONDS):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found = _results(folder)
    assert found, out.decode(errors="replace")[-2000:]
    return found


def _results(folder: Path) -> dict[str, bool]:
    return {
        _scenario(file): _passed(json.loads(file.read_text("utf-8")))
        for file in folder.glob("server-*/checks.json")
    }


def _scenario(file: Path) -> str:
    """`server-ping-2026-11-21T13-16-01-778Z` -> `ping`."""
    return file.parent.name.removeprefix("server-").rsplit("-", 6)[0]


def _passed(checks: list[dict[str, str]]) -> bool:
    return all(check["status"] != "FAILURE" for check in checks)


def _environment() -> dict[str, str]:
    """Made from nothing: npm finds its own settings in the home folder."""
    return {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/")}


class _Web(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listens.set()


@contextlib.asynccontextmanager
async def fixture_door(home: Path) -> AsyncIterator[str]:
    """The address of a door that offers what the suite asks for; guarded like that of MAS."""
    settings = load_settings({"MAS_HOME": str(home), "HOME": str(home.parent), "PATH": ""})
    async with open_service(settings) as service, Driving(service) as driving:
        app = FastAPI(openapi_url=None)
        server = ConformanceServer(service, driving)
        app.router.routes.append(Route(PATH, HttpDoor(server)))
        guarded = Guard(app, door=Door(Access(), service))
        config = uvicorn.Config(guarded, port=0, log_config=None, lifespan="off")
        web = _Web(config)
        serving = asyncio.create_task(web.serve())
        try:
            await asyncio.wait_for(web.listens.wait(), 60)
            port = web.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}{PATH}"
        finally:
            web.should_exit = True
            await asyncio.wait((serving,), timeout=10)
