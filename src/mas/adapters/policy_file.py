"""Reads the policy out of a file (R7). What cannot be read for certain is an error, never a yes."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec

from mas.adapters.small_file import read_small_file
from mas.core.errors import UserError
from mas.core.plan import Risk
from mas.core.policy import ANYTHING, Policy, PolicyRule, Ruling

LIMIT_BYTES = 1_000_000
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*(?:rule|\"rule\"|'rule')[ \t]*\]\]", re.MULTILINE)
_KNOWN = ("rule",)


class _Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[rule]]` as it is written."""

    ruling: Ruling
    role: str = ANYTHING
    tool: str = ANYTHING
    target: str = ANYTHING
    arguments: dict[str, str] = {}
    risk: Risk | None = None
    reason: str = ""


def load_policy(path: Path) -> Policy:
    """The policy of a file; the default one (reads run, the rest is asked for) without the file.

    Raises:
        UserError: The file is there and cannot be used; the message names file, rule and line.
    """
    try:
        text = read_small_file(path, limit_bytes=LIMIT_BYTES)
    except FileNotFoundError:
        return Policy()
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _wrong(str(path), f"it is not valid TOML: {exc}") from exc
    except RecursionError as exc:
        raise _wrong(str(path), "it is nested too deeply") from exc
    for key in content:
        if key not in _KNOWN:
            raise _wrong(str(path), f"{key!r} is no setting of a policy{_near(key, _KNOWN)}")
    rules = content.get("rule", [])
    if not isinstance(rules, list):
        raise _wrong(str(path), "'rule' has to be written as [[rule]]")
    lines = [text.count("\n", 0, found.start()) + 1 for found in _HEADER.finditer(text)]
    known_lines = lines if len(lines) == len(rules) else []
    return Policy(
        rules=tuple(
            _rule(rule, _place(path, number, known_lines)) for number, rule in enumerate(rules, 1)
        )
    )


def _place(path: Path, number: int, lines: list[int]) -> str:
    return f"{path}, rule {number}" + (f" (line {lines[number - 1]})" if lines else "")


def _rule(written: Any, place: str) -> PolicyRule:
    if isinstance(written, Mapping):
        known = _Rule.__struct_fields__
        for key in written:
            if key not in known:
                raise _wrong(place, f"{key!r} is no key of a rule{_near(key, known)}")
        _check_words(written, place)
    try:
        rule = msgspec.convert(written, _Rule, strict=True)
    except msgspec.ValidationError as exc:
        raise _wrong(place, str(exc)) from exc
    patterns = {
        "role": rule.role,
        "tool": rule.tool,
        "target": rule.target,
        **{f"arguments.{name}": pattern for name, pattern in rule.arguments.items()},
    }
    for name, pattern in patterns.items():
        if not pattern:
            raise _wrong(place, f"{name} is empty; leave it out, or write '*' for anything")
    return PolicyRule(
        ruling=rule.ruling,
        role=rule.role,
        tool=rule.tool,
        target=rule.target,
        arguments=rule.arguments,
        risk=rule.risk,
        reason=rule.reason,
    )


def _check_words(written: Mapping[str, Any], place: str) -> None:
    """The mistakes that are easily made, in plainer words than a decoder has."""
    for name, words in (("ruling", get_args(Ruling)), ("risk", get_args(Risk))):
        if name in written and written[name] not in words:
            allowed = f"{', '.join(words[:-1])} or {words[-1]}"
            raise _wrong(place, f"{name} has to be {allowed}, not {written[name]!r}")
    arguments = written.get("arguments", {})
    if isinstance(arguments, Mapping):
        for name, pattern in arguments.items():
            if isinstance(pattern, Mapping):
                raise _wrong(place, f'write arguments inside {name} as "{name}.INNER" = "..."')
            if not isinstance(pattern, str):
                raise _wrong(place, f"arguments.{name} is a pattern: put {pattern!r} into quotes")


def _near(key: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f" (known: {', '.join(known)})"


def _wrong(place: str, reason: str) -> UserError:
    return UserError(
        f"{place}: {reason.rstrip('.')}.",
        hint="Nothing is done under a policy that cannot be read; docs/policy.md has the format.",
        code="policy_invalid",
    )
