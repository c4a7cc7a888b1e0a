"""Reads a Makefile as far as it takes to see what a target does (F5)."""

from __future__ import annotations

import re
from typing import Final

_ASSIGNED: Final = re.compile(r"^(?:export\s+|override\s+)*([\w.-]+)\s*(?:[:?+!]|::)?=")
_RULE: Final = re.compile(r"^([^\s#=:][^=:#]*?)\s*::?(?!=)\s*([^#;]*)")
_STEERS: Final = re.compile(r"\s*(-?s?include\b|if|else|endif|define|endef|vpath)")


def read_makefile(
    text: str,
) -> tuple[dict[str, tuple[str, str]], dict[str, list[str]], list[str]]:
    """Rules by target (what it needs, its recipe), lines that assign each variable, and lines that
    decide what else is read. What make would work out is left as it stands."""
    rules: dict[str, tuple[str, str]] = {}
    variables: dict[str, list[str]] = {}
    includes: list[str] = []
    current: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        assigned, rule = _ASSIGNED.match(line), _RULE.match(line)
        if line.startswith("\t"):
            for target in current:
                needs, recipe = rules[target]
                rules[target] = (needs, f"{recipe}\n{line.strip()}")
        elif _STEERS.match(line):
            includes.append(" ".join(line.split()))
        elif assigned:
            variables.setdefault(assigned.group(1), []).append(" ".join(line.split()))
        elif rule:
            current = [name for name in rule.group(1).split() if name != ".PHONY"]
            inline = line.partition(";")[2].strip()
            for target in current:
                needs, recipe = rules.get(target, ("", ""))
                rules[target] = (f"{needs} {rule.group(2).strip()}".strip(), recipe + inline)
    return rules, variables, includes
