"""The checks of `mas doctor` by topic, and the settings by origin. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mas.app.diagnosis import Check
from mas.app.settings_file import DEFAULT, Setting

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "machine": ("mas", "python", "sqlite", "home", "access"),
    "state": ("journal", "approvals", "catalog", "policy", "agents"),
    "models": ("model", "fall-back"),
    "cluster": ("cluster",),
    "work": ("git", "sandbox", "coder"),
}
_NAMED = frozenset(
    "mas python sqlite home access journal approvals catalog cluster git sandbox coder policy "
    "agents model".split()
)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A check as it is shown. `word` is a key of the wording; empty: `name` stands for itself."""

    check: Check
    kind: str
    state: str
    word: str
    mend: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """Checks of one topic."""

    name: str
    checks: tuple[Looked, ...]


def groups_of(checks: Iterable[Check]) -> tuple[Group, ...]:
    """The checks by topic; what no topic knows is about this machine."""
    sorted_out: dict[str, list[Looked]] = {name: [] for name in _GROUPS}
    for check in checks:
        if check.name != "setting":
            sorted_out[_group(check.name)].append(to_looked(check))
    return tuple(Group(name=name, checks=tuple(held)) for name, held in sorted_out.items() if held)


def _group(name: str) -> str:
    first = name.split(" ")[0]
    return next((group for group, names in _GROUPS.items() if first in names), "machine")


def to_looked(check: Check) -> Looked:
    """How a check came out: what MAS works without is no fault."""
    if check.ok:
        kind, state = "ok", "doctor.works"
    elif check.needed:
        kind, state = "bad", "doctor.broken"
    else:
        kind, state = "off", "doctor.without"
    mend = "" if check.ok else check.mend
    if check.name == "journal" and kind == "off":
        # Runs that nobody works on are what a server is there for: it takes them up by itself.
        kind, state, mend = "run", "doctor.under_way", ""
    word = f"doctor.check.{check.name}" if check.name in _NAMED else ""
    return Looked(check=check, kind=kind, state=state, word=word, mend=mend)


def settings_of(shown: Iterable[Setting]) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """What somebody has set, and what is the default."""
    every = tuple(shown)
    return (
        tuple(one for one in every if one.origin != DEFAULT),
        tuple(one for one in every if one.origin == DEFAULT),
    )
