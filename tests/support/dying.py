"""`mas` that kills or stops itself: `python dying.py MOMENT NUMBER ARGUMENT...`

The process gets SIGKILL right `before` or `after` (MOMENT) its NUMBERth round of transactions, or
SIGSTOP after it (`pause`), so that others can look at a run that stands still; with NUMBER 0 it
lives. One that ends by itself writes how many rounds it made into the file $ROUNDS, where that is
set. Rounds are those of the store that $DATABASE_URL means.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any


def session_class() -> Any:
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        from mas.adapters.stores import postgres_link

        return postgres_link.Session
    from mas.adapters.stores import sqlite

    return sqlite._SqliteSession


def main() -> None:
    moment, number = sys.argv[1], int(sys.argv[2])
    session = session_class()
    transact = session.transact
    begun = itertools.count(1)  # sessions of several threads make rounds at the same time

    def dying(self: Any, *arguments: Any, **options: Any) -> Any:
        mine = next(begun)
        if moment == "before" and mine == number:
            os.kill(os.getpid(), signal.SIGKILL)
        done = transact(self, *arguments, **options)
        if moment == "after" and mine == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if moment == "pause" and mine == number:
            os.kill(os.getpid(), signal.SIGSTOP)
        return done

    session.transact = dying
    sys.argv = ["mas", *sys.argv[3:]]
    from mas.cli.main import main as mas

    try:
        mas()
    finally:
        if counted := os.environ.get("ROUNDS"):
            Path(counted).write_text(str(next(begun) - 1), encoding="utf-8")


if __name__ == "__main__":
    main()
