"""Reads roles: the built-in ones, and those that a person's own folder adds or replaces (A1).

A file has the shape of Claude Code's sub-agent files and works unchanged: front matter with `name`
and `description`, instructions below. A file that cannot be used names itself and its line and
stops no other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

import msgspec

from mas.adapters.small_file import UnusableFile, read_small_file
from mas.agents.roles.front_matter import BadFrontMatter, FrontMatter, read_front_matter
from mas.agents.roles.tool_names import read_tools, split_words
from mas.core.errors import Bug
from mas.core.messages import EVERYBODY, PERSON
from mas.core.roles import Role, RoleLimits

LIMIT_BYTES = 65_536
"""Size of one file."""

NAME_LIMIT = 64
DESCRIPTION_LIMIT = 4_000
"""Characters."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_RESERVED = (EVERYBODY, PERSON)
_USED = frozenset(
    "name description tools disallowedTools model maxTurns expertise limits team".split()
)
_NOTHING = ("", "null", "~")


@dataclass(frozen=True, kw_only=True)
class RoleProblem:
    """Something about one file. `line` counts from 1; 0 is the file as a whole."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}."


@dataclass(frozen=True, kw_only=True)
class LoadedRoles:
    """The roles by name, built-in ones first.

    `problems` are files that could not be used, `notes` what was left out of those that could.
    """

    roles: Mapping[str, Role]
    problems: tuple[RoleProblem, ...] = ()
    notes: tuple[RoleProblem, ...] = ()


def load_roles(folder: Path | None) -> LoadedRoles:
    """The built-in roles and those of a folder; a folder that is not there adds none.

    A role of the folder replaces the built-in one of its name as a whole.
    """
    roles = dict(built_in_roles())
    if folder is None:
        return LoadedRoles(roles=roles)
    problems: list[RoleProblem] = []
    notes: list[RoleProblem] = []
    seen: dict[str, Path] = {}
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(".md"))
    except FileNotFoundError:
        return LoadedRoles(roles=roles)
    except OSError as exc:
        problem = f"it cannot be read as a folder ({exc.strerror})"
        return LoadedRoles(
            roles=roles, problems=(RoleProblem(file=str(folder), line=0, message=problem),)
        )
    for path in paths:
        try:
            role, found = parse_role(
                read_small_file(path, limit_bytes=LIMIT_BYTES), source=str(path)
            )
            if role.name in seen:
                raise BadFrontMatter(0, f"{seen[role.name].name} has the name {role.name!r} too")
        except (BadFrontMatter, UnusableFile) as bad:
            message = bad.message if isinstance(bad, BadFrontMatter) else bad.reason
            problems.append(RoleProblem(file=str(path), line=bad.line, message=message))
        except FileNotFoundError:
            continue  # removed since the folder was read
        else:
            seen[role.name] = path
            roles[role.name] = role
            notes.extend(found)
    return LoadedRoles(roles=roles, problems=tuple(problems), notes=tuple(notes))


@cache
def built_in_roles() -> Mapping[str, Role]:
    """The roles that ship with MAS, by name. Read once a process."""
    entries = resources.files("mas.agents.roles").iterdir()
    files = sorted(
        (entry for entry in entries if entry.name.endswith(".md")), key=lambda entry: entry.name
    )
    roles: dict[str, Role] = {}
    for file in files:
        try:
            role, _ = parse_role(file.read_text(encoding="utf-8"), source="built-in")
        except BadFrontMatter as exc:
            raise Bug(f"The built-in role {file.name}:{exc.line} is wrong: {exc}.") from exc
        roles[role.name] = role
    return MappingProxyType(roles)


def parse_role(text: str, *, source: str) -> tuple[Role, tuple[RoleProblem, ...]]:
    """One role and the notes about its file.

    Raises:
        BadFrontMatter: The file cannot be used.
    """
    matter = read_front_matter(text)
    name = _name(matter)
    description = _text(matter, "description")
    if not description:
        raise BadFrontMatter(1, "a description is missing")
    if len(description) > DESCRIPTION_LIMIT:
        raise BadFrontMatter(
            matter.lines["description"],
            f"the description is longer than {DESCRIPTION_LIMIT:,} characters",
        )
    if not matter.body:
        raise BadFrontMatter(0, "there are no instructions below the front matter")
    allowed = _words(matter, "tools") if "tools" in matter.values else None
    tools = read_tools(allowed, _words(matter, "disallowedTools"))
    role = Role(
        name=name,
        description=description,
        instructions=matter.body,
        expertise=_words(matter, "expertise"),
        tools=tools.patterns,
        model=_model(matter),
        limits=_limits(matter),
        team=_text(matter, "team"),
        source=source,
    )
    return role, tuple(_notes(matter, tools.notes, source))


def _name(matter: FrontMatter) -> str:
    name = _text(matter, "name")
    if not name:
        raise BadFrontMatter(matter.lines.get("name", 1), "a name is missing")
    line = matter.lines["name"]
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        raise BadFrontMatter(
            line,
            f"the name {name[:NAME_LIMIT]!r} is not made of small letters, digits and hyphens "
            f"(at most {NAME_LIMIT})",
        )
    if name in _RESERVED:
        raise BadFrontMatter(line, f"the name {name!r} has a meaning of its own")
    return name


def _text(matter: FrontMatter, key: str) -> str:
    value = matter.values.get(key, "")
    if not isinstance(value, str):
        raise BadFrontMatter(matter.lines[key], f"{key} has to be a text")
    return "" if value.strip() in _NOTHING else value.strip()


def _words(matter: FrontMatter, key: str) -> tuple[str, ...]:
    """A list, or words with commas between them."""
    value = matter.values.get(key, "")
    if isinstance(value, str):
        return () if value.strip() in _NOTHING else split_words(value)
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(word.strip() for word in value if word.strip())
    raise BadFrontMatter(
        matter.lines[key], f"{key} has to be words with commas between them, or a list of words"
    )


def _model(matter: FrontMatter) -> str | None:
    model = _text(matter, "model")
    if len(model.split()) > 1:
        raise BadFrontMatter(matter.lines["model"], "model has to be one word")
    return None if model in ("", "inherit") else model


def _limits(matter: FrontMatter) -> RoleLimits:
    turns = _text(matter, "maxTurns")
    given: dict[object, object] = {"calls": turns} if turns else {}
    written = matter.values.get("limits", {})
    if isinstance(written, Mapping):
        given.update(written)
    elif written not in _NOTHING:
        raise BadFrontMatter(matter.lines["limits"], "limits has to be lines of `key: value`")
    line = matter.lines.get("limits", matter.lines.get("maxTurns", 1))
    try:
        limits = msgspec.convert(given, RoleLimits, strict=False)
    except msgspec.ValidationError as exc:
        raise BadFrontMatter(line, f"limits are wrong: {exc}") from exc
    for key in RoleLimits.__struct_fields__:
        value = getattr(limits, key)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise BadFrontMatter(line, f"limits are wrong: {key} has to be greater than 0")
    return limits


def _notes(matter: FrontMatter, about_tools: tuple[str, ...], source: str) -> Iterator[RoleProblem]:
    if matter.mended:
        yield RoleProblem(
            file=source, line=1, message="texts with a colon inside should stand in quotes"
        )
    for note in about_tools:
        line = matter.lines.get("tools") or matter.lines.get("disallowedTools", 0)
        yield RoleProblem(file=source, line=line, message=f"tools: {note}")
    for key, line in matter.lines.items():
        if key not in _USED:
            yield RoleProblem(file=source, line=line, message=f"{key!r} is not used by MAS")
