"""Pages of runs over a real journal: each run once, also where many were made at once (U3)."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx

from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import load_settings
from mas.server.app import create_app

COUNT = 7


async def _no_docker() -> str:
    return "none"


async def test_u3_runs_of_the_same_moment_are_on_one_page_each(
    tmp_path: Path, homelab: str
) -> None:
    environment = {"MAS_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    settings = load_settings(environment)
    async with open_service(settings) as service, Driving(service, worker=False) as driving:
        app = create_app(service, settings, driving=driving, docker=_no_docker)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            body = {"text": "Should we adopt Tekton?", "cluster": homelab}
            made = {
                (await http.post("/api/runs", json=body)).json()["run_id"] for _ in range(COUNT)
            }
            with closing(sqlite3.connect(tmp_path / "mas.db")) as journal, journal:
                journal.execute("update run set created_at = (select min(created_at) from run)")
            for limit in (1, 2, 3, COUNT - 1, COUNT, COUNT + 1):
                seen: list[str] = []
                address = f"/api/runs?limit={limit}&team=decide"
                while address:
                    page = await http.get(address)
                    seen += [one["run_id"] for one in page.json()["items"]]
                    address = page.links["next"]["url"] if "next" in page.links else ""
                assert sorted(seen) == sorted(made)
            # Whoever is in the middle of the pages is not moved by a run that is made now.
            first = (await http.get("/api/runs?limit=3")).json()
            newest = (await http.post("/api/runs", json=body)).json()["run_id"]
            rest = (await http.get(f"/api/runs?limit=99&before={first['next']}")).json()
            assert newest not in {one["run_id"] for one in rest["items"]}
            assert len(first["items"]) + len(rest["items"]) == COUNT
