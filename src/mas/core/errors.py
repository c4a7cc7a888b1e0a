"""The error tree, split by what the caller should do.

    MasError                 code (stable text), message, hint, details
    ├── UserError            the person can fix it: bad request, file, setting        exit 2
    ├── Refused              policy, budget or a person said no                       exit 3 / 4
    ├── Transient            try again; carries `retry_after`                         exit 5
    ├── Permanent            do not try again: the run failed                         exit 1
    │   └── Blocked          an agent went round in circles and was stopped           exit 1
    └── Bug                  we were wrong; keep the traceback, ask for a report      exit 1

Adapters translate at once and chain with `from`; no third-party exception is visible above them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta


class MasError(Exception):
    """Base of all errors that MAS raises on purpose.

    `code` is stable text for machines, `message` one sentence that says what happened,
    `hint` one sentence that says what to do, `details` small facts for a log or API answer.
    """

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(MasError):
    """The person can fix it: a request, file, name or setting is wrong."""

    default_code = "user_error"


class Refused(MasError):
    """A policy, a budget or a person said no; asking again changes nothing."""

    default_code = "refused"


class BudgetReached(Refused):
    """Tokens, cost or time of the run are used up; what was done so far is kept."""

    default_code = "budget"


class Transient(MasError):
    """Something needed is out of reach just now; trying again may help."""

    default_code = "unavailable"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        details: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code, details=details)
        self.retry_after = retry_after


class Permanent(MasError):
    """The work cannot be done, and trying again will not help."""

    default_code = "failed"


class Blocked(Permanent):
    """An agent repeats itself without getting any further, also after a fresh start."""

    default_code = "blocked"


class Bug(MasError):
    """MAS itself is wrong: the traceback is kept and a report is asked for."""

    default_code = "bug"
