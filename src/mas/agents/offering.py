"""Which tools a model is offered when a role has more than a model can choose among."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mas.core.calls import ToolSpec

OFFER_LIMIT = 60
"""Tools in one request. Definitions cost tokens with every call, and models choose badly among
hundreds."""

_WORD = re.compile(r"[a-z0-9]{3,}|[가-힣]{2,}")


def offered(
    specs: Sequence[ToolSpec], about: str, *, limit: int = OFFER_LIMIT
) -> tuple[ToolSpec, ...]:
    """At most `limit` of the tools, in their order: built-in ones, then those that share most
    words with what the work is `about`."""
    if len(specs) <= limit:
        return tuple(specs)
    wanted = set(_WORD.findall(about.lower()))

    def rank(spec: ToolSpec) -> tuple[bool, int]:
        words = set(_WORD.findall(f"{spec.name} {spec.description}".lower().replace("_", " ")))
        return (spec.origin != "built-in", -len(words & wanted))

    kept = {spec.name for spec in sorted(specs, key=rank)[:limit]}
    return tuple(spec for spec in specs if spec.name in kept)
