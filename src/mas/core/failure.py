"""A failure as data: what is stored and shown of an error after its traceback is gone."""

from __future__ import annotations

from typing import Literal

import msgspec

from mas.core.errors import (
    Blocked,
    BudgetReached,
    Bug,
    MasError,
    Permanent,
    Refused,
    Transient,
    UserError,
)

FailureKind = Literal["user", "refused", "budget", "transient", "blocked", "permanent", "bug"]

# Most special first: BudgetReached is a Refused.
_KINDS: tuple[tuple[type[MasError], FailureKind], ...] = (
    (BudgetReached, "budget"),
    (UserError, "user"),
    (Refused, "refused"),
    (Transient, "transient"),
    (Blocked, "blocked"),
    (Bug, "bug"),
)
_CLASSES: dict[FailureKind, type[MasError]] = {
    **{kind: error for error, kind in _KINDS},
    "permanent": Permanent,
}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a task or a run failed. `kind` is the branch of the error tree, `code` stable text."""

    kind: FailureKind
    code: str
    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: MasError) -> Failure:
        """The failure that `error` describes."""
        kinds = (kind for branch, kind in _KINDS if isinstance(error, branch))
        kind: FailureKind = next(kinds, "permanent")
        return cls(kind=kind, code=error.code, message=error.message, hint=error.hint)

    def to_error(self) -> MasError:
        """An error of the same branch, for a face that maps errors to exit codes or statuses."""
        return _CLASSES[self.kind](self.message, hint=self.hint, code=self.code)
