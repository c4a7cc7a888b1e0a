"""`mas serve`: the HTTP API, and the runs that are asked for there or were left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mas.app.settings import Settings
from mas.cli import exits
from mas.core.errors import UserError

if TYPE_CHECKING:
    from mas.server.serving import Listening


async def serve(settings: Settings, *, host: str, port: int, worker: bool) -> int:
    """Serve until a signal comes, and then put back what runs.

    `port` 0 takes any that is free: the line on stderr says which. Without `worker` runs are
    accepted and left to other processes on the same database.
    """
    try:
        # Late: the libraries are an extra, and a person without them gets a sentence.
        from mas.server.serving import serve_until_stopped
    except ImportError as exc:
        raise UserError(
            "The libraries for the HTTP API are not installed.",
            hint="Install them: pip install 'mas[api]'",
            code="missing_extra",
        ) from exc

    def tell(listening: Listening) -> None:
        does = "" if worker else ", without working on runs"
        print(f"mas: Listening on {listening.url}{does}.", file=sys.stderr, flush=True)

    await serve_until_stopped(settings, host=host, port=port, worker=worker, on_listening=tell)
    return exits.DONE
