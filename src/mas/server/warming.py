"""What the first request would else wait for, done when the server listens already."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from mas.web.rendering import prepare


async def warm(app: FastAPI) -> None:
    """Prepare routes and templates in a thread, while requests are answered as they come."""
    await asyncio.to_thread(_warm, app)


def _warm(app: FastAPI) -> None:
    # FastAPI makes the validators of a router when it is first asked for a route.
    nowhere = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(dict(nowhere))
    prepare()
