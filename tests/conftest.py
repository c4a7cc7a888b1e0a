"""What several suites share: the examples, and the `mas` command on a home of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from support.command import CLUSTERS, Mas
from support.postgres_server import fresh_database, lone_postgres_server, postgres_server

# How long an example takes says more about the machine than about the code.
settings.register_profile("mas", deadline=None)
settings.load_profile("mas")

__all__ = ["fresh_database", "homelab", "lone_postgres_server", "mas", "postgres_server"]


@pytest.fixture
def mas(tmp_path: Path) -> Mas:
    """The `mas` command on a fresh MAS_HOME."""
    return Mas(tmp_path / "home")


@pytest.fixture
def homelab() -> str:
    """Path of the small example cluster."""
    return str(CLUSTERS / "homelab.json")
