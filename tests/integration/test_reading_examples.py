"""The example clusters are what their script writes, and read without a rest (D1)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mas.adapters.clusters.snapshot_file import SnapshotFile
from support.command import CLUSTERS
from support.live_reading import digest

NAMES = ("homelab", "edge-k3s", "production", "empty")


def test_the_example_clusters_are_what_their_script_writes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-B", str(CLUSTERS / "generate.py"), "--into", str(tmp_path)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    for name in NAMES:
        written, kept = (folder / f"{name}.json" for folder in (tmp_path, CLUSTERS))
        assert written.read_bytes() == kept.read_bytes(), f"run {CLUSTERS.name}/generate.py"


@pytest.mark.parametrize("name", NAMES)
async def test_d1_every_object_of_an_example_cluster_is_read(name: str) -> None:
    cluster = await digest(SnapshotFile(CLUSTERS / f"{name}.json"))
    assert cluster.unreadable == 0
    assert cluster.version_source == "annotation"
    assert all(node.ready and node.allocatable.cpu for node in cluster.nodes)
    assert cluster.pod_count == sum(node.requested.pods for node in cluster.nodes)


def test_d10_a_large_example_stays_below_six_megabytes() -> None:
    assert (CLUSTERS / "production.json").stat().st_size < 6 * 10**6
