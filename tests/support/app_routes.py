"""Every route of the application, as the router has it: what is added tomorrow is in it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mas.app.driving import Driving
from mas.app.service import open_service
from mas.app.settings import load_settings
from mas.server.app import create_app

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PARAMETER = re.compile(r"\{([^}:]+)(:[^}]+)?\}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method and a path with its parameters in braces."""

    method: str
    path: str

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(found[1] for found in _PARAMETER.finditer(self.path))

    def filled(self, value: str, *, usual: str = "x") -> Iterator[str]:
        """The path with `value` in one parameter after the other, and `usual` in the others."""
        for chosen in range(len(self.parameters)):
            places = iter(range(len(self.parameters)))
            yield _PARAMETER.sub(lambda _: value if next(places) == chosen else usual, self.path)  # noqa: B023

    def plain(self, usual: str = "x") -> str:
        """The path with `usual` in every parameter."""
        return _PARAMETER.sub(usual, self.path)


def app_routes(home: Path) -> tuple[Route, ...]:
    """All routes, the mounted ones as `PATH/{rest}`."""

    async def look() -> tuple[Route, ...]:
        settings = load_settings({"MAS_HOME": str(home), "HOME": str(home.parent)})
        async with open_service(settings) as service:
            app = create_app(service, settings, driving=Driving(service), docker=_none)
            return tuple(
                sorted(set(_walked(app.routes, "")), key=lambda one: (one.path, one.method))
            )

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, look()).result()


async def _none() -> str:
    return "none"


def _walked(routes: Iterable[Any], prefix: str) -> Iterator[Route]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            more = getattr(getattr(route, "include_context", None), "prefix", "")
            yield from _walked(inner.routes, prefix + more)
        elif getattr(route, "methods", None):
            for method in route.methods:
                yield Route(method=method, path=prefix + route.path)
        elif getattr(route, "routes", None):
            yield from _walked(route.routes, prefix + route.path)
        elif hasattr(route, "path"):
            yield Route(method="GET", path=f"{prefix}{route.path}/{{rest}}")
