"""Kubernetes versions as they are written in the field (`v1.33.6+k3s1`, `1.28`), compared."""

from __future__ import annotations

import re

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Major, minor and patch; None when the text starts with no version. Suffixes are ignored."""
    found = _VERSION.match(text.strip())
    if not found:
        return None
    return int(found.group(1)), int(found.group(2)), int(found.group(3) or 0)


def below(version: str, minimum: str) -> bool:
    """Whether `version` is older than `minimum`; False when either cannot be read."""
    have, want = parse_version(version), parse_version(minimum)
    return have is not None and want is not None and have < want


def minor(text: str) -> str:
    """`1.33` of `v1.33.6+k3s1`; empty when the text is no version."""
    found = parse_version(text)
    return f"{found[0]}.{found[1]}" if found else ""
