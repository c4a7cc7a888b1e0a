"""The checks of `mas doctor` by topic, and the settings by origin. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mas.app.diagnosis import Check
from mas.app.settings_file import DEFAULT, Setting
from mas.core.language import Language
from mas.web.views.faults import Told, told_of
from mas.web.wording.checks import KOREAN

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "machine": ("mas", "python", "sqlite", "home", "access"),
    "state": ("journal", "approvals", "catalog", "policy", "agents"),
    "models": ("model", "fall-back"),
    "cluster": ("cluster",),
    "work": ("git", "sandbox", "coder"),
}
_NAMED = frozenset(
    "mas python sqlite home access journal approvals catalog cluster git sandbox coder policy "
    "agents model fall-back".split()
)
_OF_ROLE = "model of "
"""The model of a role of its own is a check named after that."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A check as it is shown. `word` is a key of the wording; empty: `name` stands for itself."""

    name: str
    kind: str
    state: str
    word: str
    role: str
    """Whose model it is; empty: it is about no single role."""
    told: Told
    """What was found, and what mends it."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Checks of one topic."""

    name: str
    checks: tuple[Looked, ...]


def groups_of(checks: Iterable[Check], reader: Language) -> tuple[Group, ...]:
    """The checks by topic; what no topic knows is about this machine."""
    sorted_out: dict[str, list[Looked]] = {name: [] for name in _GROUPS}
    for check in checks:
        if check.name != "setting":
            sorted_out[_group(check.name)].append(to_looked(check, reader))
    return tuple(Group(name=name, checks=tuple(held)) for name, held in sorted_out.items() if held)


def _group(name: str) -> str:
    first = name.split(" ")[0]
    return next((group for group, names in _GROUPS.items() if first in names), "machine")


def to_looked(check: Check, reader: Language) -> Looked:
    """How a check came out: what MAS works without is no fault."""
    if check.ok:
        kind, state = "ok", "doctor.works"
    elif check.needed:
        kind, state = "bad", "doctor.broken"
    else:
        kind, state = "off", "doctor.without"
    told = _told(check, reader)
    if check.ok:
        told = replace(told, hint="")
    if check.name == "journal" and kind == "off":
        # Runs that nobody works on are what a server is there for: it takes them up by itself.
        kind, state, told = "run", "doctor.under_way", replace(told, hint="")
    role = check.name.removeprefix(_OF_ROLE) if check.name.startswith(_OF_ROLE) else ""
    name = "model_of" if role else check.name
    word = f"doctor.check.{name}" if role or name in _NAMED else ""
    return Looked(name=check.name, kind=kind, state=state, word=word, role=role, told=told)


def _told(check: Check, reader: Language) -> Told:
    if reader == "ko" and check.code in KOREAN:
        found, mend = (words.format_map(check.values) for words in KOREAN[check.code])
        return Told(sentence=found, language="ko", hint=mend, hint_language="ko")
    return told_of(code=check.code, message=check.found, hint=check.mend, reader=reader)


def settings_of(shown: Iterable[Setting]) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """What somebody has set, and what is the default."""
    every = tuple(shown)
    return (
        tuple(one for one in every if one.origin != DEFAULT),
        tuple(one for one in every if one.origin == DEFAULT),
    )
