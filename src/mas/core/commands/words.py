"""Argument lists taken apart by tables: what is not in a table is not understood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from mas.core.plan import Risk

ASKS: Final[Risk] = "write"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of a command: its risk and, in a sentence, why."""

    risk: Risk
    effect: str
    sensitive: bool = False


Judge = Callable[[Sequence[str]], Finding]
"""Judges the arguments after the program's name."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a program that change nothing: with a value, without, or with `=` only."""

    bare: frozenset[str]
    valued: frozenset[str]
    equals: frozenset[str]
    numbers: bool = False
    """Whether `-12` is an option."""

    def and_more(self, more: Options) -> Options:
        """Both tables."""
        return Options(
            bare=self.bare | more.bare,
            valued=self.valued | more.valued,
            equals=self.equals | more.equals,
            numbers=self.numbers or more.numbers,
        )


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """An argument list of which every option is known."""

    operands: tuple[str, ...]
    given: tuple[tuple[str, str | None], ...]
    """Options in order, with their values."""

    def value(self, *names: str) -> str | None:
        """The last value given for an option under one of its names."""
        return next((value for name, value in reversed(self.given) if name in names), None)

    def has(self, *names: str) -> bool:
        """Whether an option is given under one of its names."""
        return any(name in names for name, _ in self.given)

    @property
    def words(self) -> tuple[str, ...]:
        """Operands and values: everything that may name a path."""
        return self.operands + tuple(value for _, value in self.given if value)


def options(table: str, *, numbers: bool = False) -> Options:
    """A table: `-n: --name:` take a value, `--color=` may take one after `=`, others take none."""
    words = table.split()
    return Options(
        bare=frozenset(word.rstrip("=") for word in words if not word.endswith(":")),
        valued=frozenset(word[:-1] for word in words if word.endswith(":")),
        equals=frozenset(word[:-1] for word in words if word.endswith("=")),
        numbers=numbers,
    )


NONE: Final = options("")


def names(text: str) -> frozenset[str]:
    """The words of a text, for tables."""
    return frozenset(text.split())


def parse(args: Sequence[str], known: Options) -> Parsed | None:
    """Take arguments apart; None when one of the options is not in the table.

    A value that looks like an option is not taken for one: programs disagree about it.
    """
    operands: list[str] = []
    given: list[tuple[str, str | None]] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            operands += rest
            break
        if word == "-" or not word.startswith("-"):
            operands.append(word)
        elif known.numbers and word[1:].isascii() and word[1:].isdigit():
            given.append((word, None))
        else:
            taken = _long(word, rest, known) if word.startswith("--") else _short(word, rest, known)
            if taken is None:
                return None
            given += taken
    return Parsed(operands=tuple(operands), given=tuple(given))


def _long(word: str, rest: list[str], known: Options) -> list[tuple[str, str | None]] | None:
    name, mark, value = word.partition("=")
    if mark:
        return [(name, value)] if name in known.valued | known.equals else None
    if name in known.bare:
        return [(name, None)]
    if name in known.valued and rest and not rest[0].startswith("-"):
        return [(name, rest.pop(0))]
    return None


def _short(word: str, rest: list[str], known: Options) -> list[tuple[str, str | None]] | None:
    found: list[tuple[str, str | None]] = []
    for at, letter in enumerate(word[1:], start=1):
        name = f"-{letter}"
        if name in known.bare:
            found.append((name, None))
        elif name in known.valued:
            value = word[at + 1 :].removeprefix("=")
            if value:
                return [*found, (name, value)]
            if word[at + 1 :] or not rest or rest[0].startswith("-"):
                return None
            return [*found, (name, rest.pop(0))]
        else:
            return None
    return found


def outside(word: str) -> bool:
    """Whether a word names, or might name, a place outside of the folder one stands in."""
    return word.startswith(("/", "~")) or ".." in word.replace("\\", "/").split("/")


def any_outside(words: Sequence[str]) -> bool:
    """Whether one of the words, or what follows `=` or `:` in it, leads outside."""
    return any(
        outside(part)
        for word in words
        for part in (word, word.partition("=")[2], word.partition(":")[2])
    )


def read(effect: str) -> Finding:
    """A command that changes nothing."""
    return Finding(risk="read", effect=effect)


def write(effect: str) -> Finding:
    """A command that may change something, or of which that is not known."""
    return Finding(risk=ASKS, effect=effect)


def sensitive(effect: str) -> Finding:
    """A command that would show secrets."""
    return Finding(risk=ASKS, effect=effect, sensitive=True)


def destroy(effect: str) -> Finding:
    """A command that takes something away for good."""
    return Finding(risk="destructive", effect=effect)
