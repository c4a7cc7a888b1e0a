"""A short way to write a message in both languages."""

from __future__ import annotations

from mas.core.tools import Text


def both(en: str, ko: str) -> Text:
    """A message in English and Korean."""
    return Text(en=en, ko=ko)
