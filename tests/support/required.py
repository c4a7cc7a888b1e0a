"""Servers and programs without which a test cannot run (Q1)."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def not_here(reason: str) -> NoReturn:
    """Skip the test; where `CI` is set, as continuous integration does, it fails: it has to run."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
