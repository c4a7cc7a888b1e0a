"""Doubles and builders for tests of MAS and of what is built on it; public.

Here live clocks, doubles of ports, a scripted model server and builders of realistic input. No test
cases live here, and nothing that the product itself needs; only tests, benchmarks and examples
import it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mas.testing.models import ScriptedModelServer

__all__ = ["ScriptedModelServer"]


def __getattr__(name: str) -> object:
    # Late, so that a test which only needs a clock does not load a web server.
    if name == "ScriptedModelServer":
        from mas.testing.models import ScriptedModelServer

        return ScriptedModelServer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
