"""Replaces `${VAR}` and `${VAR:-default}` in texts of a configuration file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_REFERENCE: Final = re.compile(r"\$\{([^}]*)\}")
_INSIDE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class BadReference(Exception):
    """A reference that cannot be resolved; the text says which."""


def resolve(text: str, environment: Mapping[str, str]) -> str:
    """`text` with its references replaced; a default also stands in for an empty variable.

    Values are put in as they are: a reference inside of one is not resolved again.

    Raises:
        BadReference: A variable without a default is not set, or the reference is of another kind.
    """

    def value(found: re.Match[str]) -> str:
        inside = _INSIDE.fullmatch(found[1])
        if inside is None:
            raise BadReference(
                f"the reference {found[0][:60]} is not supported; "
                "use ${VAR} or ${VAR:-default}."
            )
        name, default = inside[1], inside[2]
        given = environment.get(name)
        if default is not None:
            return given or default
        if given is None:
            raise BadReference(f"the environment variable {name} is not set.")
        return given

    return _REFERENCE.sub(value, text)
