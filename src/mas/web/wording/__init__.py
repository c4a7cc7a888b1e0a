"""What the page says, in English and in Korean side by side: one file for each page.

`WORDS` of a file maps a key to (English, Korean). Values that vary stand in braces and are named; a
particle in Korean has to fit whatever is put in.
"""

from __future__ import annotations

from collections.abc import Mapping

from mas.core.language import Language
from mas.web.wording import shell, start

_PAGES = (shell.WORDS, start.WORDS)
_ALL: Mapping[str, tuple[str, str]] = {key: pair for page in _PAGES for key, pair in page.items()}


class Wording:
    """Says things in one language."""

    def __init__(self, language: Language) -> None:
        self._index = 0 if language == "en" else 1

    def __call__(self, key: str, **values: object) -> str:
        """The phrase of a key with its values put in.

        Raises:
            KeyError: There is no such phrase, or a value is missing.
        """
        phrase = _ALL[key][self._index]
        return phrase.format(**values) if values else phrase
