"""What faces offer to choose from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mas.app.choices import repository_of
from mas.core.run import Run, RunStatus
from mas.teams.fanout.order import OPTION

RUN = Run(
    id="20261121_100000_0a1b2c3d",
    request="Do it.",
    team="fanout",
    language="en",
    status=RunStatus.RUNNING,
    created_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("https://bob:hunter2@git.example/shop.git", "https://git.example/shop.git"),
        ("https://token-0815@git.example/shop.git", "https://git.example/shop.git"),
        ("https://git.example/shop.git", "https://git.example/shop.git"),
        ("/srv/shop", "/srv/shop"),
        ("", None),
    ],
)
def test_q3_a_repository_is_offered_without_the_password_in_its_address(
    named: str, shown: str | None
) -> None:
    run = replace(RUN, options={OPTION: {"origin": {"named": named}}})
    assert repository_of(run) == shown
