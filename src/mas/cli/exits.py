"""Exit codes of the contract, and the one place where errors become them."""

from __future__ import annotations

import sys
from typing import NoReturn

from mas.core.errors import BudgetReached, Bug, MasError, Refused, Transient, UserError
from mas.core.language import plain

DONE = 0
FAILED = 1
USAGE = 2
REFUSED = 3
BUDGET = 4
UNREACHABLE = 5
INTERRUPTED = 130


def exit_code(error: MasError) -> int:
    """The exit code for an error of the tree."""
    table: tuple[tuple[type[MasError], int], ...] = (
        (BudgetReached, BUDGET),
        (Refused, REFUSED),
        (UserError, USAGE),
        (Transient, UNREACHABLE),
    )
    return next((code for branch, code in table if isinstance(error, branch)), FAILED)


def tell(error: MasError) -> None:
    """Print an error on standard error: what happened, and what to do."""
    text = plain(str(error), limit=1000)
    print(f"mas: {text}", file=sys.stderr)
    if isinstance(error, Bug):
        print(
            "mas: This is a mistake in MAS; the details are in the error log under MAS_HOME.",
            file=sys.stderr,
        )


def leave(error: MasError) -> NoReturn:
    """Print an error and end the process with its exit code."""
    tell(error)
    raise SystemExit(exit_code(error))
