"""What a panel is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A template and what it shows. It also uses `caller`, where the page has one."""

    template: str
    context: Mapping[str, object]
