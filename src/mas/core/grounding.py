"""Holds a text against facts: what does it say that none of them carries? (D7) Pure.

Amounts, versions and dates are compared by value, names letter by letter. What is no name is not
looked at: the sentence "Tekton is pleasant" passes wherever Tekton is a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mas.core.mentions import Mention, Version, mentions, without_markers
from mas.core.ordinary_words import COMPOUND_BEGINNINGS, COMPOUND_ENDINGS, ORDINARY

_HANGUL = re.compile(r"[가-힣]")
_QUOTES = re.compile(r"[`\"“”]")
_SENTENCE_END = re.compile(r"(?:(?<=[.!?。？！])|(?<=[.!?。？！][\"'”’)\]*_]))\s+")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|cf|incl|No|resp)|\b[A-Z])\.$")
_MARKER = re.compile(r"^\s*(?:(?:[-*•>]|#{1,6}|\(?\d{1,2}[.)])\s+)+")
_VERB_BEHIND = re.compile(
    r"\s+(?:is|has|runs|provides|offers|gives|would|can|could|will|does|already|needs|requires|"
    r"covers|handles|serves|replaces|should|must|may|works|fits|and|or)\b",
    re.ASCII,
)
_BEGINS = re.compile(r"(?:^|[.!?:;(—–]|^\W+)\s*[\"“'(*_]*$")


_BYTES = 2**20
_COMPOUND_PARTS = COMPOUND_BEGINNINGS | COMPOUND_ENDINGS


class Facts:
    """What may be said: everything that occurs in some texts.

    `names` are things with several names (a tool's id → its names in both languages): where a text
    uses one of these names, another name of the same thing in the facts is enough, and without
    one the name is ungrounded however ordinary it looks.
    """

    def __init__(
        self, texts: Iterable[str], *, names: Mapping[str, Iterable[str]] | None = None
    ) -> None:
        whole = "\n".join(_QUOTES.sub(" ", text) for text in texts)
        self._text = without_markers(_folded(whole))
        self._amounts: set[object] = set()
        self._versions: set[Version] = set()
        self._dates: set[tuple[int, ...]] = set()
        self._names: set[str] = set()
        self._words: set[str] = set()
        for one in mentions(self._text):
            self._add(one)
        self._patterns = {id_: _pattern(given) for id_, given in (names or {}).items()}
        self._known = {id_ for id_, one in self._patterns.items() if one.search(self._text)}

    def _add(self, one: Mention) -> None:
        self._amounts.update(one.amounts)
        self._amounts.update(
            ("B", value) for kind, value in one.amounts if not kind and value > 1e6
        )
        if one.version:
            self._versions.add(one.version)
        if one.date:
            self._dates.update(one.date[:length] for length in range(1, len(one.date) + 1))
            self._amounts.add(("", one.date[0]))
        lowered = one.text.lower()
        self._words.update(re.split(r"[^a-z0-9]+", lowered))
        self._names.update(_parts(lowered))

    def strangers(self, text: str) -> list[tuple[int, str]]:
        """Names of known things in the text of which no name is a fact, with their places."""
        return [
            (match.start(), match.group())
            for id_, pattern in self._patterns.items()
            if id_ not in self._known
            for match in pattern.finditer(text)
        ]

    def carries(self, one: Mention) -> bool:
        """Whether an amount, version, date or quoted stretch occurs in the facts."""
        if one.kind == "quoted":
            return self._has_phrase(one.text)
        if one.date:
            return one.date in self._dates
        if any(amount in self._amounts for amount in one.amounts):
            return True
        return one.version is not None and self._has_version(one.version)

    def _has_version(self, version: Version) -> bool:
        numbers, suffix = version
        if suffix:
            return version in self._versions
        return any(known[: len(numbers)] == numbers for known, _ in self._versions)

    def _has_phrase(self, text: str) -> bool:
        phrase = re.escape(_folded(text).strip())
        found = rf"(?<![A-Za-z0-9.\-_]){phrase}(?![A-Za-z0-9_]|[.\-]\w)"
        return bool(phrase) and re.search(found, self._text, re.IGNORECASE) is not None

    def has_name(self, name: str) -> bool:
        """Whether a name stands in the facts, whole or as a part between slashes, dots, colons."""
        return name.lower() in self._names

    def has_word(self, word: str) -> bool:
        """Whether a word stands in the facts, by itself or inside a name."""
        lowered = word.lower()
        return bool({lowered, lowered.removesuffix("s"), lowered + "s"} & self._words)


def ungrounded(text: str, facts: Facts) -> tuple[str, ...]:
    """What the text says and no fact carries, as it is written there, each once and in order.

    Numbers, percentages, versions, dates, quantities, object-like names (`a/b`, dotted,
    hyphenated, with digits, in backticks or double quotes, CamelCase), other capitalised names,
    in Korean sentences any uncommon Latin word, and the known names that `facts` was given.
    """
    found: list[str] = []
    for sentence in sentences(text):
        found += _in_sentence(_folded(sentence), facts)
    return tuple(dict.fromkeys(found))


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a Korean or English text, without list markers. Lines end sentences."""
    whole: list[str] = []
    for line in text.splitlines():
        pieces: list[str] = []
        for piece in _SENTENCE_END.split(_MARKER.sub("", line).strip()):
            if pieces and _ABBREVIATION.search(pieces[-1]):
                pieces[-1] += " " + piece
            elif piece.strip():
                pieces.append(piece.strip())
        whole += pieces
    return tuple(whole)


def _in_sentence(sentence: str, facts: Facts) -> list[str]:
    read = without_markers(sentence)
    korean = _HANGUL.search(read) is not None
    found = facts.strangers(read)
    for one in mentions(read):
        if one.kind == "word":
            fine = _is_fine_word(one, read, facts, korean=korean)
        elif one.kind == "name":
            fine = _is_fine_name(one.text, facts)
        else:
            fine = facts.carries(one) or (one.kind == "quoted" and _is_prose(one, read))
        if not fine:
            found.append((one.start, one.text))
    return [text for _, text in sorted(found)]


def _is_prose(quoted: Mention, sentence: str) -> bool:
    """Whether double quotes hold nothing but ordinary words; backticks always mean a name."""
    if sentence[quoted.start] == "`":
        return False
    words = re.findall(r"[^\s,.;:!?]+", quoted.text)
    return all(_is_ordinary(word) or not word.isascii() for word in words)


def _is_fine_word(word: Mention, sentence: str, facts: Facts, *, korean: bool) -> bool:
    text = word.text
    if len(text) == 1 or _is_ordinary(text) or facts.has_word(text):
        return True
    if text.islower():
        return not korean
    begins = not korean and text[1:].islower() and _BEGINS.search(sentence[: word.start])
    return bool(begins) and not _VERB_BEHIND.match(sentence, word.start + len(text))


def _is_fine_name(name: str, facts: Facts) -> bool:
    if facts.has_name(name) or name.lower() in ORDINARY:
        return True
    if "://" in name or "@" in name or "[" in name:
        return False
    if "/" in name:
        parts = name.split("/")
        return all(_is_ordinary(part) for part in parts) or all(
            part[:1].isupper() and (_is_ordinary(part) or facts.has_word(part)) for part in parts
        )
    if ":" in name:
        return all(_is_fine_part(part, facts) for part in name.split(":"))
    if re.fullmatch(r"[A-Za-z]+(?:-[A-Za-z]+)+", name):
        return _is_fine_compound(name.split("-"), facts)
    return False


def _is_fine_part(part: str, facts: Facts) -> bool:
    """Whether one side of a colon is fine by itself."""
    return all(
        _is_ordinary(one.text) or facts.has_word(one.text)
        if one.kind == "word"
        else _is_fine_name(one.text, facts)
        if one.kind == "name"
        else facts.carries(one)
        for one in mentions(part)
    )


def _is_fine_compound(parts: list[str], facts: Facts) -> bool:
    """Whether a hyphenated word is an ordinary one: `well-known`, `node-level`, `Tekton-based`."""
    first, last = parts[0].lower(), parts[-1].lower()
    if all(_is_ordinary(part) or part.lower() in _COMPOUND_PARTS for part in parts):
        return first in COMPOUND_BEGINNINGS or last in COMPOUND_ENDINGS
    return last in COMPOUND_ENDINGS and facts.has_word(first) and len(parts) == 2


def _is_ordinary(word: str) -> bool:
    lowered = word.lower()
    return (
        lowered in ORDINARY
        or lowered.removesuffix("s") in ORDINARY
        or lowered.removesuffix("es") in ORDINARY
        or lowered.removesuffix("ing") in ORDINARY
        or lowered.removesuffix("ed") in ORDINARY
        or lowered.removesuffix("ly") in ORDINARY
    )


def _folded(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _parts(name: str) -> set[str]:
    """A name with all its parts: what lies between slashes, colons, dots, and runs of these."""
    found = {name}
    for sign in ("/", ":", "@", "."):
        for whole in tuple(found):
            pieces = whole.split(sign)[:16]
            found.update(
                sign.join(pieces[start:end])
                for start in range(len(pieces))
                for end in range(start + 1, len(pieces) + 1)
            )
    return {re.sub(r"\[\d*\]$", "", one) for one in found} | found


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the names: whole words, or Hangul with particles behind it."""
    given = sorted({name for name in names if len(name) > 1}, key=len, reverse=True)
    if not given:
        return re.compile(r"(?!)")
    words = "|".join(re.escape(name).replace(r"\ ", r"[\s-]?") for name in given)
    return re.compile(rf"(?<![A-Za-z0-9가-힣])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)
