"""Every tool is asked about on the example clusters; what is said stands in their files (D5-D7)."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from judging import CATALOG, NOW, RECOGNISER, Answer, ask_about

from mas.adapters.clusters.snapshot_file import SnapshotFile
from mas.kubernetes.cluster import Cluster
from mas.kubernetes.digest import read_cluster

EXAMPLES = Path(__file__).parents[3] / "examples" / "clusters"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))


@cache
def _cluster(name: str) -> tuple[Cluster, list[dict[str, Any]]]:
    path = EXAMPLES / f"{name}.json"
    reading = read_cluster(SnapshotFile(path), interesting=RECOGNISER.interesting, read_at=NOW)
    return asyncio.run(reading), json.loads(path.read_text("utf-8"))["items"]


def asked(name: str, request: str) -> Answer:
    """An answer about an example cluster, checked."""
    cluster, items = _cluster(name)
    # Names from the file are all over these reports: only the three canonical ones are read whole.
    return ask_about(cluster, items, request, hostile=True)


@pytest.mark.parametrize("id_", sorted(CATALOG.tools))
@pytest.mark.parametrize("name", NAMES)
def test_d7_every_answer_about_an_example_is_sound(name: str, id_: str) -> None:
    told = asked(name, f"Should we install {CATALOG.tools[id_].name}?")
    assert told.tool == id_
    assert told.verdict != "undetermined", "the examples lack nothing that decides"


@pytest.mark.parametrize(
    ("request_", "verdict", "alternatives"),
    [
        ("Tekton 도입 여부를 결정해줘", "do_not_recommend", ["gitea", "argo-cd"]),
        ("Harbor 도입 여부를 결정해줘", "do_not_recommend", ["gitea"]),
        ("Prometheus 도입 여부를 결정해줘", "already_installed", []),
    ],
)
def test_d5_the_canonical_answers(request_: str, verdict: str, alternatives: list[str]) -> None:
    cluster, items = _cluster("homelab")
    told = ask_about(cluster, items, request_)
    assert told.verdict == verdict
    assert told.alternatives[: len(alternatives)] == alternatives
    assert told.decision["cluster"]["nodes"] == {"total": 3, "control_plane": 1, "workers": 2}
    assert told.decision["cluster"]["version"] == "v1.33.6"
    assert told.decision["cluster"]["applications"] == 15
    assert told.existing[("prometheus", "monitoring")] == "healthy"
    if verdict == "already_installed":
        assert told.health == "healthy"
        assert "monitoring" in told.text("health", "for")
