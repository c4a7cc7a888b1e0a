"""Running a command: the event loop, signals, the error log, errors to exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from logging.handlers import RotatingFileHandler
from typing import Any

from mas.app.settings import Settings, load_settings
from mas.cli import exits
from mas.core.errors import MasError

_MEGABYTE = 1_000_000
_PATIENCE = 3
"""So many signals end the process without any order; a run survives that as well."""
_log = logging.getLogger("mas")


def run_command(main: Callable[[Settings], Coroutine[Any, Any, int]]) -> None:
    """Run one command to its end and leave the process with its exit code.

    Ctrl-C and SIGTERM cancel the command, which gives its tasks back, and end with 130.
    """
    try:
        settings = load_settings(os.environ)
        _log_errors_to(settings)
        code = asyncio.run(_with_signals(main(settings)))
    except MasError as error:
        exits.leave(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("mas: Interrupted.", file=sys.stderr)
        raise SystemExit(exits.INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to tell anybody.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(exits.DONE) from None
    except Exception:  # noqa: BLE001 - top of a face: no traceback reaches a person
        _log.exception("unexpected error")
        print(
            "mas: Something went wrong that should not; the details are in logs/error.log under "
            "MAS_HOME.",
            file=sys.stderr,
        )
        raise SystemExit(exits.FAILED) from None
    raise SystemExit(code)


async def _with_signals(command: Coroutine[Any, Any, int]) -> int:
    """Run a command; the first signal stops it in order, the third at once."""
    task = asyncio.current_task()
    signals = 0

    def stop() -> None:
        nonlocal signals
        signals += 1
        if signals >= _PATIENCE:
            os._exit(exits.INTERRUPTED)
        if signals == 1 and task is not None:
            task.cancel()

    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
    return await command


def _log_errors_to(settings: Settings) -> None:
    """Send errors with their tracebacks to a file; without one (read-only home) to nowhere."""
    root = logging.getLogger()
    root.handlers.clear()
    root.addHandler(logging.NullHandler())
    if not settings.home.is_dir():
        return
    with contextlib.suppress(OSError):
        settings.log_file.parent.mkdir(mode=0o700, exist_ok=True)
        handler = RotatingFileHandler(
            settings.log_file, maxBytes=5 * _MEGABYTE, backupCount=3, delay=True, encoding="utf-8"
        )
        handler.setLevel(logging.ERROR)
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s %(process)d %(message)s")
        )
        root.addHandler(handler)
