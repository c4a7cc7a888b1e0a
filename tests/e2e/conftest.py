"""Files whose packages only `scripts/setup.sh e2e` installs are not even looked at without them."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = [
    name
    for name, package in (
        ("browser", "axe_playwright_python"),
        ("test_api_schema.py", "schemathesis"),
    )
    if find_spec(package) is None
]
