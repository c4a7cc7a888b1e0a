"""What tests of pure views share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mas.core.run import RunStatus, RunSummary


@pytest.fixture
def make_summary() -> RunSummary:
    """A run that works."""
    return RunSummary(
        id="20261121_100000_0a1b2c3d",
        request="Should we adopt Tekton?",
        team="decide",
        language="en",
        status=RunStatus.RUNNING,
        created_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    )
