"""Files whose packages only `scripts/setup.sh e2e` installs are not even looked at without them."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from support.command import Mas

LIMIT_SECONDS = 400
"""The longest that a whole run of ten agents may take on a busy machine."""

collect_ignore = [
    name
    for name, package in (
        ("browser", "axe_playwright_python"),
        ("test_api_schema.py", "schemathesis"),
    )
    if find_spec(package) is None
]


@pytest.fixture
def mas(mas: Mas) -> Mas:
    """The `mas` command on a fresh MAS_HOME, with time for whole runs."""
    mas.limit_seconds = LIMIT_SECONDS
    return mas
