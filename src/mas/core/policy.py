"""Whether an action may be done: its risk and the person's policy decide, not a model (R7, Q2).

Patterns are shell-style (`*` any text, also over slashes and lines, `?` one sign, `[ab]` one of
these) and always speak about the whole text. In doubt a pattern errs on the safe side: rules that
`allow` match narrowly, rules that `ask` or `deny` match widely.

    allow        letter by letter; a text that climbs (`staging/../prod`) is matched by `*` alone;
                 of a list, the elements joined as a shell would quote them
    ask, deny    without regard to case, width of letters and amount of white space; a path also
                 in its shortest form; of a list, any element, or all joined by spaces
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, TypeGuard

from mas.core.plan import Risk
from mas.core.values import JsonObject, JsonValue

Ruling = Literal["allow", "ask", "deny"]

ANYTHING = "*"
_CLIMBS = re.compile(r"(?:^|[\s/\\=:,'\"])\.\.(?:$|[\s/\\,'\"])")


class _Absent:
    """Stands for an argument that a call does not have."""


_ABSENT = _Absent()


@dataclass(frozen=True, kw_only=True)
class PolicyRule:
    """Decides for actions that match everything it names.

    `role`, `tool` and `target` are patterns (`kubernetes.*`, `staging/*`), `arguments` patterns by
    the name of an argument; a dotted name (`spec.replicas`) leads into objects, and through a list
    to its elements. `risk` None matches every risk.
    """

    ruling: Ruling
    role: str = ANYTHING
    tool: str = ANYTHING
    target: str = ANYTHING
    arguments: Mapping[str, str] = field(default_factory=dict)
    risk: Risk | None = None
    reason: str = ""

    def matches(
        self, *, role: str, tool: str, target: str, risk: Risk, arguments: JsonObject
    ) -> bool:
        """Whether the rule speaks about this action."""
        if self.risk not in (None, risk):
            return False
        match = _narrowly if self.ruling == "allow" else _widely
        return (
            match(self.role, role)
            and match(self.tool, tool)
            and match(self.target, target)
            and all(self._fits(arguments, name, text) for name, text in self.arguments.items())
        )

    def _fits(self, arguments: JsonObject, name: str, pattern: str) -> bool:
        values = list(_at(arguments, name))
        if self.ruling == "allow":
            return bool(values) and all(_allows(pattern, value) for value in values)
        return any(_catches(pattern, value) for value in values)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may be done without asking. The first rule that matches decides.

    Without a matching rule reads are allowed and everything else is asked for.
    """

    rules: tuple[PolicyRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A ruling with the reason that is shown to the person."""

    ruling: Ruling
    reason: str


def judge(
    policy: Policy, *, role: str, tool: str, target: str, risk: Risk, arguments: JsonObject
) -> Judgement:
    """Say whether an action may be done, must be asked for, or is forbidden.

    A destructive action is asked for even where a rule would allow it.
    """
    rule = next(
        (
            rule
            for rule in policy.rules
            if rule.matches(role=role, tool=tool, target=target, risk=risk, arguments=arguments)
        ),
        None,
    )
    if rule is not None and rule.ruling == "deny":
        return Judgement(ruling="deny", reason=rule.reason or f"The policy forbids {tool}.")
    if risk == "destructive":
        reason = rule.reason if rule is not None and rule.ruling == "ask" else ""
        return Judgement(ruling="ask", reason=reason or "Destructive actions are always asked for.")
    if rule is not None:
        return Judgement(
            ruling=rule.ruling, reason=rule.reason or f"A rule of the policy is about {tool}."
        )
    if risk == "read":
        return Judgement(ruling="allow", reason="Reading changes nothing.")
    return Judgement(ruling="ask", reason="Writes are asked for unless the policy allows them.")


def _narrowly(pattern: str, text: str) -> bool:
    """How a rule that allows compares."""
    if pattern in (ANYTHING, text):
        return True
    return fnmatchcase(text, pattern) and _CLIMBS.search(text) is None


def _widely(pattern: str, text: str) -> bool:
    """How a rule that asks or denies compares; never less than what it would allow."""
    if _narrowly(pattern, text):
        return True
    wanted = _folded(pattern)
    forms = {_folded(text), _folded(posixpath.normpath(text)) if text else ""}
    return any(fnmatchcase(form, wanted) for form in forms)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _at(value: JsonValue, path: str) -> Iterator[JsonValue | _Absent]:
    """The values that a dotted name leads to; `_ABSENT` for each place where it leads nowhere."""
    if isinstance(value, Mapping):
        found = False
        for key, inner in value.items():
            if key == path:
                found = True
                yield inner
            elif path.startswith(f"{key}."):
                found = True
                yield from _at(inner, path[len(key) + 1 :])
        if not found:
            yield _ABSENT
    elif _is_list(value) and value:
        for element in value:
            yield from _at(element, path)
    else:
        yield _ABSENT


def _allows(pattern: str, value: JsonValue | _Absent) -> bool:
    if isinstance(value, _Absent):
        return False
    if _is_list(value):
        return _narrowly(pattern, shlex.join(_text(element) for element in value))
    return _narrowly(pattern, _text(value))


def _catches(pattern: str, value: JsonValue | _Absent) -> bool:
    if isinstance(value, _Absent):
        return False
    if _is_list(value):
        return (
            _widely(pattern, " ".join(_text(element) for element in value))
            or _widely(pattern, shlex.join(_text(element) for element in value))
            or any(_catches(pattern, element) for element in value)
        )
    return _widely(pattern, _text(value))


def _is_list(value: object) -> TypeGuard[Sequence[JsonValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _text(value: JsonValue) -> str:
    """Text as it is, everything else as JSON writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
