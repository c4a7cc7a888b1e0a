"""What several suites share: the examples, and the `mas` command on a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command import CLUSTERS, Mas


@pytest.fixture
def mas(tmp_path: Path) -> Mas:
    """The `mas` command on a fresh MAS_HOME."""
    return Mas(tmp_path / "home")


@pytest.fixture
def homelab() -> str:
    """Path of the small example cluster."""
    return str(CLUSTERS / "homelab.json")
