"""The official MCP conformance suite against `/mcp` (U4).

Two servers: `mas serve` as it is, and one that offers behind the same door what the scenarios call
by name. What neither passes is listed with its reason in docs/mcp-door.md; a change is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.api_server import serving
from support.command import CLUSTERS, ROOT, Mas
from support.conformance_suite import Edition, fixture_door, installed_suite, run_suite

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
EDITIONS: tuple[Edition, ...] = ("conformance", "conformance-next")


def _failing(found: Mapping[str, bool]) -> set[str]:
    return {name for name, passed in found.items() if not passed}


def _documented() -> dict[str, dict[str, set[str]]]:
    """The scenarios that docs/mcp-door.md lists: by edition, those that fail on each server."""
    text = (ROOT / "docs" / "mcp-door.md").read_text("utf-8")
    _, _, table = text.partition("## Conformance")
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]*) \| ([^|]*) \|", table, re.MULTILINE)
    assert rows
    listed: dict[str, dict[str, set[str]]] = {
        edition: {"real": set(), "fixtures": set()} for edition in EDITIONS
    }
    for name, editions, servers in rows:
        for word in editions.split(","):
            edition = {"release": "conformance", "next": "conformance-next"}[word.strip()]
            for server in servers.split(","):
                listed[edition][server.strip()].add(name)
    return listed


@pytest.mark.parametrize("edition", EDITIONS)
async def test_u4_the_server_passes_every_scenario_that_is_not_listed(
    edition: Edition, tmp_path: Path
) -> None:
    installed_suite()
    mas = Mas(tmp_path / "home")
    asked = mas("ask", "Should we adopt Tekton?", "--cluster", str(CLUSTERS / "homelab.json"))
    assert asked.code == 0, asked.err
    with serving(mas) as running:
        found = await run_suite(edition, f"{running.url}/mcp", tmp_path / "results")
    assert _failing(found) == _documented()[edition]["real"]


@pytest.mark.parametrize("edition", EDITIONS)
async def test_u4_the_door_carries_every_kind_of_answer_that_needs_no_session(
    edition: Edition, tmp_path: Path
) -> None:
    installed_suite()
    (tmp_path / "home").mkdir()
    async with fixture_door(tmp_path / "home") as url:
        found = await run_suite(edition, url, tmp_path / "results")
    assert _failing(found) == _documented()[edition]["fixtures"]
