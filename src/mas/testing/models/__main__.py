"""`python -m mas.testing.models SCRIPT.json`: a scripted model for other processes.

The first line on stdout is the address. It serves until SIGTERM, SIGINT or the end of `--seconds`;
then it says on stderr what went wrong, and ends with 1 if anything did. A script that cannot be
used is exit 2.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from mas.core.errors import UserError
from mas.testing.models.script_file import load_script
from mas.testing.models.server import ScriptedModelServer

STOPPING = (signal.SIGTERM, signal.SIGINT)
LIMIT_SECONDS = 3600.0


def main(words: list[str] | None = None) -> int:
    """Serve until told to stop; return the exit code."""
    options = _parser().parse_args(words)
    try:
        loaded = load_script(options.script)
    except UserError as exc:
        print(exc, file=sys.stderr)
        return 2
    server = ScriptedModelServer(
        loaded.script,
        host=options.host,
        port=options.port,
        models=loaded.models,
        key=loaded.key,
        record=options.record,
    )
    # Blocked before any thread starts, so that only the wait below takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    with server:
        print(server.url, flush=True)
        signal.sigtimedwait(STOPPING, options.seconds)
    for problem in server.problems:
        print(problem, file=sys.stderr)
    return 1 if server.problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mas.testing.models")
    parser.add_argument("script", type=Path, help="a file as mas.testing.models.script_file says")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--record", type=Path, help="append each request to this file, as JSON")
    parser.add_argument(
        "--seconds", type=float, default=LIMIT_SECONDS, help="stop by itself after so long"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
